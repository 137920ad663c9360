"""The session for asyncio: the same methods, awaited where they may wait."""

from __future__ import annotations

from collections.abc import AsyncIterable, Coroutine, Generator
from ctypes import byref, c_size_t, c_void_p, create_string_buffer
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional

from . import _event, _library, _log, _values
from ._config import configured, header_lines, takes_options
from ._errors import Cancelled, SessionClosed
from ._event import OnEvent
from ._exchange import ExchangeBase
from ._response import Response, take_response
from ._session import Session, with_headers
from ._values import AsyncData, Body, Headers, Params
from ._workers import Workers

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import Options


class AsyncLogin(Coroutine[Any, Any, "AsyncSession"]):
    """A session to come: to be awaited, or entered with ``async with``."""

    __slots__ = ("_login", "_session")

    def __init__(self, login: Coroutine[Any, Any, AsyncSession], name: str) -> None:
        # By these Python tells of one that is never awaited, and asyncio of one that runs.
        login.__name__ = login.__qualname__ = name  # type: ignore[attr-defined]
        self._login = login
        self._session: Optional[AsyncSession] = None

    def __await__(self) -> Generator[Any, None, AsyncSession]:
        return self._login.__await__()

    async def __aenter__(self) -> AsyncSession:
        self._session = await self._login
        return self._session

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._session is not None:
            await self._session.aclose()

    def send(self, value: Any) -> Any:
        return self._login.send(value)

    def throw(self, *error: Any) -> Any:
        return self._login.throw(*error)

    def close(self) -> None:
        self._login.close()

    if not TYPE_CHECKING:  # which would let any name pass

        def __getattr__(self, name: str) -> Any:
            if name in _SHOWN:
                return getattr(self._login, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


_SHOWN = ("__name__", "__qualname__", "cr_await", "cr_code", "cr_frame", "cr_running")
"""By these asyncio tells, of a task, which coroutine it runs and where that stands."""


@takes_options
def login_async(
    *,
    headers: Optional[Headers] = None,
    load_env: bool = True,
    on_event: Optional[OnEvent] = None,
    **options: Unpack[Options],
) -> AsyncLogin:
    """Logs in and gives the session for asyncio::

        async with thingspace_session.login_async(username="…", …) as session:
            answer = await session.post("/m2m/v1/devices/actions/list", json={…})

    or ``session = await thingspace_session.login_async(…)``, with ``await session.aclose()`` at the
    end. Nothing is sent before it is awaited or entered.

    Arguments, errors and warnings are those of ``thingspace_session.login``. ``on_event`` is called
    on a thread that is in a call of the session, not in the loop. Cancelling the task ends the
    login, unless it was sent already: then it goes on by itself, since the platform judges it
    whether or not anybody waits.
    """
    login = _begin(_library.login, headers, load_env, on_event, options)
    return AsyncLogin(login, "login_async")


@takes_options
def open_session_async(
    *,
    headers: Optional[Headers] = None,
    load_env: bool = True,
    on_event: Optional[OnEvent] = None,
    **options: Unpack[Options],
) -> AsyncLogin:
    """Gives a session for asyncio that logs in when its first request needs it, or by
    ``relogin``::

        async with thingspace_session.open_session_async(username="…", …) as session:
            ...  # nothing was sent yet

    Arguments and errors are those of ``thingspace_session.open_session``. To be awaited or entered,
    as what ``login_async`` gives.
    """
    login = _begin(_library.open, headers, load_env, on_event, options)
    return AsyncLogin(login, "open_session_async")


async def _begin(
    function: Callable[..., int],
    headers: Optional[Headers],
    load_env: bool,
    on_event: Optional[OnEvent],
    options: Options,
) -> AsyncSession:
    warnings = _log.Warnings()
    with configured(login_async, load_env, options) as config:
        lines = header_lines(config, headers)
        level = _log.configure(config)
        listener = _event.listen(config, on_event)
        handle = c_void_p()
        workers = Workers(timeout=0)  # its one call does not wait for a thread
        begin = with_headers(warnings.heard_in(function), lines)
        try:
            await workers.run(begin, config, (byref(handle),), made=handle, free=_library.free)
        except BaseException:
            warnings.tell()
            raise
        finally:
            workers.dismiss()
        try:
            session = Session._of(handle, lines, level, warnings)
        except BaseException:
            _library.free(handle)
            raise
        session._listener = listener
    session._tell(warnings)
    return AsyncSession(session)


class AsyncSession:
    """A ThingSpace session for asyncio, made by ``thingspace_session.login_async`` or
    ``open_session_async``; or of a ``Session`` that the program has already, and shares with this.

    It has the methods of ``Session``; those that may wait are awaited. Cancelling the task cancels
    the call, at once: ``asyncio.timeout``, task groups and ``wait_for`` do what they say. What was
    sent by then may have been acted on.

    One object serves any number of tasks, event loops and threads. Calls wait in threads of the
    session's own, up to 512 at once, so that they take none of ``asyncio.to_thread``'s.

    As an async context manager it is closed at the end, which frees what the session holds here and
    sends nothing: it never logs out.
    """

    __slots__ = ("__weakref__", "_session", "_workers")

    def __init__(self, session: Session) -> None:
        if not isinstance(session, Session):
            raise TypeError(
                f"session must be a thingspace_session.Session, not {type(session).__name__}"
            )
        self._session = session
        self._workers = Workers(session._timeout)

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be copied or pickled: each process logs in for itself")

    def __repr__(self) -> str:
        is_closed = self._session._handle is None
        return f"<thingspace_session.AsyncSession {'closed' if is_closed else self.base_url}>"

    # -- what a program is here for

    @property
    def token(self) -> str:
        """The session token held, for the header ``session_token_header``. Never waits.

        Raises:
            NotLoggedIn: after ``logout``, and before the first login.
            SessionClosed, Forked
        """
        return self._session.token

    async def api_token(self) -> str:
        """The API token held (``Authorization: Bearer``). May use the network when it has run out
        by the clock.

        Raises:
            What ``Session.api_token`` raises.
        """
        buffer = create_string_buffer(_library.API_TOKEN_MAX)
        await self._run(_library.api_token, (buffer, len(buffer)), None)
        return buffer.value.decode()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """Sends a request with both tokens and gives the answer, whatever its status.

        Arguments, resends and errors are those of ``Session.request``; ``data`` may be an async
        iterable of bytes, too, of which the whole is read first. A file is read in a thread of
        ``asyncio.to_thread``'s, other iterables in the loop.
        """
        return await self._send(
            _values.text(method, "method").upper(), path, params, json, data, headers, timeout
        )

    async def get(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """``request("GET", path, …)``."""
        return await self._send(b"GET", path, params, json, data, headers, timeout)

    async def post(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """``request("POST", path, …)``."""
        return await self._send(b"POST", path, params, json, data, headers, timeout)

    async def put(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """``request("PUT", path, …)``."""
        return await self._send(b"PUT", path, params, json, data, headers, timeout)

    async def patch(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """``request("PATCH", path, …)``."""
        return await self._send(b"PATCH", path, params, json, data, headers, timeout)

    async def delete(
        self,
        path: str,
        *,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[AsyncData] = None,
        headers: Optional[Headers] = None,
        timeout: Optional[float] = None,
    ) -> Response:
        """``request("DELETE", path, …)``."""
        return await self._send(b"DELETE", path, params, json, data, headers, timeout)

    async def soap(
        self, service: str, operation: str, xml: Body, *, timeout: Optional[float] = None
    ) -> Response:
        """Calls an operation of a SOAP service, in a session with ``protocol="soap"``.

        Arguments, answer and errors are those of ``Session.soap``.
        """
        return await self._ask(*self._session._soap(service, operation, xml), timeout)

    def exchange(self, url: Optional[str] = None) -> AsyncExchange:
        """Begins one request of an HTTP client of your own, as ``Session.exchange`` does. Its
        ``renew`` is awaited."""
        return AsyncExchange(self._session, url, self._run)

    # -- the session itself

    async def relogin(
        self, token: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> None:
        """Logs in again, unless the token held is another than ``token`` by now, as
        ``Session.relogin`` does.

        Tasks and threads that do this at the same time share one login. A login that others wait
        for goes on when the task is cancelled.
        """
        try:
            replaced = _values.secret(token, "token")
        finally:
            del token  # no traceback shall show it
        await self._run(_library.relogin, (replaced,), timeout)

    async def renew_api_token(
        self, token: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> None:
        """Fetches another API token, unless the one held is no longer ``token``, as
        ``Session.renew_api_token`` does."""
        try:
            replaced = _values.secret(token, "token")
        finally:
            del token  # no traceback shall show it
        await self._run(_library.renew_api_token, (replaced,), timeout)

    async def logout(self, *, timeout: Optional[float] = None) -> None:
        """Ends the session on the platform, for all who share its token, as ``Session.logout``
        does. ``relogin`` begins a new one."""
        await self._run(_library.logout, (), timeout)

    def cancel(self) -> None:
        """Ends all calls, for good: running and later ones raise ``Cancelled``. From any thread."""
        self._session.cancel()

    async def aclose(self) -> None:
        """Frees what the session holds. Sends nothing, does not log out, and may be called twice.

        Calls of other tasks end with ``SessionClosed``.
        """
        self._session.close()
        self._workers.dismiss()

    def info(self) -> dict[str, Any]:
        """Counters and facts about the session, as ``Session.info`` gives them. Never waits."""
        return self._session.info()

    def metrics(self) -> str:
        """What the session counted, as ``Session.metrics`` gives it. Never waits."""
        return self._session.metrics()

    @property
    def base_url(self) -> str:
        """The service that the session talks to: the option ``base_url``, or ``soap_url`` with
        ``protocol="soap"``."""
        return self._session.base_url

    @property
    def session_token_header(self) -> str:
        """The request header that carries the session token: the option of that name."""
        return self._session.session_token_header

    # -- helpers

    async def _send(
        self,
        method: bytes,
        path: str,
        params: Optional[Params],
        json: Any,
        data: Optional[AsyncData],
        headers: Optional[Headers],
        timeout: Optional[float],
    ) -> Response:
        read = getattr(data, "read", None)
        if isinstance(data, AsyncIterable):
            data = _values.joined([part async for part in data])
        elif read is not None:
            import asyncio  # which programs without it do not load

            data = _values.content(await asyncio.to_thread(read), "data")
        asked = self._session._rest(method, path, params, json, data, headers)
        return await self._ask(*asked, timeout)

    async def _ask(
        self,
        function: Callable[..., int],
        arguments: tuple[Any, ...],
        url: str,
        body: Optional[bytes],
        timeout: Optional[float],
    ) -> Response:
        response = c_void_p()
        length = c_size_t(0 if body is None else len(body))
        arguments = (*arguments, body, length, byref(response))
        began = perf_counter()
        await self._run(function, arguments, timeout, response, _library.response_free)
        return take_response(response, url, perf_counter() - began)

    async def _run(
        self,
        function: Callable[..., int],
        arguments: tuple[Any, ...],
        timeout: Optional[float],
        made: Optional[c_void_p] = None,
        free: Any = None,
        *,
        handle: Optional[c_void_p] = None,
    ) -> None:
        """Calls a function with this session's handle, or with that of an exchange of it."""
        session = self._session
        if session._handle is None:
            raise SessionClosed("the session is closed")
        session._follow_logger()
        warnings = session._warnings
        if warnings is not None:
            function = warnings.heard_in(function)
        try:
            await self._workers.run(
                function, handle or session._handle, arguments, timeout, made, free
            )
        except Cancelled:
            if session._handle is not None:
                raise
            raise SessionClosed("the session is closed") from None
        finally:
            if warnings is not None:
                session._tell(warnings)


class AsyncExchange(ExchangeBase):
    """One request that an HTTP client of your own sends, resends included; made by
    ``AsyncSession.exchange``. It is an ``Exchange`` of which ``renew`` is awaited."""

    __slots__ = ("_run",)

    def __init__(self, session: Session, url: Optional[str], run: Any) -> None:
        super().__init__(session, url)
        self._run = run

    async def renew(self, can_resend: bool = True, *, timeout: Optional[float] = None) -> None:
        """Does what is due, as ``Exchange.renew`` does. It ends when the task is cancelled; a login
        that others wait for goes on."""
        await self._run(_library.exchange_renew, (bool(can_resend),), timeout, handle=self._handle)
