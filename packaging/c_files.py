"""How the C library lies in a folder like /usr: header, libraries, pkg-config and CMake files.

The archives and the Debian packages are both made of it.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from targets import ROOT, Target, abi_version, version

TEMPLATES = ROOT / "packaging" / "c"


@dataclass(frozen=True)
class Layout:
    """The libraries of one target, and the folders they are laid into."""

    target: Target
    # `lib`, or with Debian's name of the machine in it.
    libdir: str = "lib"
    # What pkg-config is told: found from where its file lies, so that all can be moved.
    prefix: str = "${pcfiledir}/../.."

    @property
    def shared(self) -> str:
        """The shared library's place, by its release name."""
        if self.target.is_windows:
            return f"bin/{self.target.shared.name}"
        return f"{self.libdir}/{soname(self.target)}"

    @property
    def static(self) -> str:
        return f"{self.libdir}/{self.target.static.name}"

    def lay_runtime(self, root: Path) -> None:
        """What a program needs to run."""
        copy(self.target.shared, root / self.shared)

    def lay_development(self, root: Path) -> None:
        """What a program needs to be compiled."""
        copy(ROOT / "include" / "tsm.h", root / "include" / "tsm.h")
        copy(self.target.static, root / self.static)
        if self.target.is_windows:
            # Visual C++ and MinGW look for the same by different names.
            for name in ("thingspace_session.lib", "libthingspace_session.dll.a"):
                copy(self.target.shared.with_suffix(".lib"), root / self.libdir / name)
        else:
            (root / self.libdir / self.target.shared.name).symlink_to(soname(self.target))
        self._fill("thingspace-session.pc", root / self.libdir / "pkgconfig")
        for name in ("thingspace_sessionConfig.cmake", "thingspace_sessionConfigVersion.cmake"):
            self._fill(name, root / self.libdir / "cmake" / "thingspace_session")

    def _fill(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        up = "/".join([".."] * len(Path(self.libdir, "cmake", "thingspace_session").parts))
        major, minor, _ = version().split(".", 2)
        recorded = f"{'@rpath/' if self.target.is_macos else ''}{soname(self.target)}"
        linked_as = (
            f'IMPORTED_IMPLIB "${{_tsm_prefix}}/{self.libdir}/thingspace_session.lib"'
            if self.target.is_windows
            else f'IMPORTED_SONAME "{recorded}"'
        )
        values = {
            "PREFIX": self.prefix,
            "LIBDIR": self.libdir,
            "VERSION": version(),
            "MAJOR": major,
            "MINOR": minor,
            "UP": up,
            "SHARED": self.shared,
            "STATIC": self.static,
            "LINKED_AS": linked_as,
            "NATIVE_LIBS": " ".join(native_libraries(self.target)),
        }
        text = (TEMPLATES / f"{name}.in").read_text(encoding="utf-8")
        text = re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)
        (folder / name).write_text(text, encoding="utf-8")


def soname(target: Target) -> str:
    """By what name programs record the library, its folder apart."""
    if target.is_macos:
        return f"libthingspace_session.{abi_version()}.dylib"
    return f"libthingspace_session.so.{abi_version()}"


def native_libraries(target: Target) -> list[str]:
    """What a program links besides the static library."""
    named = re.findall(
        r"-framework \S+|[^\s/]\S*", (target.stage / "native-static-libs.txt").read_text()
    )
    # Every C compiler adds these itself, after all others and as the way of linking wants it.
    implied = {"-lc", "-lgcc_s", "-lgcc_eh", "-lgcc", "-lmingwex", "-lmingw32", "-lmsvcrt"}
    return [library for library in dict.fromkeys(named) if library not in implied]


def copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
