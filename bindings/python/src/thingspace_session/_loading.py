"""Finds the thingspace-session shared library, loads it and refuses one of another ABI.

What functions it has is in ``_library.py``.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import c_int32, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any, Callable

EVENT_FUNCTION = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
LOG_FUNCTION = ctypes.CFUNCTYPE(None, c_int32, c_void_p, c_size_t, c_void_p)
INTERRUPT_FUNCTION = ctypes.CFUNCTYPE(c_int32)
"""``tsm_interrupt_fn`` without its context argument, which nothing here needs and C lets a callee
ignore."""

_FILE_NAME = {
    "win32": "thingspace_session.dll",
    "cygwin": "thingspace_session.dll",
    "darwin": "libthingspace_session.dylib",
}.get(sys.platform, "libthingspace_session.so")


_CALLED_OFTEN = {
    "tsm_token",
    "tsm_request",
    "tsm_response_status",
    "tsm_response_headers",
    "tsm_response_body",
    "tsm_response_check",
    "tsm_response_free",
    "tsm_exchange_new",
    "tsm_exchange_tokens",
    "tsm_exchange_body_max",
    "tsm_exchange_answered",
    "tsm_exchange_again",
    "tsm_exchange_free",
}
"""These go without ``argtypes``, which take their time. Their arguments must be objects of ctypes,
``bytes`` and ``None``: a number would be taken for an ``int`` of C."""


class Library:
    """The shared library, and its functions as ctypes calls them.

    Those that may take time release the GIL meanwhile. The others keep it: that takes less time
    than giving it up and getting it back.
    """

    def __init__(self, abi_version: int) -> None:
        self.path = _load(abi_version)
        self._without_gil = ctypes.CDLL(self.path)
        self._with_gil = ctypes.PyDLL(self.path)

    def without_gil(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        return self._function(self._without_gil, name, result, arguments)

    def with_gil(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        return self._function(self._with_gil, name, result, arguments)

    def _function(
        self, library: ctypes.CDLL, name: str, result: Any, arguments: tuple[Any, ...]
    ) -> Callable[..., Any]:
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(
                f"{self.path} lacks the function {name}: it is of another release than this "
                "package, or not a whole thingspace-session library. Install or build both anew"
            ) from None
        function.restype = result
        function.argtypes = None if name in _CALLED_OFTEN else arguments
        return function  # type: ignore[no-any-return]


def _candidates() -> list[str]:
    """Where the library may be, best first: beside this package, ``TSM_LIBRARY``, where cargo
    builds it for a package that is used where its sources lie, the system's search path."""
    package = Path(__file__).resolve().parent
    beside = package / _FILE_NAME
    if beside.is_file():
        return [str(beside)]
    named = os.environ.get("TSM_LIBRARY")
    if named:
        return [named]
    project = package.parents[1]
    if (project / "hatch_build.py").is_file():
        for sources in (project / "crate", project.parents[1]):
            built = sources / "target" / "release" / _FILE_NAME
            if built.is_file():
                return [str(built)]
    from ctypes.util import find_library  # which takes its time, and is seldom needed

    found = find_library("thingspace_session")
    return [found, _FILE_NAME] if found else [_FILE_NAME]


def _load(abi_version: int) -> str:
    """The name under which the library loads. Raises ImportError when there is none, or one of
    another ABI."""
    failures = []
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            failures.append(f"{name}: {error}")
            continue
        _require_abi(library, name, abi_version)
        return name
    raise ImportError(
        "cannot load the thingspace-session shared library. It is looked for beside the package "
        f"({Path(__file__).resolve().parent}), then in the file that the environment variable "
        "TSM_LIBRARY names, then, of an editable install, where cargo builds it, then on the "
        "system's search path. "
        f"Tried: {'; '.join(failures)}"
    )


def _require_abi(library: ctypes.CDLL, name: str, needed: int) -> None:
    try:
        abi_version = library.tsm_abi_version
    except AttributeError:
        raise ImportError(
            f"{name} is not a thingspace-session library: it has no tsm_abi_version"
        ) from None
    abi_version.restype = c_uint32
    abi_version.argtypes = []
    if abi_version() != needed:
        raise ImportError(
            f"{name} speaks ABI version {abi_version()}, this package needs {needed}: "
            "install a package and a library of the same release"
        )
