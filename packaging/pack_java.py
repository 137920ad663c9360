"""Packs the Java package into dist/: the jar, its sources, its documentation, and the pom by which
Maven repositories know it.

The jar holds the native library of every target that is given; a release gives all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from archives import commit_time, fresh
from targets import DIST, ROOT, STAGE, Target, exports, version, with_those_brought

PROJECT = ROOT / "bindings" / "java"
SOURCES = PROJECT / "src" / "main"
# What is for Java 22 and later, in a jar for all.
NEWER = "META-INF/versions/22"
NAME = f"thingspace-session-{version()}"
MANIFEST = f"""\
Manifest-Version: 1.0
Multi-Release: true
Implementation-Title: thingspace-session
Implementation-Version: {version()}
"""


def main(triples: list[str]) -> None:
    stage = STAGE / "java"
    if not has_jdk():
        print("NO JAVA PACKAGE WAS MADE: there is no JDK of 22 or later, or no JNA.")
        raise SystemExit(os.environ.get("CI") == "true")
    fresh(stage)
    for what in ("classes", "javadoc"):
        subprocess.run(
            [PROJECT / "build.sh", what],
            check=True,
            env={**os.environ, "TSM_JAVA_OUT": str(stage)},
        )
    if not (stage / "classes" / NEWER).is_dir():
        raise SystemExit("the part for Java 22 and later was not compiled")
    DIST.mkdir(exist_ok=True)
    jar("", {**below(stage / "classes"), **natives(with_those_brought(triples)), **legal()})
    sources = {**below(SOURCES / "java"), **below(SOURCES / "java22", NEWER)}
    jar("-sources", {**sources, **legal()})
    jar("-javadoc", {**below(stage / "javadoc"), **legal()})
    shutil.copyfile(PROJECT / "pom.xml", DIST / f"{NAME}.pom")
    print(f"    dist/{NAME}.pom", flush=True)


def has_jdk() -> bool:
    find = f'. {PROJECT}/jdks.sh; test -n "$(jdk 22 999)"'
    jna = Path(os.environ.get("JNA", "/usr/share/java/jna.jar"))
    return jna.is_file() and subprocess.run(["sh", "-c", find], check=False).returncode == 0


def natives(targets: list[Target]) -> dict[str, Path]:
    """The libraries, where the classes look for them, and what is linked into each."""
    files: dict[str, Path] = {}
    for target in targets:
        # Another target serves there.
        if not target.rid:
            continue
        check(target.shared)
        files[f"native/{target.name}/{target.shared.name}"] = target.shared
        files[f"META-INF/sbom/{target.name}.cdx.json"] = target.stage / "sbom.cdx.json"
    return files


def check(library: Path) -> None:
    """Refuses a library of another release."""
    content = library.read_bytes()
    missing = [name for name in exports() if name.encode() not in content]
    if missing or version().encode() not in content:
        raise SystemExit(f"{library} is of another release: {missing or version()} is not in it")


def legal() -> dict[str, Path]:
    names = ("LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt")
    return {f"META-INF/{name}": ROOT / name for name in names}


def below(folder: Path, into: str = "") -> dict[str, Path]:
    """The files of a folder, by their names in an archive."""
    return {
        (Path(into) / file.relative_to(folder)).as_posix(): file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def jar(kind: str, files: dict[str, Path]) -> None:
    made = DIST / f"{NAME}{kind}.jar"
    with zipfile.ZipFile(made, "w") as archive:
        # The runtime looks for the manifest at the start.
        add(archive, "META-INF/MANIFEST.MF", MANIFEST.encode())
        for name, file in sorted(files.items()):
            add(archive, name, file.read_bytes())
    print(f"    dist/{made.name}", flush=True)


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, time.gmtime(commit_time())[:6])
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(sys.argv[1:])
