"""Packs the Python package: dist/thingspace_session-VERSION.tar.gz, and a wheel for each target.

bindings/python/hatch_build.py does it, as it does for everybody. Here it gets the library of the
target, and what it says that library needs is compared with what was promised.
"""

from __future__ import annotations

import os
import subprocess
import sys

from archives import commit_time
from targets import DIST, ROOT, Target, version, with_those_brought

PROJECT = ROOT / "bindings" / "python"
NAME = f"thingspace_session-{version()}"


def main(triples: list[str]) -> None:
    for target in with_those_brought(triples):
        if target.wheel:
            wheel(target)
    # An sdist holds no library: cargo builds it where it is installed.
    build("sdist", f"{NAME}.tar.gz")


def wheel(target: Target) -> None:
    build(
        "wheel",
        f"{NAME}-py3-none-{target.wheel}.whl",
        TSM_LIBRARY=str(target.shared),
        TSM_SBOM=str(target.stage / "sbom.cdx.json"),
    )


def build(kind: str, name: str, **environment: str) -> None:
    folder = DIST / "python"
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind]
    built = subprocess.run(
        [*command, "--directory", str(folder)],
        cwd=PROJECT,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(commit_time()), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if built.returncode != 0:
        raise SystemExit(f"{built.stdout}\n{name} could not be packed")
    (made,) = folder.iterdir()
    if made.name != name:
        raise SystemExit(f"{made.name} was made where {name} was promised: see targets.py")
    made.replace(DIST / name)
    folder.rmdir()
    print(f"    dist/{name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
