"""``ThingSpaceAuth`` for the ``httpx`` library, for its sync and its async client::

    auth = thingspace_session.httpx.ThingSpaceAuth(session)
    client = httpx.Client(auth=auth, base_url=session.base_url)
    client.post("/m2m/v1/devices/actions/list", json={…})

It needs ``httpx`` 0.25 and ``anyio`` 4.1 or newer.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Generator, ItemsView, KeysView, ValuesView
from typing import Any, Callable, TypeVar

import anyio.lowlevel
import anyio.to_thread
import httpx

from ._call import Cancellation
from ._exchange import API_HEADER, SESSION_HEADER, Exchange, checked, is_for
from ._session import Session

__all__ = ["ThingSpaceAuth"]

_Result = TypeVar("_Result")
_TOKENS = (API_HEADER, SESSION_HEADER)
_KEYS = {name.lower().encode() for name in _TOKENS}


class ThingSpaceAuth(httpx.Auth):
    """Sends a session's tokens with requests to the session's origin and renews them when the
    platform refuses them.

    Each of the two tokens is renewed at most once for a request, and the request then sent again;
    the refused answers are in ``response.history``, and event hooks see them. An answer that a
    renewal did not mend is returned as it is. The option ``auto_relogin`` is about
    ``Session.request`` and does not matter here. A renewal may take the session's ``timeout_ms`` on
    top of the client's own timeout.

    Requests to another origin go without tokens, and so does what a redirect leads to: copies of a
    request, and ``httpx.Headers`` made of a request's headers, do not have them.

    One object may serve any number of threads and event loops. Its session must be one with
    ``protocol="rest"``. With ``AsyncClient`` whatever waits runs in a worker thread (of asyncio or
    trio), which ends soon after the task is cancelled. Requests raise, besides what ``httpx``
    raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be
      sent twice: any that was given as an iterator, a file or ``files=``. The token is renewed by
      then, and the error's ``response`` is the platform's answer.
    * ``NotLoggedIn`` after ``Session.logout``.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as
      ``response``.
    """

    def __init__(self, session: Session) -> None:
        self._session = checked(session)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if not is_for(self._session, str(request.url)):
            yield request
            return
        exchange = Exchange(self._session)
        exchange.read_tokens()
        while True:
            _give_tokens(request, exchange)
            response = yield request
            if response.status_code < 400 or response.request is not request:
                return
            response.read()
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                return
            if not exchange.renew(refusal, response, _replayable(request)):
                return

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not is_for(self._session, str(request.url)):
            yield request
            return
        exchange = Exchange(self._session)
        if not exchange.read_held_tokens():
            await _in_thread(exchange.read_tokens)
        while True:
            _give_tokens(request, exchange)
            response = yield request
            if response.status_code < 400 or response.request is not request:
                return
            await response.aread()
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                return
            if not await _in_thread(
                functools.partial(exchange.renew, refusal, response, _replayable(request))
            ):
                return


def _give_tokens(request: httpx.Request, exchange: Exchange) -> None:
    headers = httpx.Headers(request.headers)
    headers.update(exchange.headers())
    request.__class__ = _Request
    vars(request)["headers"] = _Headers(headers)


class _Request(httpx.Request):
    """A request that keeps its tokens when its headers are replaced by a changed copy, as
    OpenTelemetry does."""

    @property
    def headers(self) -> httpx.Headers:
        headers: httpx.Headers = vars(self)["headers"]
        return headers

    @headers.setter
    def headers(self, given: httpx.Headers) -> None:
        headers = given.whole if isinstance(given, _Headers) else httpx.Headers(given)
        before = vars(self).get("headers", ())
        headers.update(
            {name: before[name] for name in _TOKENS if name in before and name not in headers}
        )
        vars(self)["headers"] = _Headers(headers)


class _Headers(httpx.Headers):
    """A request's headers, tokens included. ``httpx.Headers`` made of them are without the tokens.

    httpx follows redirects inside a request's authentication, with such a copy of the request's
    headers, from which it takes only Authorization out, and that only for another origin.
    """

    def __init__(self, whole: httpx.Headers) -> None:
        self.whole = whole

    @property
    def _list(self) -> list[tuple[bytes, bytes, bytes]]:  # type: ignore[override]
        # What httpx.Headers copies. If another version of httpx looks elsewhere, it finds nothing
        # and fails.
        return [entry for entry in self.whole._list if entry[1] not in _KEYS]

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
        shown.update({name: "[secure]" for name in _TOKENS if name in shown})
        return repr(shown)


def _replayable(request: httpx.Request) -> bool:
    try:
        return request.content is not None
    except httpx.RequestNotRead:
        return False


_threads: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("thingspace_session")


async def _in_thread(function: Callable[[Cancellation], _Result]) -> _Result:
    """Runs what may wait in a worker thread, and ends it when the task is cancelled."""
    try:
        limiter = _threads.get()
    except LookupError:
        # For each event loop one, and not anyio's own: the program's work may need all threads of
        # that.
        limiter = anyio.CapacityLimiter(40)
        _threads.set(limiter)
    cancel = Cancellation()
    try:
        return await anyio.to_thread.run_sync(
            function, cancel, abandon_on_cancel=True, limiter=limiter
        )
    except BaseException:
        cancel.cancel()
        raise
