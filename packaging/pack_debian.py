"""Packs the C library for Debian and Ubuntu: dist/libthingspace-session*_VERSION_MACHINE.deb.

Needs dpkg-deb, and no root. A package more, such as one for a command line, is an entry of
`packages`.
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

    @property
    def folder(self) -> Path:
        return STAGE / "debian" / f"{self.name}_{version()}_{self.machine}"

    @property
    def documents(self) -> Path:
        return self.folder / "usr" / "share" / "doc" / self.name


def main(triples: list[str]) -> None:
    for target in chosen(triples):
        for package in packages(target):
            lay_documents(package)
            build(package)


def packages(target: Target) -> Iterator[Package]:
    """The packages of one target, their files laid into their folders."""
    if target.debian is None:
        return
    machine = target.debian
    layout = Layout(target, libdir=f"lib/{MULTIARCH[machine]}", prefix="/usr")

    library = Package(
        LIBRARY,
        machine,
        {
            "Section": "libs",
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
        {"Section": "libdevel", "Depends": f"{LIBRARY} (= {version()})"},
        f"{SUMMARY} (development files)\n{STORY} This package has the header, the static library,"
        "\n files for pkg-config and CMake, and examples.",
    )
    fresh(development.folder)
    layout.lay_development(development.folder / "usr")
    for example in sorted((ROOT / "examples" / "c").iterdir()):
        copy(example, development.documents / "examples" / example.name)
    yield development


def symbols(target: Target) -> str:
    """For dpkg-shlibdeps: which version of the package a program needs."""
    names = [f"TSM_{abi_version()}", *exports()]
    lines = [f"{soname(target)} {LIBRARY} #MINVER#", f"* Build-Depends-Package: {DEVELOPMENT}"]
    lines += [f" {name}@TSM_{abi_version()} {version()}" for name in names]
    return "\n".join(lines) + "\n"


def lay_documents(package: Package) -> None:
    copy(ROOT / "packaging" / "debian" / "copyright", package.documents / "copyright")
    copy(ROOT / "THIRD-PARTY.txt", package.documents / "THIRD-PARTY.txt")
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
        "Multi-Arch": "same",
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
            path.chmod(0o755 if path.is_dir() else 0o644)

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
