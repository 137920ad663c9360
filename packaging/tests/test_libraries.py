"""The shared libraries themselves: what they show, need, and tell of the machine they come from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Place, needed
from targets import ROOT, TARGETS, Target, abi_version, exports

pytestmark = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)


def test_they_export_the_abi_and_nothing_else(target: Target, place: Place) -> None:
    needed("readelf", "objdump")
    if target.is_windows:
        table = place.run("objdump", "-p", target.shared).split("[Ordinal/Name Pointer] Table")[1]
        names = re.findall(r"^\s+\[ *\d+\].* (\w+)$", table.split("\n\n")[0], re.MULTILINE)
        assert sorted(names) == exports()
        return
    table = place.run("readelf", "--dyn-syms", "--wide", target.shared)
    shown = [line.split()[7] for line in table.splitlines() if re.search(r"(GLOBAL|WEAK)", line)]
    own = [name for name in shown if "@@" in name]
    assert sorted(own) == [f"{name}@@TSM_{abi_version()}" for name in exports()]


def test_the_static_library_shows_the_same(target: Target, place: Place) -> None:
    if target.is_windows:
        return
    needed("readelf")
    table = place.run("readelf", "--syms", "--wide", target.static)
    lines = (line.split() for line in table.splitlines())
    shown = [
        line[7]
        for line in lines
        if len(line) == 8 and line[4] in ("GLOBAL", "WEAK") and line[6] != "UND"
    ]
    assert sorted(shown) == exports()


def test_they_need_nothing_but_an_old_system(target: Target, place: Place) -> None:
    if target.is_windows:
        table = place.run("objdump", "-p", target.shared)
        needs = [name.lower() for name in re.findall(r"DLL Name: (\S+)", table)]
        known = {
            "kernel32.dll",
            "ntdll.dll",
            "advapi32.dll",
            "ws2_32.dll",
            "crypt32.dll",
            "bcrypt.dll",
            "bcryptprimitives.dll",
        }
        assert all(name in known or name.startswith("api-ms-win-") for name in needs), needs
        return
    dynamic = place.run("readelf", "--dynamic", "--wide", target.shared)
    needs = re.findall(r"NEEDED.*\[(.+)\]", dynamic)
    allowed = r"lib(c|c\.so\.6|m\.so\.6|pthread\.so\.0|dl\.so\.2|rt\.so\.1)|ld-linux"
    assert all(re.match(allowed, name) for name in needs), needs
    assert f"soname: [libthingspace_session.so.{abi_version()}]" in dynamic
    assert "NODELETE" in dynamic
    assert "BIND_NOW" in dynamic
    versions = place.run("readelf", "--version-info", "--wide", target.shared)
    numbers = re.findall(r"GLIBC_([\d.]+)", versions)
    newest = max((tuple(map(int, number.split("."))) for number in numbers), default=(0,))
    assert newest <= (2, 17)
    segments = place.run("readelf", "--segments", "--wide", target.shared)
    assert re.search(r"GNU_STACK.* RW +0", segments), "the stack can be executed"


def test_they_tell_nothing_of_where_they_were_built(target: Target) -> None:
    secrets = [str(ROOT).encode(), str(Path.home()).encode() + b"/", b"/.cargo/", b"site-packages"]
    for file in (target.shared, target.static, target.symbols):
        content = file.read_bytes()
        for secret in secrets:
            assert secret not in content, (file, secret)


def test_they_are_stripped_and_debuggers_find_the_symbols(target: Target, place: Place) -> None:
    sections = place.run("objdump", "-h", target.shared)
    assert ".debug_info" not in sections
    assert ".gnu_debuglink" in sections
    assert target.symbols.name.encode() in target.shared.read_bytes()
    assert b"tsm_login" in target.symbols.read_bytes()


def test_the_bill_of_materials(target: Target) -> None:
    bill = json.loads((target.stage / "sbom.cdx.json").read_text())
    names = {component["name"] for component in bill["components"]}
    assert {"ring", "rustls", "ureq", "rust-std"} <= names
    assert ("windows-sys" in names) == target.is_windows
    refs = [component["bom-ref"] for component in bill["components"]]
    assert len(set(refs)) == len(refs)
    known = {*refs, bill["metadata"]["component"]["bom-ref"]}
    assert all(set(entry["dependsOn"]) <= known for entry in bill["dependencies"])
