"""The Java packages: what they hold, what Maven is told, and programs that use them alone."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import ROOT, TARGETS, Target, version

SESSION = "thingspace-session"
AXIS = "thingspace-session-axis"
NAME = f"{SESSION}-{version()}"
JARS = Path("/usr/share/java")
JNA = JARS / "jna.jar"
# What a program with Axis 1 has.
AXIS_JARS = [
    JARS / f"{name}.jar"
    for name in (
        "axis",
        "axis-jaxrpc",
        "axis-saaj",
        "commons-discovery",
        "commons-logging",
        "wsdl4j",
        "javax.mail",
        "javax.activation",
    )
]
POM = {"pom": "http://maven.apache.org/POM/4.0.0"}
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)


def jdk(oldest: int, newest: int) -> Path:
    """A JDK of this machine, as the scripts of the package find it."""
    find = f". {ROOT}/bindings/java/jdks.sh; jdk {oldest} {newest}"
    found = subprocess.run(["sh", "-c", find], check=True, capture_output=True, text=True)
    assert found.stdout, f"not installed: a JDK from {oldest} to {newest}"
    return Path(found.stdout.strip())


def names(kind: str = "", package: str = SESSION) -> set[str]:
    with zipfile.ZipFile(artefact(f"{package}-{version()}{kind}.jar")) as archive:
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


def test_the_one_for_axis_holds_its_own_classes_alone() -> None:
    folder = "thingspace/session/axis"
    handler = f"{folder}/ThingSpaceSender"
    classes = {name for name in names("", AXIS) if name.endswith(".class")}
    assert classes == {f"{handler}.class", f"{folder}/UnredirectedSender.class"}
    assert f"{handler}.java" in names("-sources", AXIS)
    assert f"{handler}.html" in names("-javadoc", AXIS)
    for kind in ("", "-sources", "-javadoc"):
        assert "META-INF/LICENSE-MIT" in names(kind, AXIS)


def test_it_is_a_module_with_the_release_as_its_version(place: Place) -> None:
    jar = artefact(f"{NAME}.jar")
    told = place.run(jdk(22, 999) / "bin" / "jar", "--describe-module", "--file", jar)
    assert f"thingspace.session@{version()}" in told
    assert "exports thingspace.session" in told


def test_the_one_for_axis_is_a_module_too(place: Place) -> None:
    jar = artefact(f"{AXIS}-{version()}.jar")
    told = place.run(jdk(22, 999) / "bin" / "jar", "--describe-module", "--file", jar)
    assert "thingspace.session.axis" in told
    assert "automatic" in told


@pytest.mark.parametrize(
    ("package", "needs"),
    [
        # The one dependency is for those who ask for it.
        (SESSION, {"jna": "optional"}),
        (
            AXIS,
            {
                SESSION: version(),
                "axis": "provided",
                "axis-jaxrpc": "provided",
                "axis-saaj": "provided",
            },
        ),
    ],
)
def test_the_pom_says_the_same(place: Place, package: str, needs: dict[str, str]) -> None:
    file = artefact(f"{package}-{version()}.pom")
    project = ElementTree.parse(file).getroot()
    told = {name: text(project, name) for name in ("groupId", "artifactId", "version", "packaging")}
    assert told == {
        "groupId": "thingspace.session",
        "artifactId": package,
        "version": version(),
        "packaging": "jar",
    }
    found = project.findall("pom:dependencies/pom:dependency", POM)
    assert {text(need, "artifactId"): how(need) for need in found} == needs
    needed("mvn")
    place.run("mvn", "--offline", "--quiet", "--file", file, "validate")


def text(element: ElementTree.Element, name: str) -> str | None:
    return element.findtext(f"pom:{name}", namespaces=POM)


def how(need: ElementTree.Element) -> str | None:
    """How a dependency comes: optional, provided, or in which version."""
    is_optional = text(need, "optional") == "true"
    return "optional" if is_optional else text(need, "scope") or text(need, "version")


over_both = pytest.mark.parametrize(
    "range_", [(17, 21), (22, 999)], ids=["over-jna", "over-foreign"]
)


@over_both
def test_the_example_runs(place: Place, sandbox: Sandbox, range_: tuple[int, int]) -> None:
    assert run(place, sandbox, range_, "Devices", []) == STORY


@over_both
def test_the_example_with_axis_runs(
    place: Place, sandbox: Sandbox, range_: tuple[int, int]
) -> None:
    jars = [artefact(f"{AXIS}-{version()}.jar"), *AXIS_JARS]
    told = run(place, sandbox, range_, "AxisDevices", jars)
    assert told == (
        "logged in; 2 devices\n"
        "the token expired and was renewed by hand; 2 devices\n"
        "the token expired and was renewed by the handler; 2 devices\n"
    )


def run(
    place: Place, sandbox: Sandbox, range_: tuple[int, int], example: str, jars: list[Path]
) -> str:
    """What a program of examples/ prints, with the session's jar and these."""
    is_older = range_[0] < 22
    class_path = [artefact(f"{NAME}.jar"), *jars, *([JNA] if is_older else [])]
    return place.run(
        jdk(*range_) / "bin" / "java",
        *([] if is_older else ["--enable-native-access=ALL-UNNAMED"]),
        f"-Duser.home={place.folder}",
        f"-Djava.util.logging.config.file={quiet(place)}",
        "--class-path",
        ":".join(map(str, class_path)),
        ROOT / "examples" / "java" / f"{example}.java",
        **sandbox.variables,
    )


def quiet(place: Place) -> Path:
    """A configuration of the log that tells nothing."""
    file = place.folder / "logging.properties"
    file.write_text("handlers =\n")
    return file
