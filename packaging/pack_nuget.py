"""Packs the .NET packages into dist/, each with the symbols of its assemblies (.snupkg).

ThingSpace.Session holds the native library of every target that is given; a release gives all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from archives import commit_time, fresh
from c_files import copy
from targets import DIST, ROOT, STAGE, Target, with_those_brought

PROJECTS = ROOT / "bindings" / "csharp" / "src"


def main(triples: list[str]) -> None:
    if not shutil.which("dotnet"):
        print("NO .NET PACKAGE WAS MADE: there is no dotnet on PATH.")
        raise SystemExit(os.environ.get("CI") == "true")
    native = lay_native(with_those_brought(triples))
    packages = fresh(STAGE / "nuget" / "packages")
    for project in sorted(PROJECTS.glob("*/*.csproj")):
        pack(project, native, packages)
    DIST.mkdir(exist_ok=True)
    for package in sorted(packages.iterdir()):
        package.replace(DIST / package.name)
        print(f"    dist/{package.name}", flush=True)


def lay_native(targets: list[Target]) -> Path:
    """A folder with the libraries where NuGet looks for them, and what is linked into each."""
    folder = fresh(STAGE / "nuget" / "native")
    for target in targets:
        if not target.rid:
            continue
        copy(target.shared, folder / "runtimes" / target.rid / "native" / target.shared.name)
        copy(target.stage / "sbom.cdx.json", folder / "sbom" / f"{target.rid}.cdx.json")
    return folder


def pack(project: Path, native: Path, packages: Path) -> None:
    build = fresh(STAGE / "nuget" / "build")
    subprocess.run(
        [
            *("dotnet", "pack", str(project), "--configuration", "Release"),
            *("--nologo", "--verbosity", "quiet"),
            *("--artifacts-path", str(build), "--output", str(packages)),
            f"-p:ThingSpaceNative={native}",
            # Symbols name the same sources wherever they are built.
            f"-p:PathMap={ROOT}=/_",
            "-p:ContinuousIntegrationBuild=true",
            # Whatever it is called where the same commit is built again.
            "-p:RepositoryBranch=main",
        ],
        check=True,
        env={
            **os.environ,
            "SOURCE_DATE_EPOCH": str(commit_time()),
            # No process of this build stays behind.
            "MSBUILDDISABLENODEREUSE": "1",
        },
    )


if __name__ == "__main__":
    main(sys.argv[1:])
