"""Packs the command line of each target: dist/thingspace-VERSION-TARGET.tar.gz or .zip.

The archive has the program, its man page and what completes it in shells. On Linux it needs nothing
of the system: unpack it anywhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

from archives import fresh, pack
from c_files import copy
from targets import DIST, ROOT, STAGE, Target, version, with_those_brought


def main(triples: list[str]) -> None:
    for target in with_those_brought(triples):
        if not target.command_name:
            continue
        name = f"thingspace-{version()}-{target.command_name}"
        folder = fresh(STAGE / "command" / name)
        lay(target, folder)
        pack(folder, DIST / f"{name}{'.zip' if target.is_windows else '.tar.gz'}")


def lay(target: Target, folder: Path) -> None:
    program = folder / target.command.name
    copy(target.command, program)
    program.chmod(0o755)
    copy(target.command.with_name("sbom.cdx.json"), folder / "sbom.cdx.json")
    for name in ("README.md", "THIRD-PARTY.txt", "man/thingspace.1"):
        copy(ROOT / "cli" / name, folder / name)
    for script in sorted((ROOT / "cli" / "completions").iterdir()):
        copy(script, folder / "completions" / script.name)
    for name in ("LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"):
        copy(ROOT / name, folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
