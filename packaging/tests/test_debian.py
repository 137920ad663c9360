"""The Debian packages: clean by lintian's rules, installed by apt in a root of its own, used there.

The root is Debian 11's, with glibc 2.31: the oldest that a mirror still has.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import ROOT, abi_version, version

LIBRARY = f"libthingspace-session{abi_version()}"
DEVELOPMENT = "libthingspace-session-dev"
MACHINES = ["amd64", "arm64"]
# `make test-dist` makes it.
DEBIAN = ROOT / "target" / "dist" / "roots" / "bullseye"
EXAMPLE = f"/usr/share/doc/{DEVELOPMENT}/examples/devices.c"


def deb(package: str, machine: str) -> Path:
    return artefact(f"{package}_{version()}_{machine}.deb")


@pytest.fixture
def debian(place: Place) -> Iterator[Place]:
    """A Debian without the packages, before and after."""
    assert (DEBIAN / "usr").is_dir(), "there is no root: run `make test-dist`"
    inside = DEBIAN / "dist"
    inside.mkdir(exist_ok=True)
    for package in (LIBRARY, DEVELOPMENT):
        shutil.copy(deb(package, "amd64"), inside)
    yield place
    in_root(place, "dpkg", "--purge", DEVELOPMENT, LIBRARY)
    left = [path for path in DEBIAN.rglob("*thingspace*") if inside not in path.parents]
    shutil.rmtree(inside)
    assert left == []


def in_root(place: Place, *command: str, **variables: str) -> str:
    return place.run("chroot", DEBIAN, *command, **variables)


def install(place: Place, package: str) -> None:
    file = f"/dist/{deb(package, 'amd64').name}"
    frontend = {"DEBIAN_FRONTEND": "noninteractive"}
    in_root(place, "apt-get", "install", "-y", "--no-install-recommends", file, **frontend)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("package", [LIBRARY, DEVELOPMENT])
def test_lintian_has_nothing_to_say(package: str, machine: str, place: Place) -> None:
    needed("lintian")
    said = place.run("lintian", "--allow-root", "--fail-on=error,warning", deb(package, machine))
    assert said == ""


@pytest.mark.parametrize("package", [LIBRARY, DEVELOPMENT])
def test_both_machines_packages_can_be_there_together(package: str, place: Place) -> None:
    needed("dpkg-deb")
    seen: dict[Path, bytes] = {}
    for machine in MACHINES:
        folder = place.folder / machine
        place.run("dpkg-deb", "-x", deb(package, machine), folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                name, content = path.relative_to(folder), path.read_bytes()
                assert seen.setdefault(name, content) == content, f"{name} differs"


def test_installed_compiled_run_and_removed(debian: Place, sandbox: Sandbox) -> None:
    install(debian, LIBRARY)
    install(debian, DEVELOPMENT)
    for flags in ("--cflags --libs", "--cflags --static --libs"):
        compile_it = f"cc {EXAMPLE} -o /dist/devices $(pkg-config {flags} thingspace-session)"
        in_root(debian, "sh", "-c", compile_it)
        assert in_root(debian, "/dist/devices", **sandbox.variables) == STORY
    static = "/usr/lib/x86_64-linux-gnu/libthingspace_session.a -lpthread -ldl -lm"
    in_root(debian, "sh", "-c", f"cc {EXAMPLE} -o /dist/static {static}")
    in_root(debian, "dpkg", "--purge", DEVELOPMENT)
    # The program's own package would depend on the library alone, as dpkg-shlibdeps finds out.
    assert in_root(debian, "/dist/devices", **sandbox.variables) == STORY
    symbols = in_root(debian, "cat", f"/var/lib/dpkg/info/{LIBRARY}:amd64.symbols")
    assert f" tsm_login@TSM_{abi_version()} {version()}" in symbols
    in_root(debian, "dpkg", "--purge", LIBRARY)
    assert in_root(debian, "/dist/static", **sandbox.variables) == STORY


def test_cmake_finds_it(place: Place, sandbox: Sandbox) -> None:
    needed("cmake", "dpkg-deb")
    for package in (LIBRARY, DEVELOPMENT):
        place.run("dpkg-deb", "-x", deb(package, "amd64"), place.folder / "root")
    (place.folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(try C)\n"
        "find_package(thingspace_session REQUIRED)\n"
        f'add_executable(devices "{place.folder}/root{EXAMPLE}")\n'
        "target_link_libraries(devices thingspace_session::shared)\n"
    )
    place.run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={place.folder / 'root' / 'usr'}")
    place.run("cmake", "--build", "build")
    assert place.run("build/devices", **sandbox.variables) == STORY
