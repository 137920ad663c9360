"""What is shipped: one line for each machine that is built for.

Everything that differs by machine is told here, and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Where `build_libraries.py` leaves the libraries of one target, and where finished artefacts go.
STAGE = ROOT / "target" / "dist"
DIST = ROOT / "dist"


@dataclass(frozen=True)
class Target:
    """A machine: its Rust triple, and what others call it."""

    triple: str
    # What zig calls it. The oldest glibc that will do is a part of the name. Empty: only a machine
    # of that kind builds for it.
    zig: str
    # The end of the names of archives.
    name: str
    # Of NuGet, and of wheels. Empty: another target serves there.
    rid: str
    wheel: str
    # Of Debian, if there are packages of the library for it.
    debian: str | None = None
    # The end of the names of archives with the command line, if it is shipped for this target:
    # what is linked with musl alone runs on every Linux.
    command_name: str = ""
    # Of Debian, if there is a package of the command line.
    command_debian: str | None = None

    @property
    def is_windows(self) -> bool:
        return "windows" in self.triple

    @property
    def is_msvc(self) -> bool:
        return self.triple.endswith("msvc")

    @property
    def is_macos(self) -> bool:
        return "darwin" in self.triple

    @property
    def is_musl(self) -> bool:
        return self.triple.endswith("musl")

    @property
    def stage(self) -> Path:
        return STAGE / self.triple

    @property
    def shared(self) -> Path:
        """The shared library, stripped, under the name by which bindings load it."""
        name = "libthingspace_session.so"
        if self.is_windows:
            name = "thingspace_session.dll"
        elif self.is_macos:
            name = "libthingspace_session.dylib"
        return self.stage / "shared" / name

    @property
    def static(self) -> Path:
        # Without its ending, MSVC's import library has the name that this would have.
        name = "thingspace_session_static.lib" if self.is_msvc else "libthingspace_session.a"
        return self.stage / "static" / name

    @property
    def command(self) -> Path:
        """The command line, stripped."""
        return self.stage / "command" / ("thingspace.exe" if self.is_windows else "thingspace")

    @property
    def symbols(self) -> Path:
        """The debug symbols of the shared library."""
        ending = ".pdb" if self.is_msvc else f"{self.shared.suffix}.debug"
        return self.stage / "symbols" / self.shared.with_suffix(ending).name


TARGETS = [
    Target(
        triple="x86_64-unknown-linux-gnu",
        zig="x86_64-linux-gnu.2.17",
        name="linux-x86_64",
        rid="linux-x64",
        wheel="manylinux_2_17_x86_64.manylinux2014_x86_64",
        debian="amd64",
    ),
    Target(
        triple="aarch64-unknown-linux-gnu",
        zig="aarch64-linux-gnu.2.17",
        name="linux-aarch64",
        rid="linux-arm64",
        wheel="manylinux_2_17_aarch64.manylinux2014_aarch64",
        debian="arm64",
    ),
    Target(
        triple="x86_64-unknown-linux-musl",
        zig="x86_64-linux-musl",
        name="linux-musl-x86_64",
        rid="linux-musl-x64",
        wheel="musllinux_1_2_x86_64",
        command_name="linux-x86_64",
        command_debian="amd64",
    ),
    Target(
        triple="aarch64-unknown-linux-musl",
        zig="aarch64-linux-musl",
        name="linux-musl-aarch64",
        rid="linux-musl-arm64",
        wheel="musllinux_1_2_aarch64",
        command_name="linux-aarch64",
        command_debian="arm64",
    ),
    Target(
        triple="x86_64-pc-windows-gnu",
        zig="x86_64-windows-gnu",
        name="windows-x86_64",
        rid="win-x64",
        wheel="win_amd64",
        command_name="windows-x86_64",
    ),
]

# Both kinds of Mac in one file: no triple of Rust's.
UNIVERSAL2 = "universal2-apple-darwin"

# The release workflow builds for these on machines of their kind.
ELSEWHERE = [
    Target(
        triple="aarch64-apple-darwin",
        zig="",
        name="macos-arm64",
        rid="osx-arm64",
        wheel="",
        command_name="macos-arm64",
    ),
    Target(
        triple="x86_64-apple-darwin",
        zig="",
        name="macos-x86_64",
        rid="osx-x64",
        wheel="",
        command_name="macos-x86_64",
    ),
    Target(
        triple=UNIVERSAL2,
        zig="",
        name="macos-universal2",
        rid="",
        wheel="macosx_10_12_universal2",
    ),
    Target(
        triple="aarch64-pc-windows-msvc",
        zig="",
        name="windows-arm64",
        rid="win-arm64",
        wheel="win_arm64",
        command_name="windows-arm64",
    ),
]


def chosen(triples: list[str]) -> list[Target]:
    """The targets of these triples; if none is named, all that any machine can build for."""
    known = {target.triple: target for target in TARGETS + ELSEWHERE}
    for triple in triples:
        if triple not in known:
            raise SystemExit(f"{triple} is no target; there are {', '.join(known)}")
    return [known[triple] for triple in triples] or TARGETS


def with_those_brought(triples: list[str]) -> list[Target]:
    """As `chosen`; if none is named, with those whose libraries another machine built."""
    brought = [target for target in ELSEWHERE if target.shared.is_file()]
    return chosen(triples) + ([] if triples else brought)


def version() -> str:
    """The release's, as Cargo.toml has it."""
    return _found(r'^version = "(.+)"$', ROOT / "Cargo.toml")


def abi_version() -> str:
    """The number that every shared library has in its name."""
    return _found(r"^#define TSM_ABI_VERSION (\d+)$", ROOT / "include" / "tsm.h")


def exports() -> list[str]:
    """The functions that wrappers know, and that a library shows to others."""
    text = (ROOT / "tests" / "c" / "abi.txt").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"\b(tsm_\w+)\(", text)))


def _found(pattern: str, file: Path) -> str:
    match = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{file} has no {pattern}"
    return match[1]
