"""Puts the thingspace-session shared library into the wheel, and its Rust sources into the sdist.

A wheel holds the library that ``TSM_LIBRARY`` names, else the one that cargo builds from the
sources, else, where there is no cargo, the one that was built from them before. It is compared with
the package first, and the wheel is tagged for what the library needs, whatever machine packs it.
``TSM_SBOM`` names a list of what is linked into the library, which goes into the wheel with it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Optional

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

PACKAGE = "thingspace_session"

FILE_NAME = {
    "win32": "thingspace_session.dll",
    "cygwin": "thingspace_session.dll",
    "darwin": "libthingspace_session.dylib",
}.get(sys.platform, "libthingspace_session.so")


class Unusable(Exception):
    """Nothing can be built of what is there. The text says why, and what to do."""


class Hook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix=PACKAGE)
        try:
            if self.target_name == "sdist":
                self._sdist(build_data["force_include"])
            elif version == "editable":
                self._editable()
            else:
                self._wheel(build_data)
        except Unusable as why:
            self._temporary.cleanup()
            self.app.abort(f"\nERROR: {why}\n")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self._temporary.cleanup()

    def _sdist(self, included: dict[str, str]) -> None:
        for path, name in list(included.items()):
            del included[path]
            if name != ".gitignore":  # the repository's, which is about other folders
                # A link is packed as the file that it leads to.
                included[os.path.realpath(path)] = name
        sources = Sources(Path(self.root))
        if not sources.are_packed:
            crate = sources.packed(Path(self._temporary.name))
            included[str(crate)] = "crate"

    def _editable(self) -> None:
        """The package is used where it lies, and finds the library where cargo puts it."""
        if not named("TSM_LIBRARY"):
            project = Path(self.root)
            require_fit(Sources(project).library(in_place=True), project)

    def _wheel(self, build_data: dict[str, Any]) -> None:
        project = Path(self.root)
        library = named("TSM_LIBRARY") or Sources(project).library()
        platform = platform_tag(library)
        require_functions(library, project)
        if not {tag.platform for tag in sys_tags()}.isdisjoint(platform.split(".")):
            require_fit(library, project)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][str(library)] = f"{PACKAGE}/{installed_name(platform)}"
        sbom = named("TSM_SBOM")
        if sbom:
            build_data["sbom_files"].append(str(sbom))


def named(variable: str) -> Optional[Path]:
    """The file that the environment variable names, if it is set."""
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).resolve()
    if not path.is_file():
        raise Unusable(f"{variable} names {path}, which is not a file.")
    return path


class Sources:
    """The Rust sources of the library: in ``crate`` beside this file in an sdist, and in the
    repository's root in a checkout."""

    def __init__(self, project: Path) -> None:
        packed = project / "crate"
        self.are_packed = packed.is_dir()
        self.folder = packed if self.are_packed else project.parents[1]
        if not (self.folder / "Cargo.toml").is_file():
            raise Unusable(
                f"The Rust sources of the library are not in {self.folder}. Build from the sdist "
                "or from a whole checkout, or let the environment variable TSM_LIBRARY name a "
                f"{FILE_NAME} that was built before."
            )

    def library(self, in_place: bool = False) -> Path:
        """The library of these sources, built anew if they changed. ``in_place``: in their own
        ``target`` folder, whatever cargo's settings are."""
        target = self.folder / "target"
        if shutil.which("cargo"):
            return self._build(["--target-dir", str(target)] if in_place else [])
        library = target / "release" / FILE_NAME
        if library.is_file():
            return library
        raise Unusable(
            "There is no cargo to build the thingspace-session library with. One of these helps:\n"
            f"- install Rust {self._oldest_rust()} or newer (https://rustup.rs) and a C compiler\n"
            "- install a wheel, which needs neither: "
            "pip install --only-binary :all: thingspace-session\n"
            f"- name a {FILE_NAME} that was built before with the variable TSM_LIBRARY"
        )

    def packed(self, folder: Path) -> Path:
        """A folder with all that cargo needs to build the library, and nothing else: what
        ``cargo package`` would publish."""
        if not shutil.which("cargo"):
            raise Unusable(
                "The sdist holds the library's Rust sources as cargo packs them, and there is no "
                f"cargo. Install Rust {self._oldest_rust()} or newer (https://rustup.rs)."
            )
        command = ["cargo", "package", "--quiet", "--package", "thingspace-session"]
        command += ["--no-verify", "--allow-dirty", "--target-dir", str(folder / "target")]
        # The registry is asked only if what it said before does not suffice.
        if self._run([*command, "--offline"], stderr=subprocess.DEVNULL).returncode != 0:
            self._require_success(self._run(command))
        (archive,) = (folder / "target" / "package").glob("*.crate")
        with tarfile.open(archive) as crate:
            crate.extraction_filter = getattr(tarfile, "data_filter", None)
            crate.extractall(folder)
        unpacked = folder / archive.stem
        for of_cargo_alone in (".cargo_vcs_info.json", "Cargo.toml.orig"):
            (unpacked / of_cargo_alone).unlink(missing_ok=True)
        with (unpacked / "Cargo.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(
                "\n# Of no other workspace, wherever the sdist is unpacked.\n[workspace]\n"
            )
        return unpacked

    def _build(self, options: list[str]) -> Path:
        # As `make library` has it, so that what that built is not built again.
        command = ["cargo", "rustc", "--locked", "--release", "--package", "thingspace-session"]
        command += ["--lib", "--crate-type", "cdylib,staticlib", *options]
        command += ["--message-format", "json-render-diagnostics"]
        run = self._run(command, stdout=subprocess.PIPE)
        self._require_success(run)
        for line in run.stdout.splitlines():
            message = json.loads(line)
            if message["reason"] != "compiler-artifact" or message["target"]["name"] != PACKAGE:
                continue
            for file in message["filenames"]:
                if file.endswith((".so", ".dylib", ".dll")):
                    return Path(file)
        raise Unusable(f"cargo built no shared library of {self.folder}.")

    def _run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.folder, text=True, **options)

    def _require_success(self, run: subprocess.CompletedProcess[str]) -> None:
        if run.returncode != 0:
            version = subprocess.run(["cargo", "--version"], stdout=subprocess.PIPE, text=True)
            raise Unusable(
                "cargo could not build the thingspace-session library: it says above why. "
                f"Rust {self._oldest_rust()} or newer, a C compiler and a linker are needed; "
                f"this is {version.stdout.strip()}."
            )

    def _oldest_rust(self) -> str:
        manifest = (self.folder / "Cargo.toml").read_text(encoding="utf-8")
        found = re.search(r'^rust-version = "(.*)"$', manifest, re.MULTILINE)
        return found[1] if found else "stable"


def require_functions(library: Path, project: Path) -> None:
    """Refuses a library that lacks functions of the package's, for whatever platform it is."""
    table = (project / "src" / PACKAGE / "_library.py").read_text(encoding="utf-8")
    exported = library.read_bytes()
    needed = sorted(set(re.findall(r'"(tsm_\w+)"', table)))
    missing = [name for name in needed if name.encode() + b"\0" not in exported]
    if missing:
        raise Unusable(
            f"{library} lacks {', '.join(missing[:3])}{' and others' if missing[3:] else ''}: "
            "it is of another release than this package, or no thingspace-session library."
        )


def require_fit(library: Path, project: Path) -> None:
    """Loads the library as the package does, in a Python of its own."""
    script = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import {PACKAGE} as package\n"
        "if package.version != package.__version__:\n"
        "    sys.exit(f'it is version {package.version}, the package is {package.__version__}')"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-B", "-c", script, str(project / "src")],
        env={**os.environ, "TSM_LIBRARY": str(library)},
        stderr=subprocess.PIPE,
        text=True,
    )
    if run.returncode != 0:
        reason = run.stderr.strip().splitlines()
        raise Unusable(f"{library} does not fit this package: {reason[-1] if reason else 'crash'}")


def installed_name(platform: str) -> str:
    """The name that the package looks for beside itself, on the platform that the library is
    for."""
    for start, name in (("win", "thingspace_session.dll"), ("mac", "libthingspace_session.dylib")):
        if platform.startswith(start):
            return name
    return "libthingspace_session.so"


def platform_tag(library: Path) -> str:
    """What the library needs, as a wheel's file name says it."""
    with library.open("rb") as file:
        start = file.read(4)
    try:
        if start == b"\x7fELF":
            return _elf_tag(library)
        if start[:2] == b"MZ":
            return _pe_tag(library.read_bytes())
        if start in _MACH_O:
            return _mach_o_tag(library.read_bytes())
    except (ELFError, LookupError, struct.error) as error:
        raise Unusable(f"{library} is for no platform that wheels know: {error!r}.") from None
    raise Unusable(f"{library} is not a shared library.")


_ELF_MACHINES = {
    "EM_386": "i686",
    "EM_AARCH64": "aarch64",
    "EM_ARM": "armv7l",
    "EM_PPC64": "ppc64le",
    "EM_RISCV": "riscv64",
    "EM_S390": "s390x",
    "EM_X86_64": "x86_64",
}
_OF_EVERY_GLIBC = re.compile(r"(ld-linux.*|ld64|lib(c|dl|gcc_s|m|pthread|rt))\.so\.\d")
_OF_EVERY_MUSL = re.compile(r"libc\.so|libc\.musl-.*")
_OLDEST_GLIBC = (2, 17)


def _elf_tag(library: Path) -> str:
    with library.open("rb") as file:
        elf = ELFFile(file)
        machine = _ELF_MACHINES[elf["e_machine"]]
        dynamic = elf.get_section_by_name(".dynamic")
        if not isinstance(dynamic, DynamicSection):
            raise LookupError("it is linked with nothing")
        entries: Any = dynamic.iter_tags("DT_NEEDED")
        needed = {entry.needed for entry in entries}
        glibc = [_OLDEST_GLIBC]
        versions = elf.get_section_by_name(".gnu.version_r")
        if isinstance(versions, GNUVerNeedSection):
            for _, symbols in versions.iter_versions():
                names = " ".join(symbol.name for symbol in symbols)
                found = re.findall(r"\bGLIBC_(\d+)\.(\d+)", names)
                glibc += [(int(major), int(minor)) for major, minor in found]
    if needed and all(map(_OF_EVERY_MUSL.fullmatch, needed)):
        return f"musllinux_1_2_{machine}"
    if needed and all(map(_OF_EVERY_GLIBC.fullmatch, needed)):
        major, minor = max(glibc)
        # Its older name is for those who have a pip of those days.
        older = f".manylinux2014_{machine}" if (major, minor) == _OLDEST_GLIBC else ""
        return f"manylinux_{major}_{minor}_{machine}{older}"
    return f"linux_{machine}"


def _pe_tag(content: bytes) -> str:
    (header,) = struct.unpack_from("<I", content, 0x3C)
    signature, machine = struct.unpack_from("<4sH", content, header)
    if signature != b"PE\0\0":
        raise LookupError("it has no PE header")
    return {0x8664: "win_amd64", 0xAA64: "win_arm64", 0x14C: "win32"}[machine]


_MACH_O = {b"\xcf\xfa\xed\xfe": "one architecture", b"\xca\xfe\xba\xbe": "several"}


def _mach_o_tag(content: bytes) -> str:
    offsets = [0]
    if _MACH_O[content[:4]] == "several":
        (count,) = struct.unpack_from(">I", content, 4)
        offsets = [struct.unpack_from(">I", content, 16 + 20 * each)[0] for each in range(count)]
    # The oldest macOS of each architecture.
    oldest = dict(_mach_o_needs(content, offset) for offset in offsets)
    machine = "universal2" if set(oldest) == {"x86_64", "arm64"} else "".join(oldest)
    major, minor = min(oldest.values())
    return f"macosx_{major}_{minor if major == 10 else 0}_{machine}"


def _mach_o_needs(content: bytes, header: int) -> tuple[str, tuple[int, int]]:
    (machine,) = struct.unpack_from("<I", content, header + 4)
    (count,) = struct.unpack_from("<I", content, header + 16)
    command_at = header + 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", content, command_at)
        # LC_VERSION_MIN_MACOSX, LC_BUILD_VERSION.
        version_at = {0x24: 8, 0x32: 12}.get(command)
        if version_at:
            (version,) = struct.unpack_from("<I", content, command_at + version_at)
            name = {0x01000007: "x86_64", 0x0100000C: "arm64"}[machine]
            return name, (version >> 16, version >> 8 & 0xFF)
        command_at += size
    raise LookupError("it does not say which macOS it needs")
