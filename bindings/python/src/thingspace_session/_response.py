"""The answer to a request, as plain data: nothing of the library's is held."""

from __future__ import annotations

import copy
import ctypes
import json as _json
from collections.abc import Iterator, Mapping
from ctypes import byref, c_size_t, c_void_p
from typing import Any, Optional, Union

from . import _library
from ._error import Error, take_error


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
        return ", ".join(self._values[_folded(name)])

    def __contains__(self, name: object) -> bool:
        return _folded(name) in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_list(self, name: str) -> list[str]:
        """All values of a header in the order they came; empty if there is none of that name."""
        return list(self._values.get(_folded(name), ()))


class Response:
    """An answer of the platform, whatever its status. It can be copied and pickled, and used from
    any thread.

    Attributes:
        status_code: the HTTP status.
        content: the body, as bytes. For ``Session.soap``, the whole envelope.
    """

    __slots__ = ("__weakref__", "_error", "_headers", "content", "status_code")

    status_code: int
    content: bytes

    def __init__(
        self, status_code: int, headers: bytes, content: bytes, error: Optional[Error]
    ) -> None:
        self.status_code = status_code
        self.content = content
        self._headers: Union[bytes, Headers] = (
            headers  # as the library gives them, until they are asked for
        )
        self._error = error

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def headers(self) -> Headers:
        """The headers, by name in any case."""
        headers = self._headers
        if isinstance(headers, bytes):
            parts = headers.decode("utf-8", "replace").split("\0")
            self._headers = headers = Headers(list(zip(parts[::2], parts[1::2])))
        return headers

    @property
    def text(self) -> str:
        """The body as text, by the charset of ``Content-Type`` or else UTF-8; what does not decode
        is replaced."""
        charset = _charset(self.headers.get("content-type", ""))
        try:
            return self.content.decode(charset, "replace")
        except (
            LookupError,
            ValueError,
        ):  # no such charset, or a codec of Python's that is none or cannot replace
            return self.content.decode("utf-8", "replace")

    def json(self, **options: Any) -> Any:
        """The body as JSON; ``options`` go to ``json.loads``. Raises ``ValueError`` if it is
        none."""
        return _json.loads(self.content, **options)

    def raise_for_status(self) -> Response:
        """Raises the typed error that a bad answer stands for; gives the response itself back if it
        is a good one.

        Raises:
            PlatformError: the answer carries an ``errorCode`` or is a SOAP fault.
            RateLimited: 429, or the gateway's word for it.
            Unavailable: 5xx without a platform error.
            Error: any other kind, where the answer says so.
        """
        if self._error is not None:
            raise copy.copy(self._error)  # each with a traceback of its own
        return self


def take_response(handle: c_void_p) -> Response:
    """The answer that a ``tsm_response`` holds, which is freed."""
    try:
        length, error = c_size_t(), c_void_p()
        content = ctypes.string_at(_library.response_body(handle, byref(length)), length.value)
        headers = ctypes.string_at(_library.response_headers(handle, byref(length)), length.value)
        status = _library.response_check(handle, byref(error))
        return Response(
            _library.response_status(handle),
            headers,
            content,
            take_error(status, error) if status else None,
        )
    finally:
        _library.response_free(handle)


def _folded(name: Any) -> Any:
    return name.lower() if isinstance(name, str) else name


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or "utf-8"
    return "utf-8"
