"""The base of the exceptions, and how one is made of what the library says. The kinds of them are
in ``_errors.py``."""

from __future__ import annotations

import ctypes
import re
from ctypes import c_void_p
from typing import Any, ClassVar, Optional

from . import _library


class Error(Exception):
    """Anything that the library reports. ``str(error)`` says what was tried, what came back and
    what to do next.

    Attributes:
        status: the number of the kind, a ``TSM_E_…`` of ``tsm.h``.
        status_name: its name, such as ``"TSM_E_SESSION_EXPIRED"``.
        code: the platform's ``errorCode``, gateway code or SOAP ``faultcode`` as sent; ``""`` if
            there was none.
        http_status: the HTTP status of the answer that says so, or ``None`` if there was none.
        retryable: whether the same call may succeed later without anything being changed.
        retry_after: how long the platform asks to wait, in seconds, or ``None`` if it did not say.
        token: the token that was refused, for ``Session.relogin`` or ``Session.renew_api_token``;
            ``None`` where none was, or where it is not known, as in ``thingspace_session.check``.
        response: the answer that the error is about: the ``Response`` whose ``raise_for_status``
            raised it, or the HTTP client's own of an error that an adapter raised; else ``None``.
    """

    _KINDS: ClassVar[dict[int, type[Error]]] = {}
    _STATUS: ClassVar[int] = 99

    def __init_subclass__(cls, status: Optional[int] = None) -> None:
        super().__init_subclass__()
        if status is not None:
            cls._STATUS = status
            Error._KINDS[status] = cls

    status: int
    code: str
    http_status: Optional[int]
    retryable: bool
    retry_after: Optional[float]
    token: Optional[str] = None
    response: Any

    def __init__(
        self,
        message: str = "",
        *,
        status: Optional[int] = None,
        code: str = "",
        http_status: Optional[int] = None,
        retryable: bool = False,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.status = self._STATUS if status is None else status
        self.code = code
        self.http_status = http_status
        self.retryable = retryable
        self.retry_after = retry_after
        self.response = None

    @property
    def status_name(self) -> str:
        """The name of the status, such as ``"TSM_E_SESSION_EXPIRED"``."""
        return bytes(_library.status_name(self.status)).decode()

    def __reduce__(self) -> tuple[Any, ...]:
        # The keyword arguments travel as state, so that errors cross process pools.
        return type(self), self.args, {**self.__dict__, "response": None}


class GuardWarning(UserWarning):
    """The lockout guard protects less than it should, such as one whose store forgets. The message
    says why and what to do."""


_BAD_HANDLE = re.compile("`(session|exchange)` was closed or freed")
"""Words for C, where a handle may be wrong in more ways."""


def take_error(status: int, handle: c_void_p) -> Error:
    """The exception for a status and its ``tsm_error``, which is freed."""
    try:
        kind = Error._KINDS.get(status, Error)
        retry_after_ms = _library.error_retry_after_ms(handle)
        message = _text(_library.error_message(handle)) or kind.__doc__ or ""
        closed = _BAD_HANDLE.match(message)
        error = kind(
            f"the {closed[1]} is closed" if closed else message,
            status=status,
            code=_text(_library.error_code(handle)),
            http_status=_library.error_http_status(handle) or None,
            retryable=bool(_library.error_retryable(handle)),
            retry_after=None if retry_after_ms < 0 else retry_after_ms / 1000,
        )
        token = _refused_token(handle)
        if token:
            error.token = token
        return error
    finally:
        _library.error_free(handle)


def _refused_token(handle: c_void_p) -> str:
    buffer = ctypes.create_string_buffer(_library.API_TOKEN_MAX)
    return "" if _library.error_token(handle, buffer, len(buffer)) else buffer.value.decode()


def _text(value: Optional[bytes]) -> str:
    return (value or b"").decode("utf-8", "replace")
