"""Builds what is committed in two folders, and says whether each artefact has the same bytes.

    python3 packaging/verify_release.py [TRIPLE ...]
    python3 packaging/verify_release.py --against FOLDER [TRIPLE ...]

With `--against`, it builds once and compares with a release that lies in FOLDER: so anyone can tell
that it was made of the sources it claims. Both must use the same version of Rust; all other tools
are fixed by packaging/requirements.txt. Checkouts that differ are kept, to look into.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from targets import ROOT


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path, metavar="FOLDER")
    parser.add_argument("triples", nargs="*", metavar="TRIPLE")
    chosen = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="thingspace-session-"))
    first = chosen.against or build(folder / "one", chosen.triples)
    second = build(folder / "the_other_in_a_longer_path", chosen.triples)
    different = compare(first, second)
    if different:
        print(f"{different} differ: the builds are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def build(checkout: Path, triples: list[str]) -> Path:
    """The dist/ of a fresh checkout."""
    print(f"building in {checkout} ...", flush=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
    # Where the sources of crates lie is the same for both; where they are built is not.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = ["make", "--silent", "dist", f"TARGETS={' '.join(triples)}"]
    subprocess.run(make, cwd=checkout, check=True, env=variables, stdout=subprocess.DEVNULL)
    return checkout / "dist"


def compare(first: Path, second: Path) -> int:
    """How many artefacts are not the same in both."""
    different = 0
    for name in sorted({file.name for folder in (first, second) for file in folder.iterdir()}):
        sums = {digest(folder / name) for folder in (first, second)}
        different += len(sums) > 1
        print(f"{'same' if len(sums) == 1 else 'DIFFERENT'}  {name}")
    return different


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "not there"


if __name__ == "__main__":
    sys.exit(main())
