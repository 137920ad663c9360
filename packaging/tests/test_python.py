"""The wheels and the sdist: read as PyPI and pip read them, installed from dist/ alone, and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import DIST, ROOT, TARGETS, Target, version

X64 = TARGETS[0]
NAME = f"thingspace_session-{version()}"
SDIST = f"{NAME}.tar.gz"
# The oldest that is promised, and the newest that people have.
PYTHONS = ["3.9", "3.13"]
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)


def wheel_of(target: Target) -> Path:
    return artefact(f"{NAME}-py3-none-{target.wheel}.whl")


def interpreter(number: str) -> str:
    """A Python of this version: from PATH, or of pyenv."""
    found = shutil.which(f"python{number}")
    # What pyenv puts on PATH works for chosen versions alone.
    if found and ".pyenv" not in found:
        return found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    of_pyenv = sorted(root.glob(f"{number}.*/bin/python"))
    assert of_pyenv, f"there is no Python {number}, neither on PATH nor in {root}"
    return str(of_pyenv[-1])


@each_target
def test_a_wheel_holds_the_library_that_was_tried(target: Target) -> None:
    with zipfile.ZipFile(wheel_of(target)) as wheel:
        packed = wheel.read(f"thingspace_session/{target.shared.name}")
        info = f"{NAME}.dist-info"
        assert packed == target.shared.read_bytes()
        for name in ("LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"):
            assert wheel.read(f"{info}/licenses/{name}") == (ROOT / name).read_bytes()
        sbom = wheel.read(f"{info}/sboms/sbom.cdx.json")
        assert sbom == (target.stage / "sbom.cdx.json").read_bytes()


# Not those for musl: of what they need, libc.so, auditwheel reads the linker script that glibc has
# by that name. What they need is looked at in test_libraries.py.
MANYLINUX = [target for target in TARGETS if target.wheel.startswith("manylinux")]


@pytest.mark.parametrize("target", MANYLINUX, ids=lambda t: t.triple)
def test_auditwheel_agrees_with_the_tag(target: Target) -> None:
    audit = [sys.executable, "-m", "auditwheel", "show", str(wheel_of(target))]
    said = subprocess.run(audit, capture_output=True, text=True, check=True).stdout
    tag = target.wheel.split(".")[0]
    assert f'consistent with the following platform tag: "{tag}"' in " ".join(said.split())


def test_pypi_takes_them() -> None:
    files = [artefact(SDIST), *map(wheel_of, TARGETS)]
    check = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
    subprocess.run(check, capture_output=True, check=True)


@pytest.mark.parametrize("number", PYTHONS)
def test_installed_from_dist_alone(number: str, place: Place, sandbox: Sandbox) -> None:
    place.run(interpreter(number), "-m", "venv", "venv")
    python = place.folder / "venv" / "bin" / "python"
    install = (python, "-m", "pip", "install", "--no-index", "--find-links", DIST)
    place.run(*install, "--only-binary", ":all:", "thingspace-session")
    shutil.copy(ROOT / "examples" / "python" / "devices.py", place.folder)
    assert place.run(python, "devices.py", **sandbox.variables) == STORY
    # Nothing is left of it.
    place.run(python, "-m", "pip", "uninstall", "--yes", "thingspace-session")
    assert not list(place.folder.glob("venv/lib/*/site-packages/thingspace_session*"))


def test_an_arm64_wheel_works_under_qemu(place: Place, sandbox: Sandbox) -> None:
    needed("qemu-aarch64")
    root = ROOT / "target" / "dist" / "roots" / "bullseye-arm64"
    with zipfile.ZipFile(wheel_of(TARGETS[1])) as wheel:
        wheel.extractall(place.folder / "site")
    shutil.copy(ROOT / "examples" / "python" / "devices.py", place.folder)
    site = {"PYTHONPATH": str(place.folder / "site"), **sandbox.variables}
    python = ("qemu-aarch64", "-L", root, root / "usr" / "bin" / "python3.9")
    assert place.run(*python, "devices.py", **site) == STORY


def test_the_sdist_builds_with_cargo_alone(place: Place, sandbox: Sandbox) -> None:
    home = Path.home()
    rust = {
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        # The crates are those that this machine has fetched; a build that is quick will do.
        "CARGO_NET_OFFLINE": "true",
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    }
    cargo = shutil.which("cargo")
    assert cargo
    path = f"{Path(cargo).parent}:/usr/bin:/bin"
    # The tools of a wheel's build are at hand here, and pip would have to fetch them.
    build = (sys.executable, "-m", "pip", "wheel", "--no-index", "--no-build-isolation")
    place.run(*build, "--wheel-dir", "wheel", artefact(SDIST), PATH=path, **rust)
    (wheel,) = (place.folder / "wheel").glob("*.whl")
    assert re.search(r"-py3-none-(manylinux|linux|musllinux)_.*\.whl$", wheel.name)
    with zipfile.ZipFile(wheel) as made:
        made.extractall(place.folder / "site")
        assert f"{NAME}.dist-info/licenses/THIRD-PARTY.txt" in made.namelist()
    shutil.copy(ROOT / "examples" / "python" / "devices.py", place.folder)
    site = {"PYTHONPATH": str(place.folder / "site"), **sandbox.variables}
    assert place.run(sys.executable, "devices.py", **site) == STORY
