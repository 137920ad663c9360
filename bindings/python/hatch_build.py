"""Puts the thingspace-session shared library into the wheel and tags the wheel for the platform.

The library is taken from the file that ``TSM_LIBRARY`` names, else from the repository's
``target/release``, else built there with cargo. ``TSM_WHEEL_PLATFORM`` overrides the platform tag,
for a library that was built for another machine or for an older C library than this one's
(``manylinux_2_17_x86_64``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILE_NAME = {
    "win32": "thingspace_session.dll",
    "cygwin": "thingspace_session.dll",
    "darwin": "libthingspace_session.dylib",
}.get(sys.platform, "libthingspace_session.so")


class SharedLibrary(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # the package is used where it lies; TSM_LIBRARY says where the library is
        library = find_library(Path(self.root))
        platform = os.environ.get("TSM_WHEEL_PLATFORM") or sysconfig.get_platform()
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform.replace('-', '_').replace('.', '_')}"
        build_data["force_include"][str(library)] = f"thingspace_session/{library_name(library)}"


def library_name(library: Path) -> str:
    """The name the package looks for beside itself, on the platform that the library is for."""
    return {".dll": "thingspace_session.dll", ".dylib": "libthingspace_session.dylib"}.get(
        library.suffix, "libthingspace_session.so"
    )


def find_library(project: Path) -> Path:
    named = os.environ.get("TSM_LIBRARY")
    if named:
        library = Path(named).resolve()
        if not library.is_file():
            raise FileNotFoundError(f"TSM_LIBRARY names {library}, which is not a file")
        return library

    repository = project.parent.parent
    library = repository / "target" / "release" / FILE_NAME
    if library.is_file():
        return library

    if (repository / "Cargo.toml").is_file() and shutil.which("cargo"):
        target = Path(os.environ.get("CARGO_TARGET_DIR") or repository / "target")
        subprocess.run(["cargo", "build", "--release", "--lib"], cwd=repository, check=True)
        library = (repository / target / "release" / FILE_NAME).resolve()
        if library.is_file():
            return library

    raise FileNotFoundError(
        "the thingspace-session shared library is needed to build the wheel. Set TSM_LIBRARY to "
        f"{FILE_NAME}, or build from the repository's bindings/python with target/release built "
        "or with cargo on the PATH"
    )
