"""What is shipped: one line for each machine that the library is built for.

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
    # What zig calls it. The oldest glibc that will do is a part of the name.
    zig: str
    # The end of the names of archives.
    name: str
    # Of NuGet.
    rid: str
    # Of wheels.
    wheel: str
    # Of Debian, if there are packages for it.
    debian: str | None = None

    @property
    def is_windows(self) -> bool:
        return "windows" in self.triple

    @property
    def is_musl(self) -> bool:
        return self.triple.endswith("musl")

    @property
    def stage(self) -> Path:
        return STAGE / self.triple

    @property
    def shared(self) -> Path:
        """The shared library, stripped, under the name by which bindings load it."""
        name = "thingspace_session.dll" if self.is_windows else "libthingspace_session.so"
        return self.stage / "shared" / name

    @property
    def static(self) -> Path:
        return self.stage / "static" / "libthingspace_session.a"

    @property
    def symbols(self) -> Path:
        """The debug symbols of the shared library."""
        return self.stage / "symbols" / f"{self.shared.name}.debug"


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
    ),
    Target(
        triple="aarch64-unknown-linux-musl",
        zig="aarch64-linux-musl",
        name="linux-musl-aarch64",
        rid="linux-musl-arm64",
        wheel="musllinux_1_2_aarch64",
    ),
    Target(
        triple="x86_64-pc-windows-gnu",
        zig="x86_64-windows-gnu",
        name="windows-x86_64",
        rid="win-x64",
        wheel="win_amd64",
    ),
]


def chosen(triples: list[str]) -> list[Target]:
    """The targets of these triples; all if none is named."""
    known = {target.triple: target for target in TARGETS}
    for triple in triples:
        if triple not in known:
            raise SystemExit(f"{triple} is no target; there are {', '.join(known)}")
    return [known[triple] for triple in triples] or TARGETS


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
