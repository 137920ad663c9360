"""The crate: what it holds, and that a program of its own, and cargo-c, can use it unpacked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import ROOT, abi_version, version

NAME = f"thingspace-session-{version()}"
PROGRAM = """\
use thingspace_session::{Call, Config, Request, Session};

fn main() -> thingspace_session::Result<()> {
    let mut config = Config::new();
    config.load_env()?;
    let session = Session::login(&config, &Call::new())?;
    let path = "/m2m/v1/accounts/0000123456-00001";
    let request = Request { method: "GET", path, headers: &[], body: &[] };
    println!("HTTP {}", session.request(&Call::new(), request)?.status());
    session.logout(&Call::new())
}
"""
# Rust's tools and the crates that it has fetched already are the machine's.
TOOLS = {
    "PATH": os.environ["PATH"],
    "CARGO_HOME": os.environ.get("CARGO_HOME", str(Path.home() / ".cargo")),
    "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
    "CARGO_NET_OFFLINE": "true",
    # Kept, so that a second run takes seconds.
    "CARGO_TARGET_DIR": str(ROOT / "target" / "dist" / "build" / "from-the-crate"),
}


@pytest.fixture
def unpacked(place: Place) -> Path:
    with tarfile.open(artefact(f"{NAME}.crate")) as crate:
        crate.extractall(place.folder, filter="data")
    return place.folder / NAME


def test_it_holds_its_own_files_and_no_others(unpacked: Path) -> None:
    held = {path.relative_to(unpacked).parts[0] for path in unpacked.iterdir()}
    assert held == {
        *("Cargo.toml", "Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json", "build.rs"),
        *("CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"),
        *("src", "include"),
    }
    assert (unpacked / "include" / "tsm.h").is_file()


def test_the_links_of_its_readme_lead_somewhere_from_anywhere(unpacked: Path) -> None:
    links = re.findall(
        r"\]\(([^)]+)\)", (unpacked / "src" / "README.md").read_text(encoding="utf-8")
    )
    assert links
    assert all(link.startswith("https://") for link in links), links


def test_cargo_publish_says_no_warning() -> None:
    """All that `cargo publish --dry-run` does but for asking crates.io."""
    done = subprocess.run(
        ["cargo", "package", "--no-verify", "--allow-dirty", "--offline", "--locked"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr


def test_its_abi_has_the_headers_number(unpacked: Path) -> None:
    """cargo-c takes the number in the library's name from there."""
    manifest = (unpacked / "Cargo.toml").read_text(encoding="utf-8")
    library = manifest.split("[package.metadata.capi.library]")[1].split("[")[0]
    assert f'version = "{abi_version()}.0.0"' in library


def test_a_program_that_depends_on_it(unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    needed("cargo")
    (place.folder / "src").mkdir()
    (place.folder / "src" / "main.rs").write_text(PROGRAM)
    (place.folder / "Cargo.toml").write_text(
        '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2024"\n'
        f'[dependencies]\nthingspace-session = {{ path = "{NAME}" }}\n[workspace]\n'
    )
    # The versions that the crate was tried with.
    shutil.copy(unpacked / "Cargo.lock", place.folder)
    printed = place.run("cargo", "run", "--quiet", **TOOLS, **sandbox.variables)
    assert printed == "HTTP 200\n"


def test_cargo_cinstall(unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    """From the crate, into a prefix: what cargo-c installs is what the archives hold."""
    if shutil.which("cargo-cinstall") is None:
        assert os.environ.get("CI") != "true", "not installed: cargo-c"
        print("CARGO CINSTALL WAS NOT TRIED: there is no cargo-c.")
        return
    prefix = place.folder / "prefix"
    subprocess.run(
        [
            *("cargo", "cinstall", "--locked", "--offline", f"--prefix={prefix}"),
            f"--libdir={prefix / 'lib'}",
        ],
        cwd=unpacked,
        env={**os.environ, **TOOLS},
        check=True,
    )
    soname = f"libthingspace_session.so.{abi_version()}"
    assert (prefix / "include" / "tsm.h").is_file()
    assert (prefix / "lib" / soname).exists()
    dynamic = place.run("readelf", "-dW", prefix / "lib" / "libthingspace_session.so")
    assert dynamic.count("SONAME") == 1
    assert f"[{soname}]" in dynamic
    variables = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    example = ROOT / "examples" / "c" / "devices.c"
    command = f"cc {example} -o devices $(pkg-config --cflags --libs thingspace-session)"
    place.run("sh", "-c", command, **variables)
    path = str(prefix / "lib")
    assert place.run("./devices", LD_LIBRARY_PATH=path, **sandbox.variables) == STORY
