"""The answer to a request. Status and content are copied at once, headers when first asked for."""

from __future__ import annotations

import ctypes
import json as _json
import threading
from collections.abc import Iterator, Mapping
from ctypes import byref, c_char_p, c_size_t, c_void_p
from typing import Any, Optional

from . import _library
from ._errors import take_error

_reading_headers = threading.Lock()  # a tsm_response is for one thread at a time


class Headers(Mapping[str, str]):
    """The headers of an answer: a mapping that does not mind the case of names.

    The values of a repeated header are joined by ``", "``; ``get_list`` gives them one by one.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_list(self, name: str) -> list[str]:
        """All values of a header in the order they came; empty if there is none of that name."""
        return list(self._values.get(name.lower(), ()))


class Response:
    """An answer of the platform, whatever its status. It may be used from any thread, also after its session is closed.

    Attributes:
        status_code: the HTTP status.
        content: the body, as bytes. For ``Session.soap``, the whole envelope.
    """

    __slots__ = ("__weakref__", "_handle", "_headers", "content", "status_code")

    status_code: int
    content: bytes

    def __init__(self, handle: c_void_p) -> None:
        self._handle = handle
        self._headers: Optional[Headers] = None
        length = c_size_t()
        self.status_code = _library.response_status(handle)
        body = _library.response_body(handle, byref(length))
        self.content = ctypes.string_at(body, length.value) if body else b""

    def __del__(self, free: Any = _library.response_free) -> None:
        # Bound at definition: globals may be gone when the interpreter exits. An unfinished object has no handle.
        handle = getattr(self, "_handle", None)
        if handle is not None:
            free(handle)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def headers(self) -> Headers:
        """The headers, by name in any case."""
        if self._headers is None:
            with _reading_headers:
                if self._headers is None:
                    self._headers = Headers(_read_headers(self._handle))
        return self._headers

    @property
    def text(self) -> str:
        """The body as text, by the charset of ``Content-Type`` or else UTF-8; what does not decode is replaced."""
        charset = _charset(self.headers.get("content-type", ""))
        try:
            return self.content.decode(charset, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self, **options: Any) -> Any:
        """The body as JSON; ``options`` go to ``json.loads``. Raises ``ValueError`` if it is none."""
        return _json.loads(self.content, **options)

    def raise_for_status(self) -> Response:
        """Raises the typed error that a bad answer stands for; gives the response itself back if it is a good one.

        Raises:
            PlatformError: the answer carries an ``errorCode`` or is a SOAP fault.
            RateLimited: 429, or the gateway's word for it.
            Unavailable: 5xx without a platform error.
            Error: any other kind, where the answer says so.
        """
        error = c_void_p()
        status = _library.response_check(self._handle, byref(error))
        if status:
            raise take_error(status, error)
        return self


def _read_headers(handle: c_void_p) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    name, value = c_char_p(), c_char_p()
    while not _library.response_header_at(handle, len(pairs), byref(name), byref(value)):
        pairs.append(((name.value or b"").decode("latin-1"), (value.value or b"").decode("utf-8", "replace")))
    return pairs


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or "utf-8"
    return "utf-8"
