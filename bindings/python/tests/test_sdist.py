"""The sdist: what it holds, and what is built from it."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from building import LIBRARY, PROJECT, Checkout, clean_environment, sdist_of, the_wheel, wheel_of
from sandbox import REPOSITORY


def build(output: Path, project: Path = PROJECT) -> Path:
    built = sdist_of(project, output, dict(os.environ))
    assert built.returncode == 0, built.stdout
    (sdist,) = output.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sdist"))


@pytest.fixture
def unpacked(tmp_path: Path, sdist: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    return folder


def test_it_holds_the_package_the_rust_sources_and_the_licences(unpacked: Path) -> None:
    here = {path.name for path in unpacked.iterdir()}
    licences = {path.name for path in PROJECT.glob("LICENSE-*")}
    licences |= {path.name for path in PROJECT.glob("THIRD-PARTY*")}
    project = {"PKG-INFO", "README.md", "crate", "hatch_build.py", "pyproject.toml", "src"}
    assert here == project | licences
    for name in ("LICENSE-APACHE", "LICENSE-MIT"):
        assert not (unpacked / name).is_symlink()
        assert (unpacked / name).read_bytes() == (REPOSITORY / name).read_bytes()
    assert (unpacked / "crate" / "src" / "lib.rs").is_file()
    assert (unpacked / "crate" / "include" / "tsm.h").is_file()


def test_cargo_takes_its_sources_as_they_are(unpacked: Path) -> None:
    # Beneath a workspace of somebody's.
    (unpacked.parent / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    # Of this machine: the crates for others may never have been fetched.
    command = ["cargo", "tree", "--locked", "--offline", "--edges", "normal,build"]
    subprocess.run(command, cwd=unpacked / "crate", check=True, capture_output=True, timeout=60)


def test_it_is_the_same_bytes_each_time(tmp_path: Path, sdist: Path) -> None:
    assert build(tmp_path).read_bytes() == sdist.read_bytes()


def test_a_wheel_is_built_from_it_by_cargo(tmp_path: Path, unpacked: Path) -> None:
    tools = Checkout(tmp_path / "tools")
    calls = tools.give_cargo(LIBRARY)
    output = tmp_path / "wheel"
    the_wheel(output, wheel_of(unpacked, output, tools.environment()))
    assert calls.read_text().startswith(f"{unpacked / 'crate'}: rustc --locked --release ")


def test_without_cargo_it_says_what_to_do(tmp_path: Path, unpacked: Path) -> None:
    said = wheel_of(unpacked, tmp_path, clean_environment()).stdout
    assert "There is no cargo" in said
    assert "https://rustup.rs" in said


def test_an_sdist_is_made_of_an_sdist(tmp_path: Path, unpacked: Path, sdist: Path) -> None:
    (unpacked / "crate" / "target").mkdir()
    (unpacked / "crate" / "target" / "of-a-build").touch()
    again = build(tmp_path / "again", unpacked)
    with tarfile.open(again) as archive, tarfile.open(sdist) as first:
        assert sorted(archive.getnames()) == sorted(first.getnames())


def test_a_checkout_without_cargo_says_what_to_do(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    failed = sdist_of(checkout.project, tmp_path, checkout.environment())
    assert failed.returncode != 0
    assert "as cargo packs them, and there is no cargo" in failed.stdout
