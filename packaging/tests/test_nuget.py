"""The .NET package: what it holds, and fresh programs that get it from dist/ alone."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import DIST, ROOT, TARGETS, Target, version

PACKAGE = f"ThingSpace.Session.{version()}.nupkg"
PROGRAM = """\
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>FRAMEWORK</TargetFramework>
    <OutputType>Exe</OutputType>
    <Nullable>enable</Nullable>
    <LangVersion>latest</LangVersion>
  </PropertyGroup>
</Project>
"""
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)


def dotnet(place: Place, *arguments: str) -> str:
    """With what tells this dotnet where its parts lie, and a cache of packages that is new."""
    needed("dotnet")
    known = ("DOTNET_", "NUGET_", "NuGet", "DisableTransitive", "MSBUILD")
    kept = {name: value for name, value in os.environ.items() if name.startswith(known)}
    folder = Path(str(shutil.which("dotnet"))).parent
    return place.run(
        *("dotnet", *arguments),
        PATH=f"{folder}:/usr/bin:/bin",
        **kept,
        NUGET_PACKAGES=str(place.folder / "packages"),
        NUGET_FALLBACK_PACKAGES=str(fetched(place.folder / "fetched")),
        # No process stays behind with the folder and variables of this place.
        MSBUILDDISABLENODEREUSE="1",
    )


def fetched(folder: Path) -> Path:
    """A folder of packages with those parts of .NET itself that come as packages: they were fetched
    when ours were made. Not ours, of which somebody may have installed others."""
    if not folder.exists():
        folder.mkdir()
        common = os.environ.get("NUGET_PACKAGES", str(Path.home() / ".nuget" / "packages"))
        for package in Path(common).iterdir():
            if not package.name.startswith("thingspace."):
                (folder / package.name).symlink_to(package)
    return folder


def program(place: Place, framework: str, package: str = "ThingSpace.Session") -> Path:
    """A fresh program: the example, as somebody would write it, with the package added."""
    folder = place.folder / "Program"
    folder.mkdir()
    (folder / "Program.csproj").write_text(PROGRAM.replace("FRAMEWORK", framework))
    shutil.copy(ROOT / "examples" / "csharp" / "Program.cs", folder)
    dotnet(
        place,
        *("add", str(folder), "package", package, "--version", version()),
        *("--source", str(DIST)),
    )
    return folder


def build(place: Place, project: Path, *options: str) -> str:
    return dotnet(
        place,
        *("build", str(project), "--nologo", "--configuration", "Release", "--output", "out"),
        *("-p:SelfContained=false", "-p:UseAppHost=false"),
        f"-p:RestoreAdditionalProjectSources={DIST}",
        *options,
    )


@each_target
def test_it_holds_the_libraries_that_were_tried(target: Target) -> None:
    with zipfile.ZipFile(artefact(PACKAGE)) as package:
        name = f"runtimes/{target.rid}/native/{target.shared.name}"
        assert package.read(name) == target.shared.read_bytes()
        sbom = package.read(f"sbom/{target.rid}.cdx.json")
        assert sbom == (target.stage / "sbom.cdx.json").read_bytes()


def test_what_it_says_of_itself() -> None:
    with zipfile.ZipFile(artefact(PACKAGE)) as package:
        for name in ("LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"):
            assert package.read(name) == (ROOT / name).read_bytes()
        spec = package.read("ThingSpace.Session.nuspec")
        told = b"".join(package.read(name) for name in package.namelist())
    # Neither a folder of the machine that packed it, nor a place that it was cloned from.
    assert str(ROOT).encode() not in told
    assert str(Path.home()).encode() + b"/" not in told
    metadata = ElementTree.fromstring(spec)[0]
    values = {element.tag.split("}")[1]: element for element in metadata}
    assert values["license"].text == "MIT OR Apache-2.0"
    assert (values["description"].text or "").startswith("Unofficial.")
    assert values["readme"].text == "README.md"
    assert not values["repository"].get("url", "").startswith(("/", "file:"))
    groups = values["dependencies"]
    assert {group.get("targetFramework") for group in groups} >= {"net8.0", ".NETStandard2.0"}
    assert not [dependency for group in groups for dependency in group]


def test_the_package_for_dependency_injection_needs_this_one() -> None:
    name = f"ThingSpace.Session.Extensions.{version()}.nupkg"
    with zipfile.ZipFile(artefact(name)) as package:
        spec = package.read("ThingSpace.Session.Extensions.nuspec").decode()
        assert package.read("LICENSE-MIT") == (ROOT / "LICENSE-MIT").read_bytes()
    assert f'<dependency id="ThingSpace.Session" version="{version()}"' in spec


def test_its_symbols_are_beside_it() -> None:
    with zipfile.ZipFile(artefact(PACKAGE.replace(".nupkg", ".snupkg"))) as symbols:
        names = symbols.namelist()
        told = b"".join(symbols.read(name) for name in names)
    assert {"lib/net8.0/ThingSpace.Session.pdb", "lib/netstandard2.0/ThingSpace.Session.pdb"} <= {
        *names
    }
    assert str(ROOT).encode() not in told


@pytest.mark.parametrize("framework", ["net8.0", "net10.0"])
def test_a_fresh_program(framework: str, place: Place, sandbox: Sandbox) -> None:
    project = program(place, framework)
    build(place, project)
    shutil.rmtree(project)
    shutil.rmtree(place.folder / "packages")
    ran = place.run(
        *(shutil.which("dotnet") or "dotnet", "exec", "out/Program.dll"),
        **sandbox.variables,
        **{name: value for name, value in os.environ.items() if name.startswith("DOTNET_")},
    )
    assert ran == STORY


@each_target
def test_a_program_for_one_platform_gets_its_library(target: Target, place: Place) -> None:
    build(place, program(place, "net10.0"), "--runtime", target.rid)
    library = place.folder / "out" / target.shared.name
    assert library.read_bytes() == target.shared.read_bytes()


@pytest.mark.parametrize("package", ["ThingSpace.Session", "ThingSpace.Session.Extensions"])
def test_a_platform_without_a_library_is_an_error_of_the_build(package: str, place: Place) -> None:
    project = program(place, "net10.0", package)
    with pytest.raises(AssertionError) as failed:
        build(place, project, "--runtime", "freebsd-x64")
    said = str(failed.value)
    assert "error THINGSPACE001: There is no native library for RuntimeIdentifier freebsd" in said
    assert all(target.rid in said for target in TARGETS)
    build(place, project, "--runtime", "freebsd-x64", "-p:ThingSpaceNativeCheck=false")


def test_a_dotnet_framework_program_runs_on_mono(place: Place) -> None:
    needed("mono")
    consumer = place.folder / "Consumer"
    shutil.copytree(ROOT / "bindings" / "csharp" / "tests" / "Package", consumer)
    dotnet(
        place,
        *("build", str(consumer / "Consumer.csproj"), "--nologo", "--configuration", "Release"),
        *("--output", "out", "-p:ConsumerFramework=net472", f"-p:ThingSpaceVersion={version()}"),
        f"-p:RestoreAdditionalProjectSources={DIST}",
    )
    shutil.rmtree(consumer)
    for target in TARGETS:
        library = place.folder / "out" / "runtimes" / target.rid / "native" / target.shared.name
        assert library.read_bytes() == target.shared.read_bytes()
    assert place.run("mono", "out/Consumer.exe") == "ok\n"
