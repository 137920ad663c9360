"""The command line: unpacked from dist/ alone, run on other Linuxes, and by Debian's package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Place, Sandbox, artefact, needed
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from targets import ROOT, TARGETS, Target, version

SHIPPED = [target for target in TARGETS if target.command_name]
LINUX = [target for target in SHIPPED if not target.is_windows]
ACCOUNT = "/m2m/v1/accounts/0000123456-00001"
MOST_BYTES = 5_000_000
# `make test-dist` makes it.
DEBIAN = ROOT / "target" / "dist" / "roots" / "bullseye"


def unpack(target: Target, folder: Path) -> Path:
    """The archive of this target, as what is unpacked from it."""
    name = f"thingspace-{version()}-{target.command_name}"
    ending = ".zip" if target.is_windows else ".tar.gz"
    shutil.unpack_archive(artefact(name + ending), folder)
    return folder / name


@pytest.mark.parametrize("target", SHIPPED, ids=lambda target: target.command_name)
def test_an_archive_has_all_that_belongs_to_it(target: Target, place: Place) -> None:
    folder = unpack(target, place.folder)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        target.command.name,
        *("README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"),
        *("man/thingspace.1", "sbom.cdx.json"),
        *("completions/thingspace.bash", "completions/_thingspace"),
        *("completions/thingspace.fish", "completions/_thingspace.ps1"),
    }
    program = folder / target.command.name
    assert program.stat().st_size <= MOST_BYTES
    assert str(ROOT).encode() not in program.read_bytes()


@pytest.mark.parametrize("target", LINUX, ids=lambda target: target.command_name)
def test_on_linux_it_needs_nothing(target: Target, place: Place) -> None:
    with (unpack(target, place.folder) / "thingspace").open("rb") as file:
        elf = ELFFile(file)
        assert elf.get_section_by_name(".interp") is None
        dynamic = elf.get_section_by_name(".dynamic")
        if isinstance(dynamic, DynamicSection):
            assert list(dynamic.iter_tags("DT_NEEDED")) == []


@pytest.mark.parametrize("target", LINUX, ids=lambda target: target.command_name)
def test_it_runs(target: Target, place: Place, sandbox: Sandbox) -> None:
    emulator = []
    if target.triple.startswith("aarch64"):
        needed("qemu-aarch64")
        emulator = ["qemu-aarch64"]
    program = [*emulator, str(unpack(target, place.folder) / "thingspace")]
    variables = {**sandbox.variables, "TSM_STORE": f"file:{place.folder}/store"}
    said = place.run(*program, "request", "GET", ACCOUNT, **variables)
    assert '"accountName": "0000123456-00001"' in said
    token = place.run(*program, "token", **variables)
    assert place.run(*program, "token", "--format", "json", **variables) == (
        f'{{"session_token":"{token.strip()}"}}\n'
    )


@pytest.mark.parametrize("machine", ["amd64", "arm64"])
def test_lintian_has_nothing_to_say(machine: str, place: Place) -> None:
    needed("lintian")
    package = artefact(f"thingspace_{version()}_{machine}.deb")
    assert place.run("lintian", "--allow-root", "--fail-on=error,warning", package) == ""


def test_the_package_installs_runs_and_goes(place: Place, sandbox: Sandbox) -> None:
    assert (DEBIAN / "usr").is_dir(), "there is no root: run `make test-dist`"
    file = artefact(f"thingspace_{version()}_amd64.deb")
    shutil.copy(file, DEBIAN / file.name)

    def in_root(*command: str, **variables: str) -> str:
        return place.run("chroot", DEBIAN, *command, **variables)

    in_root("dpkg", "--install", f"/{file.name}")
    variables = {**sandbox.variables, "TSM_STORE": "file:/tmp/thingspace-store"}
    assert len(in_root("thingspace", "token", **variables)) == len("00000000-0000-0000-") + 18
    completes = "/usr/share/bash-completion/completions/thingspace"
    assert in_root("cat", completes) == in_root("thingspace", "completion", "bash")
    in_root("dpkg", "--purge", "thingspace")
    (DEBIAN / file.name).unlink()
    shutil.rmtree(DEBIAN / "tmp" / "thingspace-store")
    assert list((DEBIAN / "usr").rglob("*thingspace*")) == []
