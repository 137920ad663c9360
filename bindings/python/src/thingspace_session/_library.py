"""Finds the thingspace-session shared library, loads it, refuses one of another ABI and declares
the functions of ``tsm.h``.

Functions that may wait are called through ``CDLL``, which releases the GIL. Those that only read or
free something go through ``PyDLL``, which keeps it: they take less time than giving up the GIL and
getting it back.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable

ABI_VERSION = 1
TOKEN_MAX = 128
API_TOKEN_MAX = 4096
INFO_MAX = 4096

_FILE_NAME = {
    "win32": "thingspace_session.dll",
    "cygwin": "thingspace_session.dll",
    "darwin": "libthingspace_session.dylib",
}.get(sys.platform, "libthingspace_session.so")


def _candidates() -> list[str]:
    """Where the library may be, best first: beside this package, ``TSM_LIBRARY``, the system's
    search path."""
    beside = Path(__file__).resolve().parent / _FILE_NAME
    if beside.is_file():
        return [str(beside)]
    named = os.environ.get("TSM_LIBRARY")
    if named:
        return [named]
    found = ctypes.util.find_library("thingspace_session")
    return [found, _FILE_NAME] if found else [_FILE_NAME]


def _load() -> str:
    """The name under which the library loads. Raises ImportError when there is none, or one of
    another ABI."""
    failures = []
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            failures.append(f"{name}: {error}")
            continue
        _require_abi(library, name)
        return name
    raise ImportError(
        "the thingspace-session shared library was not found. It is looked for beside the package "
        f"({Path(__file__).resolve().parent}), then in the file that the environment variable "
        "TSM_LIBRARY names, then on the system's search path. "
        f"Tried: {'; '.join(failures)}"
    )


def _require_abi(library: ctypes.CDLL, name: str) -> None:
    try:
        abi_version = library.tsm_abi_version
    except AttributeError:
        raise ImportError(
            f"{name} is not a thingspace-session library: it has no tsm_abi_version"
        ) from None
    abi_version.restype = c_uint32
    abi_version.argtypes = []
    if abi_version() != ABI_VERSION:
        raise ImportError(
            f"{name} speaks ABI version {abi_version()}, this package needs {ABI_VERSION}: "
            "install a package and a library of the same release"
        )


PATH = _load()
_waiting = ctypes.CDLL(PATH)
_brief = ctypes.PyDLL(PATH)

LOG_FUNCTION = ctypes.CFUNCTYPE(None, c_int32, c_void_p, c_size_t, c_void_p)
INTERRUPT_FUNCTION = ctypes.CFUNCTYPE(c_int32)
"""``tsm_interrupt_fn`` without its context argument, which nothing here needs and C lets a callee
ignore."""

_handle = c_void_p
_out = POINTER(c_void_p)
_bytes = (
    c_char_p  # a ``const uint8_t *`` too: ctypes passes the address of a bytes object's content
)


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    try:
        function = getattr(library, name)
    except AttributeError:
        raise ImportError(
            f"{PATH} lacks the function {name}: it is not a whole thingspace-session library"
        ) from None
    function.restype = result
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]


def _quick(library: ctypes.CDLL, name: str, result: Any) -> Callable[..., Any]:
    """A function that is called often: without ``argtypes``, which take their time.

    Its arguments must be objects of ctypes, ``bytes`` and ``None``. A number would be taken for an
    ``int`` of C.
    """
    function = _function(library, name, result)
    function.argtypes = None  # type: ignore[attr-defined]
    return function


config_new = _function(_brief, "tsm_config_new", _handle)
config_set = _function(_brief, "tsm_config_set", c_int32, _handle, c_char_p, c_char_p, _out)
config_load_env = _function(_brief, "tsm_config_load_env", c_int32, _handle, _out)
config_set_log = _function(
    _brief, "tsm_config_set_log", c_int32, _handle, c_int32, LOG_FUNCTION, c_void_p
)
config_free = _function(_brief, "tsm_config_free", None, _handle)

call_new = _function(_brief, "tsm_call_new", _handle)
call_set_timeout = _function(_brief, "tsm_call_set_timeout", c_int32, _handle, c_uint64)
call_set_interrupt = _function(
    _brief, "tsm_call_set_interrupt", c_int32, _handle, INTERRUPT_FUNCTION, c_void_p
)
call_cancel = _function(_brief, "tsm_call_cancel", c_int32, _handle)
call_free = _function(_brief, "tsm_call_free", None, _handle)

login = _function(_waiting, "tsm_login", c_int32, _handle, _handle, _out, _out)
token = _quick(_brief, "tsm_token", c_int32)
api_token = _function(
    _waiting, "tsm_api_token", c_int32, _handle, _handle, c_char_p, c_size_t, _out
)
relogin = _function(_waiting, "tsm_relogin", c_int32, _handle, _handle, c_char_p, _out)
renew_api_token = _function(
    _waiting, "tsm_renew_api_token", c_int32, _handle, _handle, c_char_p, _out
)
logout = _function(_waiting, "tsm_logout", c_int32, _handle, _handle, _out)
cancel = _function(_waiting, "tsm_cancel", c_int32, _handle)
free = _function(_waiting, "tsm_free", None, _handle)
unblock = _function(_waiting, "tsm_unblock", c_int32, _handle, _out)
info = _function(_waiting, "tsm_info", c_int32, _handle, c_char_p, c_size_t, _out)

request = _quick(_waiting, "tsm_request", c_int32)
soap_call = _function(
    _waiting,
    "tsm_soap_call",
    c_int32,
    _handle,
    _handle,
    c_char_p,
    c_char_p,
    _bytes,
    c_size_t,
    _out,
    _out,
)

response_status = _quick(_brief, "tsm_response_status", c_int32)
response_headers = _quick(_brief, "tsm_response_headers", c_void_p)
response_body = _quick(_brief, "tsm_response_body", c_void_p)
response_check = _quick(_brief, "tsm_response_check", c_int32)
response_free = _quick(_brief, "tsm_response_free", None)
check = _function(_waiting, "tsm_check", c_int32, c_int32, _bytes, c_size_t, _out)

error_code = _function(_brief, "tsm_error_code", c_char_p, _handle)
error_message = _function(_brief, "tsm_error_message", c_char_p, _handle)
error_token = _function(_brief, "tsm_error_token", c_int32, _handle, c_char_p, c_size_t)
error_http_status = _function(_brief, "tsm_error_http_status", c_int32, _handle)
error_retryable = _function(_brief, "tsm_error_retryable", c_int32, _handle)
error_retry_after_ms = _function(_brief, "tsm_error_retry_after_ms", c_int64, _handle)
error_free = _function(_brief, "tsm_error_free", None, _handle)

status_name = _function(_brief, "tsm_status_name", c_char_p, c_int32)
version = _function(_brief, "tsm_version", c_char_p)
