"""Archives whose bytes depend on what is in them and on the commit alone."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

from targets import ROOT


def commit_time() -> int:
    """The time that files in archives bear: SOURCE_DATE_EPOCH, or else the commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or from_git("%ct"))


def from_git(what: str) -> str:
    """What git tells of the commit that is packed."""
    log = ["git", "log", "-1", f"--format={what}"]
    told = subprocess.run(log, check=True, capture_output=True, text=True, cwd=ROOT)
    return told.stdout.strip()


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def pack(folder: Path, archive: Path) -> None:
    """The folder, by its own name, as .tar.gz or .zip."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".zip":
        _zip(folder, archive)
    else:
        _tar(folder, archive)
    print(f"    {archive.relative_to(ROOT)}", flush=True)


def gzipped(text: bytes) -> bytes:
    return gzip.compress(text, compresslevel=9, mtime=0)


def _tar(folder: Path, archive: Path) -> None:
    plain = archive.with_suffix("")
    with tarfile.open(plain, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            entry = tar.gettarinfo(path, arcname=str(path.relative_to(folder.parent)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = commit_time()
            is_program = os.access(path, os.X_OK)
            entry.mode = 0o777 if entry.issym() else 0o755 if is_program else 0o644
            if entry.isfile():
                with path.open("rb") as content:
                    tar.addfile(entry, content)
            else:
                tar.addfile(entry)
    with plain.open("rb") as content, archive.open("wb") as packed:
        stream = gzip.GzipFile("", "wb", 9, packed, mtime=0)
        shutil.copyfileobj(content, stream)
        stream.close()
    plain.unlink()


def _zip(folder: Path, archive: Path) -> None:
    date = time.gmtime(commit_time())[:6]
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), date)
                entry.external_attr = 0o100644 << 16
                entry.create_system = 3
                made.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
