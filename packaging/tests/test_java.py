"""The Java package: what it holds, what Maven is told, and programs that use it alone."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import ROOT, TARGETS, Target, version

NAME = f"thingspace-session-{version()}"
JNA = Path("/usr/share/java/jna.jar")
POM = {"pom": "http://maven.apache.org/POM/4.0.0"}
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)


def jdk(oldest: int, newest: int) -> Path:
    """A JDK of this machine, as the scripts of the package find it."""
    find = f". {ROOT}/bindings/java/jdks.sh; jdk {oldest} {newest}"
    found = subprocess.run(["sh", "-c", find], check=True, capture_output=True, text=True)
    assert found.stdout, f"not installed: a JDK from {oldest} to {newest}"
    return Path(found.stdout.strip())


def names(kind: str = "") -> set[str]:
    with zipfile.ZipFile(artefact(f"{NAME}{kind}.jar")) as archive:
        return set(archive.namelist())


@each_target
def test_it_has_the_library_of_every_target(target: Target) -> None:
    inside = f"native/{target.name}/{target.shared.name}"
    with zipfile.ZipFile(artefact(f"{NAME}.jar")) as archive:
        assert archive.read(inside) == target.shared.read_bytes()
    assert f"META-INF/sbom/{target.name}.cdx.json" in names()


def test_it_has_a_part_for_java_22_and_its_licences() -> None:
    assert "META-INF/versions/22/thingspace/session/Bridge.class" in names()
    assert "META-INF/versions/22/thingspace/session/Bridge.java" in names("-sources")
    assert "thingspace/session/Session.java" in names("-sources")
    assert "thingspace.session/thingspace/session/Session.html" in names("-javadoc")
    for kind in ("", "-sources", "-javadoc"):
        assert {"META-INF/LICENSE-MIT", "META-INF/THIRD-PARTY.txt"} <= names(kind)


def test_it_is_a_module_with_the_release_as_its_version(place: Place) -> None:
    jar = artefact(f"{NAME}.jar")
    told = place.run(jdk(22, 999) / "bin" / "jar", "--describe-module", "--file", jar)
    assert f"thingspace.session@{version()}" in told
    assert "exports thingspace.session" in told


def test_the_pom_says_the_same(place: Place) -> None:
    file = artefact(f"{NAME}.pom")
    project = ElementTree.parse(file).getroot()
    told = {
        name: project.findtext(f"pom:{name}", namespaces=POM)
        for name in ("groupId", "artifactId", "version", "packaging")
    }
    assert told == {
        "groupId": "thingspace.session",
        "artifactId": "thingspace-session",
        "version": version(),
        "packaging": "jar",
    }
    # The one dependency is for those who ask for it.
    needs = project.findall("pom:dependencies/pom:dependency", POM)
    assert [need.findtext("pom:artifactId", namespaces=POM) for need in needs] == ["jna"]
    assert needs[0].findtext("pom:optional", namespaces=POM) == "true"
    needed("mvn")
    place.run("mvn", "--offline", "--quiet", "--file", file, "validate")


@pytest.mark.parametrize("range_", [(17, 21), (22, 999)], ids=["over-jna", "over-foreign"])
def test_the_example_runs(place: Place, sandbox: Sandbox, range_: tuple[int, int]) -> None:
    java = jdk(*range_) / "bin" / "java"
    jar = str(artefact(f"{NAME}.jar"))
    options = ["--enable-native-access=ALL-UNNAMED"]
    if range_[0] < 22:
        jar, options = f"{jar}:{JNA}", []
    told = place.run(
        java,
        *options,
        f"-Duser.home={place.folder}",
        f"-Djava.util.logging.config.file={quiet(place)}",
        "--class-path",
        jar,
        ROOT / "examples" / "java" / "Devices.java",
        **sandbox.variables,
    )
    assert told == STORY


def quiet(place: Place) -> Path:
    """A configuration of the log that tells nothing."""
    file = place.folder / "logging.properties"
    file.write_text("handlers =\n")
    return file
