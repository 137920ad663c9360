"""The session: one ThingSpace login, kept alive, used from any thread."""

from __future__ import annotations

import ctypes
import json as _json
from ctypes import byref, c_char, c_size_t, c_void_p
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional

from . import _call, _event, _exchange, _library, _log, _values
from ._call import Cancellation, Limits
from ._config import configured, header_lines, takes_options
from ._error import take_error
from ._errors import Cancelled, SessionClosed
from ._event import Listener, OnEvent
from ._response import Response, take_response
from ._values import Body, Data, Headers, Params

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import Options

_Asked = tuple[Callable[..., int], tuple[Any, ...], str, Optional[bytes]]
"""A request on its way into the library: the function, its arguments up to the body, where it goes,
and the body."""

_TokenBuffer = c_char * _library.TOKEN_MAX
_TOKEN_MAX = c_size_t(_library.TOKEN_MAX)


@takes_options
def login(
    *,
    headers: Optional[Headers] = None,
    load_env: bool = True,
    cancel: Optional[Cancellation] = None,
    on_event: Optional[OnEvent] = None,
    **options: Unpack[Options],
) -> Session:
    """Logs in and gives the session.

    Needed are ``username`` and ``password`` and, for REST, ``api_token`` or ``app_key`` with
    ``app_secret``. Log lines go to ``logging.getLogger("thingspace_session")``, as detailed as that
    logger lets through at the time.

    Args:
        headers: what every ``Session.request`` sends where its own ``headers`` say nothing else: a
            mapping or pairs. What none may send is an ``InvalidArgument``, and so are headers of a
            session with ``protocol="soap"``.
        load_env: whether options that are not given are looked for in the environment
            (``TSM_USERNAME``, …).
        cancel: ends the login from another thread.
        on_event: is called with each ``Event`` of the session, on a thread that is in one of its
            calls; several may call it at once. ``thingspace_session.opentelemetry`` has one ready.

    Raises:
        TypeError: an option is of the wrong Python type.
        InvalidArgument: options are missing, unknown or contradict each other. Nothing was sent.
        CredentialsRejected, AccountLocked: the platform's answer to the login.
        LoginBlocked: nothing was sent, to keep the account from being locked.
        ApiTokenError: no API token could be had.
        Timeout, NetworkError, TLSError, Unavailable, RateLimited, ProtocolError, PlatformError,
        StoreError, Cancelled

    Warns:
        GuardWarning: the lockout guard protects less than it should. Where a filter makes an error
            of it, that goes to ``sys.unraisablehook``: no login that was sent is lost for it.
    """
    return _begin(_library.login, headers, load_env, cancel, on_event, options)


@takes_options
def open_session(
    *,
    headers: Optional[Headers] = None,
    load_env: bool = True,
    cancel: Optional[Cancellation] = None,
    on_event: Optional[OnEvent] = None,
    **options: Unpack[Options],
) -> Session:
    """Gives a session that logs in when its first request needs it, or by ``relogin``: for programs
    that must start whether or not the platform can be reached. However many threads need it first,
    one login is sent. All options are checked now; nothing is sent.

    Until then ``session.token`` raises ``NotLoggedIn``. What ``login`` raises is raised by the
    request that logs in, and its warnings are told by that one. Takes what ``login`` takes; so a
    login is ended from another thread by the ``cancel`` of the request.

    Raises:
        TypeError: an option is of the wrong Python type.
        InvalidArgument: options are missing, unknown or contradict each other.
        Timeout, TLSError, StoreError, Cancelled
    """
    return _begin(_library.open, headers, load_env, cancel, on_event, options)


def _begin(
    function: Callable[..., int],
    headers: Optional[Headers],
    load_env: bool,
    cancel: Optional[Cancellation],
    on_event: Optional[OnEvent],
    options: Options,
) -> Session:
    warnings = _log.Warnings()
    with configured(login, load_env, options) as config:
        lines = header_lines(config, headers)
        level = _log.configure(config)
        listener = _event.listen(config, on_event)
        handle = c_void_p()
        try:
            begin = with_headers(warnings.heard_in(function), lines)
            _run(begin, config, (byref(handle),), None, cancel)
            session = Session._of(handle, lines, level, warnings)
            session._listener = listener
        except BaseException:
            _library.free(handle)
            warnings.tell()
            raise
    session._tell(warnings)
    return session


def with_headers(function: Callable[..., int], lines: list[bytes]) -> Callable[..., int]:
    """The function that makes a session of a config, but only where the headers of all its requests
    are some that can be sent: what a session that is not logged in yet can tell."""
    if not lines:
        return function

    def begin(config: c_void_p, call: c_void_p, session: Any, error: Any) -> int:
        trial, exchange = c_void_p(), c_void_p()
        headers = _values.header_list(lines, None)
        try:
            return (
                _library.open(config, call, byref(trial), error)
                or _library.exchange_request(
                    trial, b"GET", b"/", headers, 0, byref(exchange), error
                )
                or function(config, call, session, error)
            )
        finally:
            _library.exchange_free(exchange)
            _library.free(trial)

    return begin


@takes_options
def unblock(*, load_env: bool = True, **options: Unpack[Options]) -> None:
    """Forgets the failed logins that the guard counted for a username, and the passwords it
    remembers as rejected.

    To be used by a person who knows that the password is right now, or that the contact was
    unlocked. Logins of unknown fate count on until they are five minutes old, since the platform
    may still judge them. What was forgotten is told to the log, as information.

    Takes the options that the login takes; those that name the endpoint, the username and the store
    matter. It waits for a login under way, ``timeout`` at most, and Ctrl-C does not end that.

    Raises:
        TypeError, InvalidArgument: as ``login``.
        Timeout, StoreError: the store could not be used.
    """
    with configured(unblock, load_env, options) as config:
        _log.configure(config)
        _run(lambda config, _call, error: _library.unblock(config, error), config, (), None, None)


class Session:
    """A ThingSpace session, made by ``thingspace_session.login`` or ``open_session``.

    All methods may be called from any thread at the same time. A call that waits releases the GIL;
    in the main thread Ctrl-C ends it with ``KeyboardInterrupt`` and the session stays usable.

    As a context manager it is closed at the end. Closing frees what the session holds here and
    sends nothing: it never logs out, so that others with the same token go on; ``logout`` does
    that.

    After ``fork`` the child gets ``Forked`` from an inherited session and makes its own with
    ``thingspace_session.login``.
    """

    __slots__ = (
        "__weakref__",
        "_handle",
        "_headers",
        "_listener",
        "_log_level",
        "_protocol",
        "_session_token_header",
        "_timeout",
        "_url",
        "_warnings",
    )

    _handle: Optional[c_void_p]
    _headers: list[bytes]
    _listener: Optional[Listener]
    _log_level: int
    _protocol: str
    _session_token_header: str
    _timeout: float
    _url: str
    _warnings: Optional[_log.Warnings]  # until it has logged in

    if not TYPE_CHECKING:  # which is to refuse any argument

        def __new__(cls, *given: Any, **options: Any) -> Session:
            options.clear()  # no traceback shall show them
            del given
            raise TypeError("a session is made by thingspace_session.login or open_session")

    @classmethod
    def _of(
        cls, handle: c_void_p, headers: list[bytes], log_level: int, warnings: _log.Warnings
    ) -> Session:
        self = object.__new__(cls)
        self._warnings = warnings
        self._handle = handle
        self._headers = headers
        self._log_level = log_level
        facts = self.info()
        self._protocol = facts["protocol"]
        self._session_token_header = facts["session_token_header"]
        self._timeout = facts["timeout_ms"] / 1000
        self._url = facts["soap_url" if self._protocol == "soap" else "base_url"]
        return self

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self, free: Any = _library.free) -> None:
        # Bound at definition: globals may be gone when the interpreter exits. In a child it only
        # drops the handle.
        handle = getattr(self, "_handle", None)
        if handle is not None:
            free(handle)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be copied or pickled: each process logs in for itself")

    def __repr__(self) -> str:
        return f"<thingspace_session.Session {'closed' if self._handle is None else self._url}>"

    # -- what a program is here for

    @property
    def token(self) -> str:
        """The session token held, for the header ``session_token_header``. Never uses the network
        nor waits for a renewal.

        Raises:
            NotLoggedIn: after ``logout``, and before the first login.
            SessionClosed, Forked
        """
        buffer = _TokenBuffer()
        if _library.token(self._handle, buffer, _TOKEN_MAX, None):
            # Once more, for the words.
            error = c_void_p()
            status = _library.token(self._handle, buffer, _TOKEN_MAX, byref(error))
            if status:
                raise take_error(status, error)
        return buffer.value.decode()

    @property
    def api_token(self) -> str:
        """The API token held (``Authorization: Bearer``). May use the network when it has run out
        by the clock.

        Raises:
            ApiTokenError: there is none to be had.
            InvalidArgument: it is a SOAP session, which has none.
            SessionClosed, Forked, Timeout, NetworkError, TLSError, Unavailable, RateLimited,
            ProtocolError, Cancelled
        """
        buffer = ctypes.create_string_buffer(_library.API_TOKEN_MAX)
        self._run(_library.api_token, (buffer, len(buffer)), None, None)
        return buffer.value.decode()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """Sends a request with both tokens and gives the answer, whatever its status.

        An answer that refuses a token is not given: the token is renewed once and the request sent
        again once; nothing else is ever sent again. With ``auto_relogin=False`` an expired session
        token raises ``SessionTokenExpired``.

        Args:
            method: ``"GET"``, ``"POST"``, …; small letters will do.
            path: what follows ``base_url``, such as ``"/m2m/v1/devices/actions/list"``. It may have
                a query.
            params: more of the query: a mapping or pairs of names to text, numbers, booleans (sent
                as ``true`` and ``false``), ``None`` (left out) or lists of these. They are
                percent-encoded.
            json: a body to be sent as JSON. ``None`` is no body; for a JSON null use
                ``data=b"null"``.
            data: a body as it is: bytes, text to be sent as UTF-8, a file or an iterable of bytes;
                of these two the whole is read first. ``application/json`` unless ``headers`` say
                else.
            headers: a mapping or pairs, beside those that ``login`` was given; of one name these
                count. Those for the tokens, the host and the length are the library's own.
            timeout: seconds for this whole call, renewals included, in place of the session's
                ``timeout``.
            cancel: ends the call from another thread.

        Raises:
            TypeError, InvalidArgument: an argument cannot be sent.
            SessionTokenExpired, ApiTokenError: a token was refused and could not be renewed.
            CredentialsRejected, AccountLocked, LoginBlocked: the renewal met these.
            NotLoggedIn, SessionClosed, Forked: the session cannot be used.
            Timeout, NetworkError, TLSError, ProtocolError, Cancelled: there is no answer.
        """
        verb = _values.text(method, "method").upper()
        return self._send(verb, path, params, json, data, headers, timeout, cancel)

    def get(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """``request("GET", path, …)``."""
        return self._send(b"GET", path, params, json, data, headers, timeout, cancel)

    def post(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """``request("POST", path, …)``."""
        return self._send(b"POST", path, params, json, data, headers, timeout, cancel)

    def put(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """``request("PUT", path, …)``."""
        return self._send(b"PUT", path, params, json, data, headers, timeout, cancel)

    def patch(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """``request("PATCH", path, …)``."""
        return self._send(b"PATCH", path, params, json, data, headers, timeout, cancel)

    def delete(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Data] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """``request("DELETE", path, …)``."""
        return self._send(b"DELETE", path, params, json, data, headers, timeout, cancel)

    def soap(
        self,
        service: str,
        operation: str,
        xml: Body,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Response:
        """Calls an operation of a SOAP service, in a session with ``protocol="soap"``.

        Args:
            service: such as ``"DeviceService"``.
            operation: such as ``"GetDeviceList"``.
            xml: the element that goes into the envelope's body. The envelope and its token header
                are the library's.
            timeout: seconds for this whole call, in place of the session's ``timeout``.
            cancel: ends the call from another thread.

        Returns:
            The answer; its ``content`` is the whole envelope. A fault that is not about the token
            is an answer too; ``raise_for_status`` turns it into a ``PlatformError`` with the
            ``faultcode`` as sent.

        Raises:
            The same as ``request``.
        """
        return self._ask(*self._soap(service, operation, xml), timeout, cancel)

    def exchange(self, url: Optional[str] = None) -> _exchange.Exchange:
        """Begins one request of an HTTP client of your own: the exchange says which tokens to send,
        what each answer means, and whether to send again. Sends nothing and waits for nothing.

        Args:
            url: where the request goes; ``None`` if that is known to be ``base_url``. The tokens
                are for the origin (scheme, host, port) of ``base_url`` and for no other.

        What is refused is renewed whatever the option ``auto_relogin`` says: that is about
        ``request`` and ``soap``.

        Raises:
            InvalidArgument: the URL is of another origin, or a login, which the lockout guard would
                not count.
            SessionClosed, Forked
        """
        return _exchange.Exchange(self, url)

    # -- the session itself

    def relogin(
        self,
        token: Optional[str] = None,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> None:
        """Logs in again, unless somebody else already did.

        Args:
            token: the token that was refused. If the session holds another one by now, nothing is
                sent. ``None`` means the one held by now, so that threads that were refused at the
                same time may each log in.
            timeout: seconds for this call.
            cancel: ends the call from another thread; a login that others wait for goes on.

        Threads that call this at the same time share one login and its outcome.

        Raises:
            CredentialsRejected, AccountLocked, LoginBlocked, ApiTokenError, PlatformError: the
                login was not granted.
            SessionClosed, Forked: the session cannot be used.
            Timeout, NetworkError, TLSError, Unavailable, RateLimited, ProtocolError, StoreError,
                Cancelled
        """
        try:
            replaced = _values.secret(token, "token")
        finally:
            del token  # no traceback shall show it
        self._run(_library.relogin, (replaced,), timeout, cancel)

    def renew_api_token(
        self,
        token: Optional[str] = None,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[Cancellation] = None,
    ) -> None:
        """Fetches another API token, unless the one held is no longer ``token``. ``None`` means the
        one held.

        Raises:
            ApiTokenError: there is none to be had.
            InvalidArgument: it is a SOAP session, which has none.
            SessionClosed, Forked, Timeout, NetworkError, TLSError, Unavailable, RateLimited,
            ProtocolError, Cancelled
        """
        try:
            replaced = _values.secret(token, "token")
        finally:
            del token  # no traceback shall show it
        self._run(_library.renew_api_token, (replaced,), timeout, cancel)

    def logout(
        self, *, timeout: Optional[float] = None, cancel: Optional[Cancellation] = None
    ) -> None:
        """Ends the session on the platform, for all who share its token. ``relogin`` begins a new
        one.

        Raises:
            NotLoggedIn: it was logged out already.
            SessionClosed, Forked, Timeout, NetworkError, TLSError, Unavailable, RateLimited,
            PlatformError, Cancelled
        """
        self._run(_library.logout, (), timeout, cancel)

    def cancel(self) -> None:
        """Ends all calls, for good: running and later ones raise ``Cancelled``. From any thread."""
        if self._handle is None:
            raise SessionClosed("the session is closed")
        status = _library.cancel(self._handle)
        if status:
            raise take_error(status, c_void_p())

    def close(self) -> None:
        """Frees what the session holds. Sends nothing, does not log out, and may be called twice.

        Calls that run in other threads end with ``SessionClosed``.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            _library.free(handle)

    def info(self) -> dict[str, Any]:
        """Counters and facts about the session for logs and metrics: ``logins``, ``requests``,
        ``store``, … No secret.

        Raises:
            SessionClosed, Forked
        """
        buffer = ctypes.create_string_buffer(_library.INFO_MAX)
        error = c_void_p()
        status = _library.info(self._handle, buffer, len(buffer), byref(error))
        if status:
            raise take_error(status, error)
        facts: dict[str, Any] = _json.loads(buffer.value)
        return facts

    def metrics(self) -> str:
        """What the session counted, in the text format of Prometheus (version 0.0.4): logins by
        their fate, waits, refusals of the lockout guard, and more. No secret.

        Raises:
            SessionClosed, Forked
        """
        return _event.metrics(self._handle)

    @property
    def base_url(self) -> str:
        """The service that the session talks to: the option ``base_url``, or ``soap_url`` with
        ``protocol="soap"``."""
        return self._url

    @property
    def session_token_header(self) -> str:
        """The request header that carries the session token: the option of that name."""
        return self._session_token_header

    # -- helpers

    def _send(
        self,
        method: bytes,
        path: str,
        params: Optional[Params],
        json: Any,
        data: Optional[Data],
        headers: Optional[Headers],
        timeout: Optional[float],
        cancel: Optional[Cancellation],
    ) -> Response:
        asked = self._rest(method, path, params, json, data, headers)
        return self._ask(*asked, timeout, cancel)

    def _rest(
        self,
        method: bytes,
        path: str,
        params: Optional[Params],
        json: Any,
        data: Optional[Data],
        headers: Optional[Headers],
    ) -> _Asked:
        target = _values.target(path, params)
        lines = _values.header_list(self._headers, headers)
        body = _values.body(data, json)
        return _library.request, (method, target, lines), self._url + target.decode(), body

    def _soap(self, service: str, operation: str, xml: Body) -> _Asked:
        names = _values.text(service, "service"), _values.text(operation, "operation")
        url = f"{self._url}/{service}.svc"
        return _library.soap_call, names, url, _values.content(xml, "xml")

    def _ask(
        self,
        function: Callable[..., int],
        arguments: tuple[Any, ...],
        url: str,
        body: Optional[bytes],
        timeout: Optional[float],
        cancel: Optional[Cancellation],
    ) -> Response:
        response = c_void_p()
        length = c_size_t(0 if body is None else len(body))
        began = perf_counter()
        try:
            self._run(function, (*arguments, body, length, byref(response)), timeout, cancel)
            return take_response(response, url, perf_counter() - began)
        except BaseException:
            _library.response_free(response)
            raise

    def _run(
        self,
        function: Callable[..., int],
        arguments: tuple[Any, ...],
        timeout: Optional[float],
        cancel: Optional[Cancellation],
    ) -> None:
        self._run_on(self._handle, function, arguments, timeout, cancel)

    def _run_on(
        self,
        handle: Optional[c_void_p],
        function: Callable[..., int],
        arguments: tuple[Any, ...],
        timeout: Optional[float],
        cancel: Optional[Cancellation],
    ) -> None:
        """Calls a function with this session's handle, or with that of an exchange of it."""
        self._follow_logger()
        warnings = self._warnings
        if warnings is not None:
            function = warnings.heard_in(function)
        try:
            _run(function, handle, arguments, timeout, cancel)
        except Cancelled:
            if self._handle is not None:
                raise
            raise SessionClosed("the session is closed") from None
        finally:
            if warnings is not None:
                self._tell(warnings)

    def _tell(self, warnings: _log.Warnings) -> None:
        """Tells what came up as a login was sent; of later logins than the first granted there is
        nothing to hear."""
        if not _library.token(self._handle, _TokenBuffer(), _TOKEN_MAX, None):
            self._warnings = None
        warnings.tell()

    def _follow_logger(self) -> None:
        """Keeps the log as detailed as the logger lets through."""
        level = _log.level()
        if level != self._log_level:
            self._log_level = level
            _library.set_log_level(self._handle, level)


def _run(
    function: Callable[..., int],
    handle: Optional[c_void_p],
    arguments: tuple[Any, ...],
    timeout: Optional[float],
    cancel: Optional[Cancellation],
) -> None:
    """Calls ``function(handle, call, *arguments, error)`` and raises what it reports."""
    error = c_void_p()
    if timeout is None and cancel is None and _call.frequent_callback is None:
        status = _enter(function, handle, _call.shared_call(), arguments, error)
    else:
        with Limits(timeout, cancel) as call:
            status = _enter(function, handle, call, arguments, error)
    try:
        _call.raise_interrupt()
    except BaseException:
        _library.error_free(error)
        raise
    if status:
        failure = take_error(status, error)
        _leave_at_exit()  # rather than tell of a call that the exit ended
        raise failure


def _enter(
    function: Callable[..., int],
    handle: Optional[c_void_p],
    call: c_void_p,
    arguments: tuple[Any, ...],
    error: c_void_p,
) -> int:
    _log.running[id(error)] = call
    try:
        _leave_at_exit()
        return function(handle, call, *arguments, byref(error))
    finally:
        _log.running.pop(
            id(error), None
        )  # not there in a child that a signal handler or a log handler forked


def _leave_at_exit() -> None:
    if _log.exiting and not _call.in_main_thread():
        raise SystemExit  # which ends a thread without a word
