"""One request of a program with an HTTP client of its own: which tokens go with it, what its
answers mean, and when to send it again. The library decides; this only asks."""

from __future__ import annotations

from ctypes import byref, c_char, c_int32, c_size_t, c_void_p
from types import TracebackType
from typing import Any, NoReturn, Optional, TypeVar

from . import _library, _session, _values
from ._call import Cancellation
from ._error import take_error
from ._values import Body

_SessionToken = c_char * _library.TOKEN_MAX
_SESSION_TOKEN_MAX = c_size_t(_library.TOKEN_MAX)
_ApiToken = c_char * _library.API_TOKEN_MAX
_API_TOKEN_MAX = c_size_t(_library.API_TOKEN_MAX)

_Kind = TypeVar("_Kind", bound="ExchangeBase")


class Tokens:
    """The tokens to send a request with.

    Attributes:
        session_token: the session token; with SOAP it goes into the envelope's header.
        api_token: the API token; ``""`` with SOAP.
        headers: the request headers that carry the two; empty with SOAP.
    """

    __slots__ = ("_kept", "api_token", "headers", "session_token")

    session_token: str
    api_token: str
    headers: dict[str, str]
    _kept: Any  # what an adapter makes of the headers, once

    def __init__(self, session_token: str, api_token: str, session_token_header: str) -> None:
        self.session_token = session_token
        self.api_token = api_token
        self.headers = {}
        if api_token:
            self.headers["Authorization"] = f"Bearer {api_token}"
            self.headers[session_token_header] = session_token
        self._kept = None


class ExchangeBase:
    """What an exchange does that never waits; ``renew`` is for its kinds."""

    __slots__ = ("__weakref__", "_handle", "_owner", "_proved", "_sent")

    _handle: Optional[c_void_p]
    _owner: _session.Session
    _sent: Optional[Tokens]  # the tokens that it gave last
    _proved: bool  # whether an answer has shown that the platform takes these

    def __init__(self, session: _session.Session, url: Optional[str] = None) -> None:
        self._owner = session
        self._sent = None
        self._proved = False
        handle, error = c_void_p(), c_void_p()
        status = _library.exchange_new(
            session._handle, _values.optional_text(url, "url"), byref(handle), byref(error)
        )
        if status:
            raise take_error(status, error)
        self._handle = handle

    def __enter__(self: _Kind) -> _Kind:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self, free: Any = _library.exchange_free) -> None:
        # Bound at definition: globals may be gone when the interpreter exits.
        handle = getattr(self, "_handle", None)
        if handle is not None:
            free(handle)

    def __repr__(self) -> str:
        return f"<thingspace_session.{type(self).__name__} of {self._owner!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an exchange cannot be copied or pickled")

    def tokens(self) -> Optional[Tokens]:
        """The tokens to send now; ``None`` when something must be renewed first, such as an API
        token whose time is up: call ``renew``, then ask again. Never waits.

        A request that found no answer, because the network failed, may be sent again with the
        tokens that this gives then.

        Raises:
            NotLoggedIn: after ``Session.logout``.
            InvalidArgument: the request was answered already.
            SessionClosed, Forked
        """
        session_token, api_token = _SessionToken(), _ApiToken()
        next_step, error = c_int32(), c_void_p()
        status = _library.exchange_tokens(
            self._handle,
            session_token,
            _SESSION_TOKEN_MAX,
            api_token,
            _API_TOKEN_MAX,
            byref(next_step),
            byref(error),
        )
        if status:
            raise take_error(status, error)
        if next_step.value != _library.NEXT_SEND:
            return None
        self._proved = False
        self._sent = Tokens(
            session_token.value.decode(),
            api_token.value.decode(),
            self._owner.session_token_header,
        )
        return self._sent

    def body_max(self, status: int) -> int:
        """How many bytes of the body of an answer of this HTTP status ``answered`` has to see.

        0 is none: the body need not be read before the answer is passed on. Of a longer body give
        ``answered`` one byte more than this, or all of it.
        """
        size: int = _library.exchange_body_max(self._handle, c_int32(_values.http_status(status)))
        return size

    def answered(self, status: int, body: Body = b"") -> bool:
        """Judges the answer to what was sent with the tokens. Never waits.

        Args:
            status: the HTTP status.
            body: as much of the body as ``body_max`` asks for.

        Returns:
            ``True`` when a token was refused and another is to be had: call ``renew``, then send
            again. ``False`` when the answer is yours, be it good or bad; ``check`` makes an error
            of a bad one.

        Raises:
            TypeError, InvalidArgument: an argument is none, or nothing was sent.
            SessionClosed, Forked
        """
        data = _values.content(body, "body")
        next_step, error = c_int32(), c_void_p()
        failed = _library.exchange_answered(
            self._handle,
            c_int32(_values.http_status(status)),
            data,
            c_size_t(len(data)),
            byref(next_step),
            byref(error),
        )
        if failed:
            raise take_error(failed, error)
        return next_step.value == _library.NEXT_RENEW

    def _again(self) -> bool:
        """Begins another request, to where the one before went, with the tokens of that one; or
        says that another exchange is needed for it.

        An answer of whose body ``body_max`` wants nothing need not be told to ``answered`` then.
        """
        self._proved = _library.exchange_again(self._handle) != 0
        return self._proved

    def close(self) -> None:
        """Frees the exchange. It sends nothing, and may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            _library.exchange_free(handle)


class Exchange(ExchangeBase):
    """One request that an HTTP client of your own sends, resends included; made by
    ``Session.exchange``.

    It says which tokens to send, what an answer means and when to send again, by the rules that
    ``Session.request`` follows::

        with session.exchange(url) as exchange:
            while True:
                tokens = exchange.tokens()
                if tokens is not None:
                    answer = …      # yours: sends the request with tokens.headers
                    if not exchange.answered(answer.status, answer.body):
                        break       # the answer is yours, be it good or bad
                exchange.renew()

    Only ``renew`` may wait; the other methods may be called in an event loop. An exchange is for
    one thread at a time: a second one inside gets ``InvalidArgument``. Let your client follow no
    redirect with these headers.

    It closes itself when it is dropped, and may be used as a context manager.
    """

    __slots__ = ()

    def renew(
        self,
        can_resend: bool = True,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> None:
        """Does what is due: fetches an API token, renews the one that was refused, or logs in
        again. May wait. After a failure it may be called again.

        Args:
            can_resend: ``False`` if the request's body cannot be sent twice. All that may be at
                fault is renewed then, and the refusal is raised: make the request again with a
                fresh body.
            timeout: seconds for this call, in place of the session's ``timeout``.
            cancel: ends the call from another thread; a login that others wait for goes on.

        Raises:
            SessionTokenExpired, ApiTokenError: the refusal, with the token that was refused, when
                ``can_resend`` is ``False``; or no API token is to be had.
            NotLoggedIn: after ``Session.logout``, which is not undone.
            InvalidArgument: nothing is to be renewed.
            Whatever ``Session.relogin`` raises.
        """
        self._owner._run_on(
            self._handle, _library.exchange_renew, (bool(can_resend),), timeout, cancel
        )
