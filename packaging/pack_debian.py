"""Packs the C library and the command line for Debian and Ubuntu: dist/*_VERSION_MACHINE.deb.

Needs dpkg-deb, and no root. A package more is an entry of `packages`.
"""

from __future__ import annotations

import email.utils
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archives import commit_time, fresh, from_git, gzipped
from c_files import Layout, copy, soname
from targets import DIST, ROOT, STAGE, Target, abi_version, chosen, exports, version

SOURCE = "thingspace-session"
LIBRARY = f"lib{SOURCE}{abi_version()}"
DEVELOPMENT = f"lib{SOURCE}-dev"
COMMAND = "thingspace"
SUMMARY = "keeps a Verizon ThingSpace session alive"
STORY = """\
 A program that uses Verizon's ThingSpace Connectivity Management needs a
 session. This library logs in once, hands out the session token, logs in
 again only when the platform says that the token expired, and never lets
 the account be locked: failed logins are counted before they are sent,
 across threads, processes and crashes.
 .
 An unofficial project: Verizon neither makes nor supports it.
 .
"""
COMMAND_STORY = """\
 Session tokens of Verizon's ThingSpace Connectivity Management for scripts:
 one login for all that a user runs, renewed only when the platform says that
 it expired; requests, a local endpoint for other programs, and help for
 operators. It never lets the account be locked: failed logins are counted
 before they are sent.
 .
 An unofficial project: Verizon neither makes nor supports it."""
# Debian's names of machines as they stand in paths.
MULTIARCH = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


@dataclass
class Package:
    name: str
    machine: str
    # Of the control file, besides those that every package has.
    fields: dict[str, str]
    description: str
    # Other files beside the control file.
    control: dict[str, str] = field(default_factory=dict)
    third_party: str = "THIRD-PARTY.txt"

    @property
    def folder(self) -> Path:
        return STAGE / "debian" / f"{self.name}_{version()}_{self.machine}"

    @property
    def documents(self) -> Path:
        return self.share / "doc" / self.name

    @property
    def share(self) -> Path:
        return self.folder / "usr" / "share"


def main(triples: list[str]) -> None:
    for target in chosen(triples):
        for package in packages(target):
            lay_documents(package)
            build(package)


def packages(target: Target) -> Iterator[Package]:
    """The packages of one target, their files laid into their folders."""
    if target.debian:
        yield from of_the_library(target, target.debian)
    if target.command_debian:
        yield of_the_command_line(target, target.command_debian)


def of_the_library(target: Target, machine: str) -> Iterator[Package]:
    layout = Layout(target, libdir=f"lib/{MULTIARCH[machine]}", prefix="/usr")

    library = Package(
        LIBRARY,
        machine,
        {
            "Section": "libs",
            "Multi-Arch": "same",
            "Depends": "libc6 (>= 2.17)",
            "Recommends": "ca-certificates",
        },
        f"{SUMMARY} (library)\n{STORY} This package has the shared library.",
        {
            "shlibs": f"libthingspace_session {abi_version()} {LIBRARY} (>= {version()})\n",
            "symbols": symbols(target),
            "triggers": "activate-noawait ldconfig\n",
        },
    )
    fresh(library.folder)
    layout.lay_runtime(library.folder / "usr")
    # Packages of two machines can be there together: what differs has another name.
    copy(target.stage / "sbom.cdx.json", library.documents / f"sbom.{machine}.cdx.json")
    yield library

    development = Package(
        DEVELOPMENT,
        machine,
        {
            "Section": "libdevel",
            "Multi-Arch": "same",
            "Depends": f"{LIBRARY} (= {version()})",
        },
        f"{SUMMARY} (development files)\n{STORY} This package has the header, the static library,"
        "\n files for pkg-config and CMake, and examples.",
    )
    fresh(development.folder)
    layout.lay_development(development.folder / "usr")
    for example in sorted((ROOT / "examples" / "c").iterdir()):
        copy(example, development.documents / "examples" / example.name)
    yield development


def of_the_command_line(target: Target, machine: str) -> Package:
    package = Package(
        COMMAND,
        machine,
        {
            "Section": "utils",
            "Multi-Arch": "foreign",
            "Recommends": "ca-certificates",
        },
        f"{SUMMARY} (command line)\n{COMMAND_STORY}",
        third_party="cli/THIRD-PARTY.txt",
    )
    fresh(package.folder)
    program = package.folder / "usr" / "bin" / COMMAND
    copy(target.command, program)
    page = (ROOT / "cli" / "man" / "thingspace.1").read_bytes()
    put(package.share / "man" / "man1" / "thingspace.1.gz", gzipped(page))
    for script, place in (
        ("thingspace.bash", "bash-completion/completions/thingspace"),
        ("_thingspace", "zsh/vendor-completions/_thingspace"),
        ("thingspace.fish", "fish/vendor_completions.d/thingspace.fish"),
    ):
        copy(ROOT / "cli" / "completions" / script, package.share / place)
    copy(ROOT / "cli" / "README.md", package.documents / "README.md")
    copy(target.command.with_name("sbom.cdx.json"), package.documents / "sbom.cdx.json")
    # On purpose: one program for every release of Debian and Ubuntu.
    overrides = f"{COMMAND}: statically-linked-binary [usr/bin/{COMMAND}]\n"
    put(package.share / "lintian" / "overrides" / COMMAND, overrides.encode())
    return package


def put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def symbols(target: Target) -> str:
    """For dpkg-shlibdeps: which version of the package a program needs."""
    names = [f"TSM_{abi_version()}", *exports()]
    lines = [f"{soname(target)} {LIBRARY} #MINVER#", f"* Build-Depends-Package: {DEVELOPMENT}"]
    lines += [f" {name}@TSM_{abi_version()} {version()}" for name in names]
    return "\n".join(lines) + "\n"


def lay_documents(package: Package) -> None:
    copy(ROOT / "packaging" / "debian" / "copyright", package.documents / "copyright")
    copy(ROOT / package.third_party, package.documents / "THIRD-PARTY.txt")
    date = email.utils.formatdate(commit_time())
    entry = (
        f"{SOURCE} ({version()}) unstable; urgency=medium\n\n"
        f"  * Release {version()}: CHANGELOG.md of the source tells what is new.\n\n"
        f" -- {maintainer()}  {date}\n"
    )
    (package.documents / "changelog.gz").write_bytes(gzipped(entry.encode()))


def maintainer() -> str:
    """By Debian's variables, or else the author of the commit that is released."""
    name = os.environ.get("DEBFULLNAME", "thingspace-session developers")
    address = os.environ.get("DEBEMAIL") or from_git("%ae")
    return f"{name} <{address}>"


def build(package: Package) -> None:
    files = [path for path in package.folder.rglob("*") if path.is_file()]
    control = {
        "Package": package.name,
        "Source": SOURCE,
        "Version": version(),
        "Architecture": package.machine,
        "Maintainer": maintainer(),
        "Installed-Size": str(sum(-(-path.stat().st_size // 1024) for path in files)),
        "Priority": "optional",
        **package.fields,
        "Description": package.description,
    }
    meta = package.folder / "DEBIAN"
    meta.mkdir()
    lines = [f"{key}: {value}\n" for key, value in control.items()]
    (meta / "control").write_text("".join(lines))
    for name, text in package.control.items():
        (meta / name).write_text(text)
    sums = "".join(f"{md5(path)}  {path.relative_to(package.folder)}\n" for path in sorted(files))
    (meta / "md5sums").write_text(sums)
    for path in [package.folder, *package.folder.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if is_program else 0o644)

    made = DIST / f"{package.name}_{version()}_{package.machine}.deb"
    made.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", package.folder, made],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(commit_time())},
    )
    print(f"    {made.relative_to(ROOT)}", flush=True)


def md5(file: Path) -> str:
    """Debian's way to tell a damaged file; no protection."""
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
