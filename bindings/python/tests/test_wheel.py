"""The wheel: what it holds, what it is tagged for, and what is not packed."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from building import (
    HATCHLING,
    LIBRARY,
    PROJECT,
    Checkout,
    clean_environment,
    fresh_python,
    library_of,
    run,
    the_wheel,
)
from sandbox import ACCOUNTS, REPOSITORY, Sandbox

sys.path.insert(0, str(PROJECT))
import hatch_build  # noqa: E402

TABLE = (PROJECT / "src" / "thingspace_session" / "_library.py").read_text()
FUNCTIONS = sorted(set(re.findall(r'"(tsm_\w+)"', TABLE)))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def imposter(folder: Path, abi: int = 1, version: str = "0.0.9") -> Path:
    """A library with all the functions of ours, and nothing in them."""
    source = f"""
    unsigned tsm_abi_version(void) {{ return {abi}; }}
    const char *tsm_version(void) {{ return "{version}"; }}
    """
    empty = (name for name in FUNCTIONS if name not in ("tsm_abi_version", "tsm_version"))
    return library_of(folder, source + "".join(f"void {name}(void) {{}}\n" for name in empty))


def test_a_wheel_works_in_a_fresh_environment(
    tmp_path: Path, checkout: Checkout, sandbox: Sandbox
) -> None:
    output = tmp_path / "wheel"
    wheel = the_wheel(output, checkout.wheel(output, TSM_LIBRARY=str(LIBRARY)))
    python = fresh_python(tmp_path / "venv")
    install = [python, "-m", "pip", "install", "--no-index", "--no-deps", str(wheel)]
    installed = run(install, clean_environment(), tmp_path)
    assert installed.returncode == 0, installed.stdout
    script = f"""
import thingspace_session
assert "site-packages" in thingspace_session._library.PATH, thingspace_session._library.PATH
with thingspace_session.login(
        base_url={sandbox.base_url!r}, username="zbeeblebrox", password="IMgr8",
        app_key="key", app_secret="secret", store="memory:") as session:
    print(session.get({ACCOUNTS!r}).status_code)
"""
    assert run([python, "-c", script], clean_environment(), tmp_path).stdout == "200\n"


def test_a_wheel_holds_the_package_its_licences_and_nothing_else(
    tmp_path: Path, checkout: Checkout
) -> None:
    (checkout.project / "src" / "thingspace_session" / "libthingspace_session.dylib").touch()
    notices = checkout.project / "THIRD-PARTY.txt"
    notices.unlink(missing_ok=True)
    notices.write_text("what is linked")
    sbom = tmp_path / "thingspace-session.cdx.json"
    sbom.write_text("{}")
    built = checkout.wheel(tmp_path, TSM_LIBRARY=str(LIBRARY), TSM_SBOM=str(sbom))
    with zipfile.ZipFile(the_wheel(tmp_path, built)) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        package = {
            f"thingspace_session/{path.name}"
            for path in (PROJECT / "src" / "thingspace_session").iterdir()
            if path.suffix in (".py", ".typed")
        }
        licences = ["LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"]
        about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL")}
        about |= {f"{info}/licenses/{name}" for name in licences}
        about |= {f"{info}/sboms/{sbom.name}"}
        assert {*archive.namelist()} == package | about | {f"thingspace_session/{LIBRARY.name}"}
        for name in ("LICENSE-APACHE", "LICENSE-MIT"):
            assert archive.read(f"{info}/licenses/{name}") == (REPOSITORY / name).read_bytes()
        metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert metadata.get_all("License-File") == licences
    assert "Unofficial" in metadata["Summary"]


def test_auditwheel_says_the_same_of_what_a_wheel_needs(tmp_path: Path, checkout: Checkout) -> None:
    wheel = the_wheel(tmp_path, checkout.wheel(tmp_path, TSM_LIBRARY=str(LIBRARY)))
    audit = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
    said = subprocess.run(audit, capture_output=True, text=True, check=True, timeout=60).stdout
    platform = wheel.stem.split("-none-")[1].split(".")[0]
    assert f'consistent with the following platform tag: "{platform}"' in " ".join(said.split())


def test_a_wheel_is_the_same_bytes_each_time(tmp_path: Path, checkout: Checkout) -> None:
    wheels = []
    for output in (tmp_path / "one", tmp_path / "two"):
        built = checkout.wheel(output, TSM_LIBRARY=str(LIBRARY), SOURCE_DATE_EPOCH="1700000000")
        wheels.append(the_wheel(output, built).read_bytes())
    assert wheels[0] == wheels[1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: (folder / "x.so").write_text("13 bytes here"), "is not a shared library"),
        (lambda folder: (folder / "x.so").write_bytes(b"\x7fELF" + bytes(99)), "no platform"),
        (lambda folder: imposter(folder, abi=7), "speaks ABI version 7, this package needs 1"),
        (lambda folder: imposter(folder), "it is version 0.0.9, the package is"),
        (lambda folder: library_of(folder, "int nothing;"), "lacks tsm_abi_version, tsm_api_token"),
        (lambda folder: None, "which is not a file"),
    ],
    ids=["text", "broken", "another ABI", "an old build", "something else", "none"],
)
def test_what_is_not_the_packages_library_is_refused(
    tmp_path: Path, checkout: Checkout, make: object, words: str
) -> None:
    assert callable(make)
    made = make(tmp_path)
    library = made if isinstance(made, Path) else tmp_path / "x.so"
    refused = checkout.wheel(tmp_path, TSM_LIBRARY=str(library))
    assert refused.returncode != 0
    assert f"ERROR: {library}" in refused.stdout or "ERROR: TSM_LIBRARY names" in refused.stdout
    assert words in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not list(tmp_path.glob("*.whl"))


def test_cargo_builds_the_library_though_an_older_one_is_there(
    tmp_path: Path, checkout: Checkout
) -> None:
    checkout.release.write_text("an old build")
    calls = checkout.give_cargo(LIBRARY)
    the_wheel(tmp_path, checkout.wheel(tmp_path))
    called = calls.read_text()
    assert called.startswith(f"{checkout.folder}: rustc --locked --release ")


def test_without_cargo_what_was_built_before_is_packed(tmp_path: Path, checkout: Checkout) -> None:
    checkout.release.write_bytes(LIBRARY.read_bytes())
    the_wheel(tmp_path, checkout.wheel(tmp_path))


def test_without_cargo_an_old_build_is_refused(tmp_path: Path, checkout: Checkout) -> None:
    checkout.release.write_bytes(imposter(tmp_path, abi=7).read_bytes())
    assert "speaks ABI version 7" in checkout.wheel(tmp_path).stdout


def test_without_cargo_and_library_it_says_what_to_do(tmp_path: Path, checkout: Checkout) -> None:
    said = checkout.wheel(tmp_path).stdout
    for words in ("There is no cargo", "https://rustup.rs", "--only-binary", "TSM_LIBRARY"):
        assert words in said
    assert re.search(r"Rust 1\.\d+ or newer", said)


def test_a_part_of_a_checkout_says_what_is_missing(tmp_path: Path, checkout: Checkout) -> None:
    (checkout.folder / "Cargo.toml").unlink()
    said = checkout.wheel(tmp_path).stdout
    assert f"The Rust sources of the library are not in {checkout.folder}" in said
    assert "Traceback" not in said
    the_wheel(tmp_path, checkout.wheel(tmp_path, TSM_LIBRARY=str(LIBRARY)))


def test_a_cargo_that_is_too_old_is_named(tmp_path: Path, checkout: Checkout) -> None:
    checkout.give_failing_cargo()
    said = checkout.wheel(tmp_path).stdout
    assert re.search(r"Rust 1\.\d+ or newer.*; this is cargo 1\.63\.0", said)


def test_an_editable_install_finds_the_library_where_cargo_puts_it(
    tmp_path: Path, checkout: Checkout
) -> None:
    checkout.release.write_bytes(LIBRARY.read_bytes())
    calls = checkout.give_cargo(checkout.release)
    command = [*HATCHLING, "wheel:editable", "--directory", str(tmp_path)]
    built = run(command, checkout.environment(), checkout.project)
    assert f"--target-dir {checkout.folder / 'target'}" in calls.read_text()
    with zipfile.ZipFile(the_wheel(tmp_path, built)) as wheel:
        wheel.extractall(tmp_path / "site")
    show = (
        "import site, sys; site.addsitedir(sys.argv[1]); "
        "import thingspace_session; print(thingspace_session._library.PATH)"
    )
    shown = run([sys.executable, "-c", show, "site"], clean_environment(), tmp_path)
    assert shown.stdout.strip() == str(checkout.release)


def test_the_tag_is_for_what_the_library_needs(tmp_path: Path) -> None:
    nothing = library_of(tmp_path, "", "-nostdlib", "-Wl,-soname,libc.so", name="libc.so")
    musl = library_of(tmp_path, "", "-nostdlib", "-Wl,--no-as-needed", str(nothing))
    machine = hatch_build.platform_tag(LIBRARY).split("_", 3)[3].split(".")[0]
    assert hatch_build.platform_tag(musl) == f"musllinux_1_2_{machine}"
    other = library_of(tmp_path, "", "-nostdlib", name="libother.so")
    assert (
        hatch_build.platform_tag(
            library_of(tmp_path, "", "-Wl,--no-as-needed", str(other), name="needy.so")
        )
        == f"linux_{machine}"
    )
    old = library_of(tmp_path, "void abort(void); void f(void) { abort(); }", name="old.so")
    assert hatch_build.platform_tag(old) == f"manylinux_2_17_{machine}.manylinux2014_{machine}"


@pytest.mark.parametrize(
    ("machine", "tag"), [(0x8664, "win_amd64"), (0xAA64, "win_arm64"), (0x14C, "win32")]
)
def test_the_tag_for_windows(tmp_path: Path, machine: int, tag: str) -> None:
    library = tmp_path / "x.dll"
    library.write_bytes(b"MZ" + bytes(0x3A) + struct.pack("<I4sH", 0x40, b"PE\0\0", machine))
    assert hatch_build.platform_tag(library) == tag


X86_64, ARM64 = 0x01000007, 0x0100000C


def mach_o(machine: int, command: int, *fields: int) -> bytes:
    load = struct.pack(f"<{2 + len(fields)}I", command, 8 + 4 * len(fields), *fields)
    another = struct.pack("<4I", 0x1D, 16, 0, 0)
    header = struct.pack("<8I", 0xFEEDFACF, machine, 0, 6, 2, len(another + load), 0, 0)
    return header + another + load


def universal(*parts: tuple[int, bytes]) -> bytes:
    head = struct.pack(">2I", 0xCAFEBABE, len(parts))
    at = len(head) + 20 * len(parts)
    body = b""
    for machine, content in parts:
        head += struct.pack(">5I", machine, 0, at + len(body), len(content), 0)
        body += content
    return head + body


def test_the_tag_for_macos(tmp_path: Path) -> None:
    arm = mach_o(ARM64, 0x32, 1, 11 << 16, 14 << 16)
    intel = mach_o(X86_64, 0x24, 10 << 16 | 12 << 8, 14 << 16)
    for content, tag in (
        (arm, "macosx_11_0_arm64"),
        (intel, "macosx_10_12_x86_64"),
        (universal((X86_64, intel), (ARM64, arm)), "macosx_10_12_universal2"),
    ):
        library = tmp_path / "x.dylib"
        library.write_bytes(content)
        assert hatch_build.platform_tag(library) == tag


def test_the_version_is_the_crates() -> None:
    crate = (REPOSITORY / "Cargo.toml").read_text().split("[package]")[1]
    version = crate.split('\nversion = "')[1].split('"')[0]
    for file, name in (
        ("pyproject.toml", "version"),
        ("src/thingspace_session/__init__.py", "__version__"),
    ):
        assert f'\n{name} = "{version}"\n' in (PROJECT / file).read_text()
    dotnet = (REPOSITORY / "bindings" / "csharp" / "Directory.Build.props").read_text()
    assert f"<Version>{version}</Version>" in dotnet
