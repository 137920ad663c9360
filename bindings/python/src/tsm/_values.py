"""Python values on their way into C: wrong types are a TypeError, wrong values an InvalidArgument.

No message repeats a value, since any of them may be a secret.
"""

from __future__ import annotations

import ctypes
import json as _json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from ._errors import InvalidArgument

Body = Union[bytes, bytearray, memoryview, str]
Headers = Union[Mapping[str, str], Iterable[tuple[str, str]]]

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


def headers(given: Optional[Headers]) -> Any:
    """``Name: value`` strings, NULL-terminated, or ``None``."""
    if given is None:
        return None
    if isinstance(given, (str, bytes)):
        raise TypeError(f"headers must be a mapping or pairs, not {type(given).__name__}")
    pairs = given.items() if isinstance(given, Mapping) else given
    lines = [_header(name, value) for name, value in pairs]
    return (ctypes.c_char_p * (len(lines) + 1))(*lines, None)


def _header(name: str, value: str) -> bytes:
    encoded = text(name, "a header's name")
    if not encoded or b":" in encoded:
        raise InvalidArgument("a header's name must be neither empty nor hold a colon")
    return encoded + b": " + text(value, "a header's value")


def milliseconds(timeout: float) -> int:
    """A timeout in seconds as whole milliseconds, at least one."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds, not {type(timeout).__name__}")
    if not 0 < timeout < 1e12:
        raise InvalidArgument("timeout must be a positive, finite number of seconds")
    return math.ceil(timeout * 1000)
