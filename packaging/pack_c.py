"""Packs the C library of each target: dist/thingspace-session-VERSION-TARGET.tar.gz or .zip.

The archive unpacks anywhere, and what is unpacked can be moved. An archive of the same name with
`-symbols` has the debug symbols; unpacked over the first, debuggers find them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from archives import fresh, pack
from c_files import TEMPLATES, Layout, copy
from targets import DIST, ROOT, STAGE, Target, version, with_those_brought


def main(triples: list[str]) -> None:
    for target in with_those_brought(triples):
        if not target.wheel:
            continue  # Mac users get one archive for both kinds
        layout = Layout(target)
        name = f"thingspace-session-{version()}-{target.name}"
        ending = ".zip" if target.is_windows else ".tar.gz"

        folder = fresh(STAGE / "c" / name)
        layout.lay_runtime(folder)
        layout.lay_development(folder)
        lay_documents(target, folder)
        pack(folder, DIST / f"{name}{ending}")

        folder = fresh(STAGE / "c-symbols" / name)
        copy(target.symbols, (folder / layout.shared).with_name(target.symbols.name))
        pack(folder, DIST / f"{name}-symbols{ending}")


def lay_documents(target: Target, folder: Path) -> None:
    documents = folder / "share" / "doc" / "thingspace-session"
    for name in ("LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt", "CHANGELOG.md"):
        copy(ROOT / name, documents / name)
    copy(TEMPLATES / "README.md", documents / "README.md")
    copy(target.stage / "sbom.cdx.json", documents / "sbom.cdx.json")
    for example in sorted((ROOT / "examples" / "c").iterdir()):
        copy(example, documents / "examples" / example.name)


if __name__ == "__main__":
    main(sys.argv[1:])
