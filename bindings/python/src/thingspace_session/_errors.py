"""The exceptions: one for each kind of failure that a program may want to act on, all under
``Error``."""

from __future__ import annotations

import ctypes
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
        response: for errors raised by an adapter, the HTTP client's own answer that the error is
            about; else ``None``.
    """

    _STATUS: ClassVar[int] = 99

    status: int
    code: str
    http_status: Optional[int]
    retryable: bool
    retry_after: Optional[float]
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
        return bytes(_library.status_name(self.status)).decode()

    def __reduce__(self) -> tuple[Any, ...]:
        # The keyword arguments travel as state, so that errors cross process pools.
        return type(self), self.args, {**self.__dict__, "response": None}


class InvalidArgument(Error, ValueError):
    """An argument or option has a value that cannot work. Nothing was sent."""

    _STATUS = 1


class SessionClosed(Error):
    """The session was closed, before or during the call."""

    _STATUS = 2


class CredentialsRejected(Error):
    """The platform rejected the username or password. The library will not send this password
    again."""

    _STATUS = 10


class AccountLocked(Error):
    """The platform says that the contact is locked. Only Verizon's support unlocks it."""

    _STATUS = 11


class LoginBlocked(Error):
    """The library refused to try a login, to keep the account from being locked. Nothing was sent.

    The message says why, since when and what to do; ``thingspace_session.unblock`` forgets the
    count.
    """

    _STATUS = 12


class SessionTokenExpired(Error):
    """The session token expired, and renewing it is off or was of no help.

    Attributes:
        token: the token that was refused, for ``Session.relogin``; ``None`` where it is not known,
            as in ``thingspace_session.check``.
    """

    _STATUS = 13
    token: Optional[str] = None


class ApiTokenError(Error):
    """There is no API token to be had, or the one there is was rejected.

    Attributes:
        token: the API token that was refused, for ``Session.renew_api_token``; ``None`` where it is
            not known.
    """

    _STATUS = 14
    token: Optional[str] = None


class NotLoggedIn(Error):
    """The session was logged out. ``Session.relogin`` logs in again."""

    _STATUS = 15


class PlatformError(Error):
    """The platform refused the request for a reason of its own: see ``code``."""

    _STATUS = 20


class RateLimited(Error):
    """The platform asks for fewer requests: see ``retry_after``. The library never waits by
    itself."""

    _STATUS = 21


class Unavailable(Error):
    """The platform answered 5xx without saying what is wrong."""

    _STATUS = 22


class ProtocolError(Error):
    """The answer is not what the platform documents: malformed, without a token, or too large."""

    _STATUS = 23


class NetworkError(Error):
    """The platform could not be reached, or the connection broke."""

    _STATUS = 30


class Timeout(Error, TimeoutError):
    """The call's time ran out."""

    _STATUS = 31


class TLSError(Error):
    """The server's certificate or the TLS handshake is not acceptable."""

    _STATUS = 32


class Cancelled(Error):
    """The call was ended by ``Session.cancel`` or by a ``Cancellation``."""

    _STATUS = 33


class StoreError(Error):
    """The store of the login guard or of the shared token could not be used."""

    _STATUS = 40


class Forked(Error):
    """The session was made before ``fork()``. A child process logs in for itself."""

    _STATUS = 41


class InternalError(Error):
    """A defect of thingspace_session. The process and other sessions are unharmed."""

    _STATUS = 99


_KINDS = {
    kind._STATUS: kind
    for kind in (
        InvalidArgument, SessionClosed, CredentialsRejected, AccountLocked, LoginBlocked,
        SessionTokenExpired, ApiTokenError, NotLoggedIn, PlatformError, RateLimited, Unavailable,
        ProtocolError, NetworkError, Timeout, TLSError, Cancelled, StoreError, Forked,
        InternalError,
    )
}  # fmt: skip


def take_error(status: int, handle: c_void_p) -> Error:
    """The exception for a status and its ``tsm_error``, which is freed."""
    try:
        message = _message(status, _text(_library.error_message(handle)))
        retry_after_ms = _library.error_retry_after_ms(handle)
        error = _KINDS.get(status, Error)(
            message,
            status=status,
            code=_text(_library.error_code(handle)),
            http_status=_library.error_http_status(handle) or None,
            retryable=bool(_library.error_retryable(handle)),
            retry_after=None if retry_after_ms < 0 else retry_after_ms / 1000,
        )
        if isinstance(error, (SessionTokenExpired, ApiTokenError)):
            error.token = _refused_token(handle)
        return error
    finally:
        _library.error_free(handle)


def _message(status: int, text: str) -> str:
    """The library's words, as far as they are for Python."""
    if status == SessionClosed._STATUS:
        return "the session is closed"  # no other handle is let out of this package
    return text or _text(_library.status_name(status))


def _refused_token(handle: c_void_p) -> Optional[str]:
    buffer = ctypes.create_string_buffer(_library.API_TOKEN_MAX)
    if _library.error_token(handle, buffer, len(buffer)):
        return None
    return buffer.value.decode() or None


def _text(value: Optional[bytes]) -> str:
    return (value or b"").decode("utf-8", "replace")
