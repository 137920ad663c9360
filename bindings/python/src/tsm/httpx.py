"""``ThingSpaceAuth`` for the ``httpx`` library, for its sync and its async client::

    client = httpx.Client(auth=tsm.httpx.ThingSpaceAuth(session), base_url=session.base_url)
    client.post("/m2m/v1/devices/actions/list", json={…})

It needs ``httpx`` 0.25 and ``anyio`` 4.1 or newer.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Generator
from typing import Callable, TypeVar

import anyio.to_thread
import httpx

from ._call import Cancellation
from ._exchange import Exchange, is_for
from ._session import Session

__all__ = ["ThingSpaceAuth"]

_Result = TypeVar("_Result")


class ThingSpaceAuth(httpx.Auth):
    """Sends a session's tokens with requests to the session's origin and renews them when the platform refuses them.

    Each of the two tokens is renewed at most once for a request, and the request then sent again; the refused answers
    are in ``response.history``. An answer that a renewal did not mend is returned as it is. The option ``auto_relogin``
    is about ``Session.request`` and does not matter here.

    Requests to another origin go without tokens, and so does what a redirect leads to. The tokens can be looked up in
    ``request.headers`` by name; listings and copies of those headers do not have them.

    One object may serve any number of threads and event loops. With ``AsyncClient`` whatever may wait runs in a worker
    thread (of asyncio or trio), which ends soon after the task is cancelled. Requests raise, besides what ``httpx``
    raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be sent twice: any
      that was given as an iterator, a file or ``files=``. The token is renewed by then, and the error's ``response``
      is the platform's answer.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as ``response``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not is_for(self._session, str(request.url)):
            yield request
            return
        exchange = Exchange(self._session)
        exchange.read_tokens()
        while True:
            request.headers = _WithTokens(request.headers, exchange)
            response = yield request
            if response.status_code < 400 or response.request is not request:
                return
            response.read()
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                return
            if not exchange.renew(refusal, response, _replayable(request)):
                return

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not is_for(self._session, str(request.url)):
            yield request
            return
        exchange = Exchange(self._session)
        await _in_thread(exchange.read_tokens)
        while True:
            request.headers = _WithTokens(request.headers, exchange)
            response = yield request
            if response.status_code < 400 or response.request is not request:
                return
            await response.aread()
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                return
            if not await _in_thread(functools.partial(exchange.renew, refusal, response, _replayable(request))):
                return


class _WithTokens(httpx.Headers):
    """Headers with the tokens on the wire and in look-ups by name, yet not in copies.

    httpx follows redirects inside a request's authentication, with a copy of the request's headers from which it takes
    only Authorization out. So the tokens must be where a copy does not find them.
    """

    def __init__(self, headers: httpx.Headers, exchange: Exchange) -> None:
        tokens = httpx.Headers(exchange.headers())
        super().__init__([pair for pair in headers.raw if pair[0].decode("latin-1") not in tokens])
        self._tokens = tokens

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        return super().raw + self._tokens.raw

    def __getitem__(self, name: str) -> str:
        return self._tokens[name] if name in self._tokens else super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in self._tokens or super().__contains__(name)


def _replayable(request: httpx.Request) -> bool:
    try:
        return request.content is not None
    except httpx.RequestNotRead:
        return False


async def _in_thread(function: Callable[[Cancellation], _Result]) -> _Result:
    """Runs what may wait in a worker thread, and ends it when the task is cancelled."""
    cancel = Cancellation()
    try:
        return await anyio.to_thread.run_sync(function, cancel, abandon_on_cancel=True)
    except BaseException:
        cancel.cancel()
        raise
