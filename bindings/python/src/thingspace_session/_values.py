"""Python values on their way into C: wrong types are a TypeError, wrong values an InvalidArgument.

No message repeats a value, since any of them may be a secret.
"""

from __future__ import annotations

import ctypes
import json as _json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union
from urllib.parse import quote

from ._errors import InvalidArgument

Body = Union[bytes, bytearray, memoryview, str]
Headers = Union[Mapping[str, str], Iterable[tuple[str, str]]]
_Param = Union[str, int, float, bool, None]
_ParamOrMore = Union[_Param, Sequence[_Param]]
Params = Union[Mapping[str, _ParamOrMore], Iterable[tuple[str, _ParamOrMore]]]

_encode_json = _json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def text(value: str, name: str) -> bytes:
    """UTF-8 for a ``const char *``."""
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        # Raised below, away from this error, which holds the whole text.
        pass
    except AttributeError:
        raise TypeError(f"{name} must be str, not {type(value).__name__}") from None
    else:
        # bytes has no encode(), yet some other class might.
        if not isinstance(value, str):
            raise TypeError(f"{name} must be str, not {type(value).__name__}")
        if b"\0" in encoded:
            raise InvalidArgument(f"{name} holds a NUL character")
        return encoded
    raise InvalidArgument(f"{name} holds a surrogate, which UTF-8 cannot encode")


def optional_text(value: Optional[str], name: str) -> Optional[bytes]:
    return None if value is None else text(value, name)


def body(data: Optional[Body], json: Any) -> Optional[bytes]:
    """A request's body from ``data`` or ``json``; ``None`` when both are ``None``."""
    if json is not None:
        if data is not None:
            raise InvalidArgument("a request takes json or data, not both")
        return content(_encode_json(json), "json")
    return None if data is None else content(data, "data")


def content(data: Body, name: str) -> bytes:
    if type(data) is bytes:
        return data
    if isinstance(data, str):
        try:
            return data.encode()
        except UnicodeEncodeError:
            pass
        raise InvalidArgument(f"{name} holds a surrogate, which UTF-8 cannot encode")
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"{name} must be bytes-like or str, not {type(data).__name__}")


def target(path: str, params: Optional[Params]) -> bytes:
    """A path with ``params`` added to its query."""
    whole = text(path, "path")
    for name, value in () if params is None else _pairs(params, "params"):
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if each is not None:
                whole += b"&" if b"?" in whole else b"?"
                whole += (
                    _quoted(name, "a parameter's name")
                    + b"="
                    + _quoted(_param(each), "a parameter's value")
                )
    return whole


def _param(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def _quoted(value: str, name: str) -> bytes:
    return quote(text(value, name), safe="").encode()


def headers(given: Headers) -> Any:
    """``Name: value`` strings, NULL-terminated."""
    lines = [_header(name, value) for name, value in _pairs(given, "headers")]
    return (ctypes.c_char_p * (len(lines) + 1))(*lines, None)


def _pairs(given: Any, name: str) -> Iterable[tuple[Any, Any]]:
    if isinstance(given, (str, bytes)):
        raise TypeError(f"{name} must be a mapping or pairs, not {type(given).__name__}")
    return given.items() if isinstance(given, Mapping) else given


def _header(name: str, value: str) -> bytes:
    encoded = text(name, "a header's name")
    if not encoded or b":" in encoded:
        raise InvalidArgument("a header's name must be neither empty nor hold a colon")
    return encoded + b": " + text(value, "a header's value")


def http_status(status: int) -> int:
    """An HTTP status. The library says which are none; one that no ``int32_t`` holds is -1 to
    it."""
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"status must be int, not {type(status).__name__}")
    return status if 0 <= status < 2**31 else -1


def milliseconds(timeout: float) -> int:
    """A timeout in seconds as whole milliseconds, at least one."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds, not {type(timeout).__name__}")
    if not 0 < timeout < 1e12:
        raise InvalidArgument("timeout must be a positive, finite number of seconds")
    return math.ceil(timeout * 1000)
