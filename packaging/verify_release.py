"""Builds what is committed in two folders, and says whether each artefact has the same bytes.

    python3 packaging/verify_release.py [TRIPLE ...]
    python3 packaging/verify_release.py --against FOLDER [TRIPLE ...]

With `--against`, it builds once and looks for all of it in a release that lies in FOLDER: so anyone
can tell that it was made of the sources it claims. Both must use the same version of Rust; all
other tools are fixed by packaging/requirements.txt. Checkouts that differ are kept, to look into.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from targets import ROOT


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path, metavar="FOLDER")
    parser.add_argument("triples", nargs="*", metavar="TRIPLE")
    chosen = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="thingspace-session-"))
    one = build(folder / "one", chosen.triples)
    if chosen.against:
        different = compare_with_release(chosen.against, one)
    else:
        different = compare(one, build(folder / "the_other_in_a_longer_path", chosen.triples))
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
    """How many artefacts are not the same in both builds."""
    names = {file.name for folder in (first, second) for file in folder.iterdir()}
    return report({name: digest(first / name) == digest(second / name) for name in names})


def compare_with_release(release: Path, built: Path) -> int:
    """How many artefacts of a build the release does not have so. It has more: libraries of targets
    that this machine cannot build for, in files of their own and in the packages for .NET and Java.
    """
    names = {file.name for file in built.iterdir()} - {"SHA256SUMS"}
    return report({name: has(release / name, built / name) for name in names})


def report(is_same: dict[str, bool]) -> int:
    for name in sorted(is_same):
        print(f"{'same' if is_same[name] else 'DIFFERENT'}  {name}")
    return list(is_same.values()).count(False)


def has(released: Path, built: Path) -> bool:
    if digest(released) == digest(built):
        return True
    if built.suffix not in (".nupkg", ".jar") or not released.is_file():
        return False
    more, less = members(released), members(built)
    return all(more.get(name) == content for name, content in less.items())


def members(package: Path) -> dict[str, bytes]:
    """The files of a package for .NET or Java, but those that only list the others."""
    lists = ("_rels/", "package/", "[Content_Types].xml")
    with zipfile.ZipFile(package) as archive:
        names = (name for name in archive.namelist() if not name.startswith(lists))
        return {name: archive.read(name) for name in names}


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "not there"


if __name__ == "__main__":
    sys.exit(main())
