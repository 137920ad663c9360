"""``ThingSpaceMiddleware`` for the ``aiohttp`` library's client::

    middleware = thingspace_session.aiohttp.ThingSpaceMiddleware(session)
    async with aiohttp.ClientSession(middlewares=[middleware]) as http:
        await http.post(session.base_url + "/m2m/v1/devices/actions/list", json={…})

It needs ``aiohttp`` 3.12 or newer.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from typing import Any, Optional, Union

from . import _errors
from ._adapter import Exchanges, about, checked, missing, require
from ._async import AsyncExchange, AsyncSession
from ._exchange import Tokens
from ._session import Session

try:
    require("aiohttp", (3, 12))
    import aiohttp
    from aiohttp.base_protocol import BaseProtocol
    from multidict import istr
except ImportError as _error:
    raise missing("aiohttp", "aiohttp 3.12 or newer", _error) from _error

__all__ = ["ThingSpaceMiddleware"]


class ThingSpaceMiddleware:
    """Sends a session's tokens with requests to the session's origin and renews them when the
    platform refuses them, by the rules of ``Session.request``.

    An answer that renewing did not mend is returned as it is; the refused ones before are seen by
    middlewares that come after this one in the list, and by traces. What looks at answers as a
    whole, such as ``raise_for_status=True``, sees the last one only. The option ``auto_relogin`` is
    about ``Session.request`` and does not matter here. A renewal may take the session's
    ``timeout``, within the client's own. It waits in a thread of the session's own, and ends when
    the task is cancelled.

    Requests to another origin go without tokens, and so does what a redirect leads to there. The
    ``request_info`` of answers and errors does not hold the tokens.

    One object may serve any number of client sessions, event loops and threads. Its session is an
    ``AsyncSession`` or a ``Session``, with ``protocol="rest"``. Requests raise, besides what
    ``aiohttp`` raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be
      sent twice, such as an async generator. The token is renewed by then, and the error's
      ``response`` is the platform's answer. Bytes, text, JSON, forms and seekable files are sent
      again without ado.
    * ``NotLoggedIn`` after ``logout``.
    * ``InvalidArgument`` for a login of the program's own, which the lockout guard would not count.
    * what ``relogin`` and ``renew_api_token`` raise, with the platform's answer as ``response``. Of
      these ``NetworkError`` and ``Timeout`` are an ``aiohttp.ClientError``, too.
    """

    def __init__(self, session: Union[AsyncSession, Session]) -> None:
        beneath = checked(session)
        self._session = session if isinstance(session, AsyncSession) else AsyncSession(beneath)
        self._exchanges: Exchanges[AsyncExchange] = Exchanges(self._session)
        self._origin: Optional[tuple[str, str]] = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        exchanges, exchange = self._exchanges, None
        url = request.url
        # Its text is not made for this.
        origin = url.scheme, url.raw_authority
        if origin == self._origin:
            exchange = exchanges.take(url.raw_path)
        if exchange is None:
            exchange = exchanges.make(str(url))
            if exchange is None:
                return await handler(request)
            self._origin = origin
        tokens = exchange._sent or await _wait_for_tokens(exchange)
        headers = tokens._kept or _headers(tokens)
        try:
            while True:
                request.headers.update(headers)
                response = await handler(request)
                if exchanges.ends_with(exchange, response.status):
                    return response
                body = await _beginning(response, exchange.body_max(response.status))
                if not exchange.answered(response.status, body):
                    exchanges.take_back(exchange)
                    return response
                await response.read()  # for errors to show; and it gives the connection back
                with about(response):
                    await _renew(exchange, _can_be_sent_again(request.body))
                    headers = _headers(await _wait_for_tokens(exchange))
                await request.close()  # it may have been answered before it was sent
        finally:
            # What aiohttp raises shows these headers in its repr, and answers have them, too.
            for name in headers:
                request.headers.pop(name, None)


class NetworkError(_errors.NetworkError, aiohttp.ClientError):
    """A renewal's, of a kind of aiohttp's as well: in place of any other ``OSError`` aiohttp raises
    one of its own."""


class Timeout(_errors.Timeout, aiohttp.ClientError):
    """As ``NetworkError``."""


_OF_BOTH_KINDS: dict[type[Exception], Any] = {
    _errors.NetworkError: NetworkError,
    _errors.Timeout: Timeout,
}


def _headers(tokens: Tokens) -> dict[istr, str]:
    """The headers that carry the tokens, in the form that costs aiohttp least."""
    headers = {istr(name): value for name, value in tokens.headers.items()}
    tokens._kept = headers
    return headers


async def _wait_for_tokens(exchange: AsyncExchange) -> Tokens:
    while True:
        tokens = exchange.tokens()
        if tokens is not None:
            return tokens
        await _renew(exchange)


async def _renew(exchange: AsyncExchange, can_resend: bool = True) -> None:
    try:
        await exchange.renew(can_resend)
    except (_errors.NetworkError, _errors.Timeout) as error:
        error.__class__ = _OF_BOTH_KINDS[type(error)]
        raise


async def _beginning(response: aiohttp.ClientResponse, size: int) -> bytes:
    """The body of an answer as far as it is to be seen: no more than ``size`` bytes, or a longer
    beginning of one that is longer. The answer can be read as if nothing had been."""
    if size == 0:
        return b""
    parts, length, content = [], 0, response.content
    try:
        while length <= size:
            part = await content.readany()
            if not part:
                break
            parts.append(part)
            length += len(part)
    except BaseException:
        response.close()
        raise
    body = b"".join(parts)
    response.content = _Content(body, content)
    if body.startswith(b"\x1f\x8b"):  # gzip, in a client session that leaves it as it is
        try:
            return zlib.decompressobj(31).decompress(body, size + 1)
        except zlib.error:
            pass  # it says nothing
    return body


class _Content(aiohttp.StreamReader):
    """The body of an answer of which the beginning was read already."""

    def __init__(self, beginning: bytes, rest: aiohttp.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        # No limit: it is the rest that keeps the connection from sending too much.
        super().__init__(BaseProtocol(loop), sys.maxsize, loop=loop)
        self._rest = rest
        self.feed_data(beginning)

    async def _wait(self, func_name: str) -> None:
        """Where all that reads waits for more."""
        part = await self._rest.readany()
        if part:
            self.feed_data(part)
        else:
            self.feed_eof()


def _can_be_sent_again(body: Any) -> bool:
    if isinstance(body, aiohttp.MultipartWriter):
        return all(_can_be_sent_again(part) for part, _, _ in body)
    # Files are wound back by aiohttp, from 3.12.6 on, whose bodies know whether they are used up.
    return isinstance(body, (bytes, aiohttp.BytesPayload)) or not getattr(body, "consumed", True)
