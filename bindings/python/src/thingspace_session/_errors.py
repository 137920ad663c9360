"""The exceptions, all under ``Error``: one for each status that a program may act on.

Made by `make generate` from the tables in Rust: change those.
"""

from __future__ import annotations

from ._error import Error

__all__ = [
    "AccountLocked",
    "ApiTokenError",
    "Cancelled",
    "CredentialsRejected",
    "Error",
    "Forked",
    "InternalError",
    "InvalidArgument",
    "LoginBlocked",
    "NetworkError",
    "NotLoggedIn",
    "PlatformError",
    "ProtocolError",
    "RateLimited",
    "SessionClosed",
    "SessionTokenExpired",
    "StoreError",
    "TLSError",
    "Timeout",
    "Unavailable",
]


class InvalidArgument(Error, ValueError, status=1):
    """An argument or option is missing, unknown, contradicts another or has a bad value; the
    message names it. Nothing was sent.
    """


class SessionClosed(Error, status=2):
    """The session, or another handle, was closed or freed, is NULL, or never was one of its
    kind.
    """


class CredentialsRejected(Error, status=10):
    """The platform rejected the username or password. This password is not sent again: correct
    it, do not retry.
    """


class AccountLocked(Error, status=11):
    """The platform says that the contact is locked. Only Verizon's support can unlock it."""


class LoginBlocked(Error, status=12):
    """The lockout guard refused a login, to keep the account from being locked. Nothing was
    sent; the message says why and what to do.
    """


class SessionTokenExpired(Error, status=13):
    """The platform refused the session token, and logging in again is off, did not help, or came
    too late for a body that can be sent only once. The error holds that token: log in again
    with it (which sends nothing where that was done), then make the request again.
    """


class ApiTokenError(Error, status=14):
    """No API token is to be had, or the platform rejects it: check app_key and app_secret, or
    api_token. The error holds the token that was rejected.
    """


class NotLoggedIn(Error, status=15):
    """The session was logged out, or has not logged in yet. Log in to go on."""


class PlatformError(Error, status=20):
    """Any other error or SOAP fault of the platform. The error holds its code, which the
    platform's page "Error Messages" explains.
    """


class RateLimited(Error, status=21):
    """The platform asks for fewer requests (HTTP 429). Try again later; the error may say when."""


class Unavailable(Error, status=22):
    """The platform failed (HTTP 5xx) without an error of its own. Try again later; the error may
    say when.
    """


class ProtocolError(Error, status=23):
    """The answer is not what the platform documents: malformed, without a token, too large.
    Check base_url, and what stands between.
    """


class NetworkError(Error, ConnectionError, status=30):
    """The platform could not be reached, or the connection broke. What was sent may have been
    acted on.
    """


class Timeout(Error, TimeoutError, status=31):
    """The call's time ran out. What was sent may have been acted on."""


class TLSError(Error, status=32):
    """The TLS handshake failed, or the server's certificate is not to be trusted."""


class Cancelled(Error, status=33):
    """The call or its session was cancelled. What was sent may have been acted on."""


class StoreError(Error, status=40):
    """The store cannot be reached, read or written. The message names it and says what to do."""


class Forked(Error, status=41):
    """The session was made before this process was forked. Make a new one in the child."""


class InternalError(Error, status=99):
    """A defect of this library: report it, with the message. The process and other sessions are
    unharmed.
    """
