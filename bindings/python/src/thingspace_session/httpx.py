"""``ThingSpaceAuth`` for the ``httpx`` library, for its sync and its async client::

    auth = thingspace_session.httpx.ThingSpaceAuth(session)
    client = httpx.Client(auth=auth, base_url=session.base_url)
    client.post("/m2m/v1/devices/actions/list", json={…})

``ThingSpaceTransport`` and ``AsyncThingSpaceTransport`` do the same beneath a client's event hooks,
for clients whose hooks raise::

    transport = thingspace_session.httpx.ThingSpaceTransport(session)
    client = httpx.Client(transport=transport, base_url=session.base_url, event_hooks={…})

It needs ``httpx`` 0.25 and ``anyio`` 4.1 or newer.
"""

from __future__ import annotations

import functools
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Generator,
    ItemsView,
    Iterator,
    KeysView,
    ValuesView,
)
from typing import Any, Callable, Optional, TypeVar, Union
from weakref import WeakKeyDictionary

from ._adapter import (
    Exchanges,
    about,
    checked,
    missing,
    renew,
    require,
    tokens_of,
    wait_for_tokens,
)
from ._async import AsyncSession
from ._call import Cancellation
from ._exchange import Exchange, Tokens
from ._session import Session

try:
    require("httpx", (0, 25))
    require("anyio", (4, 1))
    import anyio.lowlevel
    import anyio.to_thread
    import httpx
except ImportError as _error:
    raise missing("httpx", "httpx 0.25 and anyio 4.1 or newer", _error) from _error

__all__ = ["AsyncThingSpaceTransport", "ThingSpaceAuth", "ThingSpaceTransport"]

_Result = TypeVar("_Result")


class ThingSpaceAuth(httpx.Auth):
    """Sends a session's tokens with requests to the session's origin and renews them when the
    platform refuses them, by the rules of ``Session.request``.

    The refused answers are in ``response.history``, and event hooks see them. Where a hook raises
    for such an answer, as ``raise_for_status`` does, the request ends before it is mended, and so
    does every one after it: give such a client ``ThingSpaceTransport`` instead. An answer that
    renewing did not mend is returned as it is. The option ``auto_relogin`` is about
    ``Session.request`` and does not matter here. A renewal may take the session's ``timeout`` on
    top of the client's own timeout.

    Requests to another origin go without tokens, and so does what a redirect leads to: copies of a
    request, and ``httpx.Headers`` made of a request's headers, do not have them.

    One object may serve any number of threads and event loops. Its session is a ``Session`` or an
    ``AsyncSession``, with ``protocol="rest"``. With ``AsyncClient`` whatever waits runs in a worker
    thread (of asyncio or trio), which ends soon after the task is cancelled. Requests raise,
    besides what ``httpx`` raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be
      sent twice: any that was given as an iterator, a file or ``files=``. The token is renewed by
      then, and the error's ``response`` is the platform's answer.
    * ``NotLoggedIn`` after ``Session.logout``.
    * ``InvalidArgument`` for a login of the program's own, which the lockout guard would not count.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as
      ``response``.
    """

    def __init__(self, session: Union[Session, AsyncSession]) -> None:
        self._session = checked(session)
        self._exchanges = Exchanges(self._session)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        exchange = self._exchanges.begin(str(request.url))
        if exchange is None:
            yield request
            return
        tokens = tokens_of(exchange)
        while True:
            _give_tokens(request, tokens)
            response = yield request
            if response.request is not request:
                return  # a redirect was followed, without the tokens
            if self._exchanges.ends_with(exchange, response.status_code):
                return
            body = _body(response, exchange.body_max(response.status_code))
            if not exchange.answered(response.status_code, body):
                self._exchanges.take_back(exchange)
                return
            response.read()
            with about(response):
                tokens = renew(exchange, _replayable(request))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        exchange = self._exchanges.begin(str(request.url))
        if exchange is None:
            yield request
            return
        tokens = exchange._sent or await _tokens(self._session, exchange)
        while True:
            _give_tokens(request, tokens)
            response = yield request
            if response.request is not request:
                return  # a redirect was followed, without the tokens
            if self._exchanges.ends_with(exchange, response.status_code):
                return
            body = await _abody(response, exchange.body_max(response.status_code))
            if not exchange.answered(response.status_code, body):
                self._exchanges.take_back(exchange)
                return
            await response.aread()
            with about(response):
                tokens = await _renewed(self._session, exchange, request)


class ThingSpaceTransport(httpx.BaseTransport):
    """What ``ThingSpaceAuth`` does, as a transport: beneath a client's authentication, redirects
    and event hooks, which see no answer that was mended.

    It sends by ``transport``; without one by an ``httpx.HTTPTransport()``. What a client would
    give its own transport, such as ``verify`` and ``proxy``, goes to that::

        transport = ThingSpaceTransport(session, httpx.HTTPTransport(verify=context))

    The client's requests, and what hooks see of them, do not hold the tokens. A redirect within the
    session's origin is followed with them. Raises what requests with ``ThingSpaceAuth`` raise.
    """

    def __init__(
        self,
        session: Union[Session, AsyncSession],
        transport: Optional[httpx.BaseTransport] = None,
    ) -> None:
        self._session = checked(session)
        self._exchanges = Exchanges(self._session)
        _require_kind(transport, httpx.BaseTransport)
        self._transport = httpx.HTTPTransport() if transport is None else transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the client calls."""
        exchange = self._exchanges.begin(str(request.url))
        if exchange is None:
            return self._transport.handle_request(request)
        tokens = tokens_of(exchange)
        while True:
            response = self._transport.handle_request(_with_tokens(request, tokens))
            response.request = request
            try:
                if self._exchanges.ends_with(exchange, response.status_code):
                    return response
                body = _body(response, exchange.body_max(response.status_code))
                if not exchange.answered(response.status_code, body):
                    self._exchanges.take_back(exchange)
                    return response
                response.read()
                with about(response):
                    tokens = renew(exchange, _replayable(request))
            except BaseException:
                response.close()
                raise

    def close(self) -> None:
        """Closes the transport beneath, not the session."""
        self._transport.close()

    def __enter__(self) -> ThingSpaceTransport:
        self._transport.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._transport.__exit__(*error)


class AsyncThingSpaceTransport(httpx.AsyncBaseTransport):
    """``ThingSpaceTransport`` for ``httpx.AsyncClient``. Whatever waits for a renewal runs in a
    worker thread, as with ``ThingSpaceAuth``."""

    def __init__(
        self,
        session: Union[Session, AsyncSession],
        transport: Optional[httpx.AsyncBaseTransport] = None,
    ) -> None:
        self._session = checked(session)
        self._exchanges = Exchanges(self._session)
        _require_kind(transport, httpx.AsyncBaseTransport)
        self._transport = httpx.AsyncHTTPTransport() if transport is None else transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the client calls."""
        exchange = self._exchanges.begin(str(request.url))
        if exchange is None:
            return await self._transport.handle_async_request(request)
        tokens = exchange._sent or await _tokens(self._session, exchange)
        while True:
            response = await self._transport.handle_async_request(_with_tokens(request, tokens))
            response.request = request
            try:
                if self._exchanges.ends_with(exchange, response.status_code):
                    return response
                body = await _abody(response, exchange.body_max(response.status_code))
                if not exchange.answered(response.status_code, body):
                    self._exchanges.take_back(exchange)
                    return response
                await response.aread()
                with about(response):
                    tokens = await _renewed(self._session, exchange, request)
            except BaseException:
                await response.aclose()
                raise

    async def aclose(self) -> None:
        """Closes the transport beneath, not the session."""
        await self._transport.aclose()

    async def __aenter__(self) -> AsyncThingSpaceTransport:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._transport.__aexit__(*error)


def _require_kind(transport: object, kind: type) -> None:
    if transport is not None and not isinstance(transport, kind):
        given = type(transport).__name__
        raise TypeError(f"transport must be an httpx.{kind.__name__}, not {given}")


def _with_tokens(request: httpx.Request, tokens: Tokens) -> httpx.Request:
    """A request like this one that carries the tokens."""
    copy: httpx.Request = object.__new__(type(request))  # in a tenth of the time of its making
    vars(copy).update(vars(request))
    copy.headers = _with(request.headers, tokens)
    return copy


def _with(headers: httpx.Headers, tokens: Tokens) -> httpx.Headers:
    # A copy that is made as httpx makes it: by its names a header takes ten times as long.
    kept: _Kept = tokens._kept or _keep(tokens)
    copy = httpx.Headers()
    copy._list = [entry for entry in headers._list if entry[1] not in kept.keys]
    copy._list += kept.entries
    return copy


def _give_tokens(request: httpx.Request, tokens: Tokens) -> None:
    whole = _with(request.headers, tokens)
    request.__class__ = _Request
    vars(request)["headers"] = _Headers(whole, tokens._kept)


class _Kept:
    """The headers that carry tokens, as httpx holds headers."""

    __slots__ = ("entries", "keys")

    def __init__(self, tokens: Tokens) -> None:
        self.entries = httpx.Headers(tokens.headers)._list
        self.keys = frozenset(key for _, key, _ in self.entries)


def _keep(tokens: Tokens) -> _Kept:
    kept = tokens._kept = _Kept(tokens)
    return kept


class _Request(httpx.Request):
    """A request that keeps its tokens when its headers are replaced by a changed copy, as
    OpenTelemetry does."""

    @property
    def headers(self) -> httpx.Headers:
        headers: httpx.Headers = vars(self)["headers"]
        return headers

    @headers.setter
    def headers(self, given: httpx.Headers) -> None:
        before = vars(self).get("headers")
        if before is None:  # it is being unpickled
            vars(self)["headers"] = given
            return
        headers = given.whole if isinstance(given, _Headers) else httpx.Headers(given)
        headers._list += [
            entry
            for entry in before.whole._list
            if entry[1] in before.secret.keys and entry[1].decode() not in headers
        ]
        vars(self)["headers"] = _Headers(headers, before.secret)


class _Headers(httpx.Headers):
    """A request's headers, tokens included. ``httpx.Headers`` made of them are without the tokens.

    httpx follows redirects inside a request's authentication, with such a copy of the request's
    headers, from which it takes only Authorization out, and that only for another origin.
    """

    def __init__(self, whole: httpx.Headers, secret: _Kept) -> None:
        self.whole = whole
        self.secret = secret

    @property
    def _list(self) -> list[tuple[bytes, bytes, bytes]]:  # type: ignore[override]
        # What httpx.Headers copies. If another version of httpx looks elsewhere, it finds nothing
        # and fails.
        keys = self.secret.keys
        return [entry for entry in self.whole._list if entry[1] not in keys]

    @property
    def encoding(self) -> str:
        return self.whole.encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        self.whole.encoding = value

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        return self.whole.raw

    def keys(self) -> KeysView[str]:
        return self.whole.keys()

    def values(self) -> ValuesView[str]:
        return self.whole.values()

    def items(self) -> ItemsView[str, str]:
        return self.whole.items()

    def multi_items(self) -> list[tuple[str, str]]:
        return self.whole.multi_items()

    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        return self.whole.get_list(key, split_commas)

    def update(self, headers: Any = None) -> None:  # type: ignore[override]
        self.whole.update(headers)

    def __getitem__(self, key: str) -> str:
        return self.whole[key]

    def __setitem__(self, key: str, value: str) -> None:
        self.whole[key] = value

    def __delitem__(self, key: str) -> None:
        del self.whole[key]

    def __contains__(self, key: object) -> bool:
        return key in self.whole

    def __len__(self) -> int:
        return len(self.whole)

    def __eq__(self, other: object) -> bool:
        return self.whole == (other.whole if isinstance(other, _Headers) else other)

    def __repr__(self) -> str:
        shown = self.whole.copy()
        names = [key.decode() for key in self.secret.keys]
        shown.update({name: "[secure]" for name in names if name in shown})
        return repr(shown)


def _replayable(request: httpx.Request) -> bool:
    # Not by the content, which a request that follows a redirect does not hold.
    return isinstance(request.stream, httpx.ByteStream)


def _body(response: httpx.Response, size: int) -> bytes:
    """The body of an answer as far as it is to be seen: no more than ``size`` bytes, or a longer
    beginning of one that is longer. The answer can be read as if nothing had been."""
    if size == 0:
        return b""
    if response.is_stream_consumed:
        return response.read()
    rest: Iterator[bytes] = iter(response.stream)  # type: ignore[arg-type]
    parts, length = [], 0
    for part in rest:
        parts.append(part)
        length += len(part)
        if length > size:
            break
    response.stream = _Stream(response.stream, parts, rest)
    return _decoded(response, parts, length > size)


async def _abody(response: httpx.Response, size: int) -> bytes:
    """``_body`` for the async client."""
    if size == 0:
        return b""
    if response.is_stream_consumed:
        return await response.aread()
    rest: AsyncIterator[bytes] = response.stream.__aiter__()  # type: ignore[union-attr]
    parts, length = [], 0
    async for part in rest:
        parts.append(part)
        length += len(part)
        if length > size:
            break
    response.stream = _Stream(response.stream, parts, rest)
    return _decoded(response, parts, length > size)


def _decoded(response: httpx.Response, parts: list[bytes], too_long: bool) -> bytes:
    body = b"".join(parts)
    if too_long:
        return body
    try:
        return httpx.Response(response.status_code, headers=response.headers, content=body).content
    except httpx.DecodingError:  # it says nothing; whoever reads the answer meets this too
        return body


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of an answer of which the beginning was read already."""

    def __init__(self, whole: Any, beginning: list[bytes], rest: Any) -> None:
        self._whole = whole
        self._beginning = beginning
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield from self._beginning
        yield from self._rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._beginning:
            yield part
        async for part in self._rest:
            yield part

    def close(self) -> None:
        self._whole.close()

    async def aclose(self) -> None:
        await self._whole.aclose()


async def _tokens(session: Session, exchange: Exchange) -> Tokens:
    """The tokens to send; a thread waits for them where they are not to be had at once."""
    tokens = exchange.tokens()
    if tokens is not None:
        return tokens
    return await _in_thread(session, functools.partial(wait_for_tokens, exchange))


async def _renewed(session: Session, exchange: Exchange, request: httpx.Request) -> Tokens:
    return await _in_thread(session, functools.partial(renew, exchange, _replayable(request)))


_Limiters = WeakKeyDictionary[Session, anyio.CapacityLimiter]
_threads: anyio.lowlevel.RunVar[_Limiters] = anyio.lowlevel.RunVar("thingspace_session")


async def _in_thread(session: Session, function: Callable[[Cancellation], _Result]) -> _Result:
    """Runs what may wait in a worker thread, and ends it when the task is cancelled."""
    # For each event loop and session so many, and not of anyio's own: the program's work may need
    # all of those, and a platform that hangs shall hold up no other session.
    limiters = _threads.get(None)
    if limiters is None:
        limiters = WeakKeyDictionary()
        _threads.set(limiters)
    limiter = limiters.setdefault(session, anyio.CapacityLimiter(40))
    cancel = Cancellation()
    try:
        return await anyio.to_thread.run_sync(
            function, cancel, abandon_on_cancel=True, limiter=limiter
        )
    except BaseException:
        cancel.cancel()
        raise
