"""Packs the two Java packages into dist/, the session's and the one for Axis 1: of each the jar,
its sources, its documentation, and the pom by which Maven repositories know it.

The session's jar holds the native library of every target that is given; a release gives all.
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
# What is for Java 22 and later, in a jar for all.
NEWER = "META-INF/versions/22"
SESSION = "thingspace-session"
AXIS = "thingspace-session-axis"
OWN_LINES = {
    SESSION: "Multi-Release: true",
    AXIS: "Automatic-Module-Name: thingspace.session.axis",
}
JARS = Path("/usr/share/java")


def main(triples: list[str]) -> None:
    stage = STAGE / "java"
    missing = what_is_missing()
    if missing:
        print(f"NO JAVA PACKAGE WAS MADE: there is no {' and no '.join(missing)}.")
        raise SystemExit(os.environ.get("CI") == "true")
    fresh(stage)
    for what in ("classes", "javadoc", "axis", "axis-javadoc"):
        subprocess.run(
            [PROJECT / "build.sh", what],
            check=True,
            env={**os.environ, "TSM_JAVA_OUT": str(stage)},
        )
    if not (stage / "classes" / NEWER).is_dir():
        raise SystemExit("the part for Java 22 and later was not compiled")
    DIST.mkdir(exist_ok=True)
    pack_session(stage, with_those_brought(triples))
    pack_axis(stage)


def pack_session(stage: Path, targets: list[Target]) -> None:
    sources = PROJECT / "src" / "main"
    linked = {"META-INF/THIRD-PARTY.txt": ROOT / "THIRD-PARTY.txt"}
    jar(SESSION, "", {**below(stage / "classes"), **natives(targets), **linked})
    both = {**below(sources / "java"), **below(sources / "java22", NEWER)}
    jar(SESSION, "-sources", {**both, **linked})
    jar(SESSION, "-javadoc", {**below(stage / "javadoc"), **linked})
    pom(SESSION, PROJECT)


def pack_axis(stage: Path) -> None:
    jar(AXIS, "", below(stage / "axis"))
    jar(AXIS, "-sources", below(PROJECT / "axis" / "src" / "main" / "java"))
    jar(AXIS, "-javadoc", below(stage / "axis-javadoc"))
    pom(AXIS, PROJECT / "axis")


def what_is_missing() -> list[str]:
    find = f'. {PROJECT}/jdks.sh; test -n "$(jdk 22 999)"'
    is_there = {
        "JDK of 22 or later": not subprocess.run(["sh", "-c", find], check=False).returncode,
        "JNA": Path(os.environ.get("JNA", JARS / "jna.jar")).is_file(),
        "Axis": Path(os.environ.get("AXIS", str(JARS / "axis.jar")).split(":")[0]).is_file(),
    }
    return [what for what, is_here in is_there.items() if not is_here]


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


def below(folder: Path, into: str = "") -> dict[str, Path]:
    """The files of a folder, by their names in an archive."""
    return {
        (Path(into) / file.relative_to(folder)).as_posix(): file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def jar(package: str, kind: str, files: dict[str, Path]) -> None:
    """A jar, with the licences of this project."""
    licences = {f"META-INF/{name}": ROOT / name for name in ("LICENSE-APACHE", "LICENSE-MIT")}
    made = DIST / f"{package}-{version()}{kind}.jar"
    with zipfile.ZipFile(made, "w") as archive:
        # The runtime looks for the manifest at the start.
        add(archive, "META-INF/MANIFEST.MF", manifest(package).encode())
        for name, file in sorted({**files, **licences}.items()):
            add(archive, name, file.read_bytes())
    print(f"    dist/{made.name}", flush=True)


def manifest(package: str) -> str:
    return f"""\
Manifest-Version: 1.0
{OWN_LINES[package]}
Implementation-Title: {package}
Implementation-Version: {version()}
"""


def pom(package: str, project: Path) -> None:
    made = DIST / f"{package}-{version()}.pom"
    shutil.copyfile(project / "pom.xml", made)
    print(f"    dist/{made.name}", flush=True)


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, time.gmtime(commit_time())[:6])
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(sys.argv[1:])
