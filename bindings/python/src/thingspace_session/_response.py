"""The answer to a request, as plain data: nothing of the library's is held."""

from __future__ import annotations

import copy
import ctypes
import json as _json
from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref, c_size_t, c_void_p
from datetime import timedelta
from typing import Any, Optional, Union

from . import _library, _values
from ._error import Error, take_error
from ._errors import InvalidArgument


class Headers(Mapping[str, str]):
    """The headers of an answer: a mapping that does not mind the case of names.

    The values of a repeated header are joined by ``", "``; ``get_list`` gives them one by one.
    """

    __slots__ = ("_values",)

    _values: dict[str, list[str]]

    def __init__(self, given: Union[Mapping[str, str], Iterable[tuple[str, str]]] = ()) -> None:
        self._values = {}
        for name, value in _values.pairs(given, "headers"):
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError("a header's name and value must be str")
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[_folded(name)])

    def __contains__(self, name: object) -> bool:
        return _folded(name) in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self) == {_folded(name): value for name, value in other.items()}

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_list(self, name: str) -> list[str]:
        """All values of a header in the order they came; empty if there is none of that name."""
        return list(self._values.get(_folded(name), ()))


def check(
    status: int,
    body: Union[bytes, bytearray, memoryview, str],
    *,
    retry_after: Optional[str] = None,
) -> None:
    """Tells what an answer stands for that an HTTP client of your own got. Sends nothing.

    Returns for a good answer and raises the error that a bad one stands for. A 401 that names
    neither token is ``SessionTokenExpired``: either may be meant. What to renew, and whether to
    send again, an exchange says: ``Session.exchange``.

    Args:
        status: the HTTP status.
        body: the answer's body: JSON, or a SOAP envelope.
        retry_after: the answer's header ``Retry-After``, if it has one: the error's ``retry_after``
            comes of it.
    """
    data = _values.content(body, "body")
    when = _values.optional_text(retry_after, "retry_after")
    error = c_void_p()
    outcome = _library.check_answer(
        _values.http_status(status), when, data, len(data), byref(error)
    )
    if outcome:
        raise take_error(outcome, error)


class Response:
    """An answer of the platform, whatever its status. It can be copied and pickled, and used from
    any thread.

    Sessions make them; a program's tests may, too: ``Response(200, content=b"{}")``.

    Attributes:
        status_code: the HTTP status.
        content: the body, as bytes. For ``Session.soap``, the whole envelope.
        url: where the request went.
    """

    __slots__ = ("__weakref__", "_error", "_headers", "_seconds", "content", "status_code", "url")

    status_code: int
    content: bytes
    url: str
    _headers: Union[bytes, Headers]
    """As the library gives them, until they are asked for."""
    _seconds: float
    _error: Optional[Error]

    def __init__(
        self,
        status_code: int,
        *,
        content: Union[bytes, bytearray, memoryview, str] = b"",
        headers: Union[Mapping[str, str], Iterable[tuple[str, str]]] = (),
        url: str = "",
        elapsed: timedelta = timedelta(0),
    ) -> None:
        if not isinstance(elapsed, timedelta):
            raise TypeError(f"elapsed must be a timedelta, not {type(elapsed).__name__}")
        self.status_code = status_code
        self.content = _values.content(content, "content")
        self.url = url
        self._headers = Headers(headers)
        self._seconds = elapsed.total_seconds()
        self._error = None
        try:
            check(status_code, self.content, retry_after=self._headers.get("retry-after"))
        except InvalidArgument:
            raise
        except Error as error:
            self._error = error.with_traceback(None)

    @classmethod
    def _of(
        cls,
        status_code: int,
        headers: bytes,
        content: bytes,
        error: Optional[Error],
        url: str,
        seconds: float,
    ) -> Response:
        self = object.__new__(cls)
        self.status_code = status_code
        self.content = content
        self.url = url
        self._headers = headers
        self._seconds = seconds
        self._error = error
        return self

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    @property
    def elapsed(self) -> timedelta:
        """How long the call took, what had to be renewed included."""
        return timedelta(seconds=self._seconds)

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
            self._headers = headers = Headers(zip(parts[::2], parts[1::2]))
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
        """The body as JSON, which is UTF-8, or else of the charset that ``Content-Type`` names;
        ``options`` go to ``json.loads``. Raises ``ValueError`` if it is none."""
        try:
            return _json.loads(self.content, **options)
        except UnicodeDecodeError:
            text = self.text
            if "\ufffd" in text:  # it is not of that charset either
                raise
        return _json.loads(text, **options)

    def raise_for_status(self) -> Response:
        """Raises the typed error that a bad answer stands for, with this response as its
        ``response``; gives the response itself back if it is a good one.

        Raises:
            PlatformError: the answer carries an ``errorCode`` or is a SOAP fault.
            RateLimited: 429, or the gateway's word for it.
            Unavailable: 5xx without a platform error.
            Error: any other kind, where the answer says so.
        """
        if self._error is not None:
            raise self._about_this(self._error)
        return self

    def _about_this(self, error: Error) -> Error:
        own = copy.copy(error)  # each with a traceback of its own
        own.response = self
        return own


def take_response(handle: c_void_p, url: str, seconds: float) -> Response:
    """The answer that a ``tsm_response`` holds, which is freed."""
    try:
        length, error = c_size_t(), c_void_p()
        content = ctypes.string_at(_library.response_body(handle, byref(length)), length.value)
        headers = ctypes.string_at(_library.response_headers(handle, byref(length)), length.value)
        status = _library.response_check(handle, byref(error))
        return Response._of(
            _library.response_status(handle),
            headers,
            content,
            take_error(status, error) if status else None,
            url,
            seconds,
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
