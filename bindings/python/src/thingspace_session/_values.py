"""Python values on their way into C: wrong types are a TypeError, wrong values an InvalidArgument.

No message repeats a value, since any of them may be a secret, and what makes text of options and
tokens leaves none in a traceback's frame.
"""

from __future__ import annotations

import ctypes
import json as _json
import math
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence, Set
from typing import IO, Any, Optional, Union
from urllib.parse import quote

from ._errors import InvalidArgument

Body = Union[bytes, bytearray, memoryview, str]
Data = Union[Body, IO[bytes], IO[str], Iterable[bytes]]
AsyncData = Union[Data, AsyncIterable[bytes]]
Headers = Union[Mapping[str, str], Iterable[tuple[str, str]]]
_Param = Union[str, int, float, bool, None]
_ParamOrMore = Union[_Param, Sequence[_Param]]
_Pair = tuple[str, _ParamOrMore]
Params = Union[Mapping[str, _ParamOrMore], Sequence[_Pair], Set[_Pair], Iterator[_Pair]]
"""Not an ``Iterable`` of pairs: a mapping is an iterable too, and mypy could not tell which one a
``{…}`` of mixed values is to be."""

_encode_json = _json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def text(value: str, name: str) -> bytes:
    """UTF-8 for a ``const char *``."""
    encoded, flaw = b"", ""
    try:
        if isinstance(value, str):
            encoded = value.encode()
            if b"\0" not in encoded:
                return encoded
            flaw = "holds a NUL character"
    except UnicodeEncodeError:
        # Raised below, away from this error, which holds the whole text.
        flaw = "holds a surrogate, which UTF-8 cannot encode"
    kind = type(value).__name__
    del value, encoded
    if flaw:
        raise InvalidArgument(f"{name} {flaw}")
    raise TypeError(f"{name} must be str, not {kind}")


def optional_text(value: Optional[str], name: str) -> Optional[bytes]:
    return None if value is None else text(value, name)


def secret(value: Optional[str], name: str) -> Any:
    """The same for a token, as an object that does not show it."""
    try:
        return None if value is None else ctypes.create_string_buffer(text(value, name))
    finally:
        del value


def body(data: Optional[Data], json: Any) -> Optional[bytes]:
    """A request's body from ``data`` or ``json``; ``None`` when both are ``None``."""
    if json is not None:
        if data is not None:
            raise InvalidArgument("a request takes json or data, not both")
        return _json_text(json)
    if data is None or type(data) is bytes:
        return data
    if isinstance(data, (str, bytes, bytearray, memoryview)):
        return content(data, "data")
    return content(_whole(data), "data")


def _json_text(value: Any) -> bytes:
    try:
        encoded = _encode_json(value)
    except ValueError as error:  # NaN, an infinity, a cycle
        flaw = str(error)
    except RecursionError:
        flaw = "it is nested too deeply"
    else:
        return content(encoded, "json")
    raise InvalidArgument(f"json cannot be encoded: {flaw}")


def _whole(data: Any) -> Any:
    """The whole of a file or of an iterable's parts: it is in memory when it is sent, so that it
    can be sent again."""
    if hasattr(data, "read"):
        return data.read()
    if isinstance(data, Mapping):
        raise TypeError("data must not be a mapping: json= sends one")
    if not isinstance(data, Iterable):
        kind = type(data).__name__
        raise TypeError(f"data must be bytes-like, str, a file or an iterable of bytes, not {kind}")
    return joined(list(data))


def joined(parts: list[Any]) -> bytes:
    """A body of its parts."""
    try:
        return b"".join(parts)
    except TypeError as error:
        flaw = str(error)
    raise TypeError(f"data must be an iterable of bytes: {flaw}")


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
    for name, value in () if params is None else pairs(params, "params"):
        for each in value if _is_more(value) else (value,):
            if each is not None:
                whole += b"&" if b"?" in whole else b"?"
                whole += (
                    _quoted(name, "a parameter's name")
                    + b"="
                    + _quoted(_param(each), "a parameter's value")
                )
    return whole


def _is_more(value: Any) -> bool:
    """Whether a parameter is given several values, which is what any sequence but text does."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _param(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)  # before Python 3.11 the str of an IntEnum is its name
    if isinstance(value, float):
        return str(value)
    if isinstance(value, str):
        return value
    kind = type(value).__name__
    del value
    raise TypeError(
        "a parameter's value must be str, int, float, bool, None or a sequence of these, "
        f"not {kind}"
    )


def _quoted(value: str, name: str) -> bytes:
    return quote(text(value, name), safe="").encode()


def headers(given: Headers) -> list[bytes]:
    """``Name: value`` lines."""
    return [_header(name, value) for name, value in pairs(given, "headers")]


def header_list(defaults: list[bytes], given: Optional[Headers]) -> Any:
    """``Name: value`` strings, NULL-terminated: the lines of a request, and those by default of
    other names."""
    lines = [] if given is None else headers(given)
    if defaults:
        names = {_name(line) for line in lines}
        lines = [line for line in defaults if _name(line) not in names] + lines
    return (ctypes.c_char_p * (len(lines) + 1))(*lines, None) if lines else None


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def pairs(given: Any, name: str) -> Iterable[tuple[Any, Any]]:
    """The pairs of a mapping, or those that are given as such."""
    if isinstance(given, Mapping):
        return given.items()
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a mapping or pairs, not {type(given).__name__}")
    given = list(given)
    for pair in given:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"{name} must be a mapping or pairs: one of them is no pair")
    return given  # type: ignore[no-any-return]


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


def milliseconds(seconds: float, name: str = "timeout") -> int:
    """Seconds as whole milliseconds, at least one."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not 0 < seconds < 1e12:
        raise InvalidArgument(f"{name} must be a positive, finite number of seconds")
    return math.ceil(seconds * 1000)
