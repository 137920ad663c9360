"""Requests that come one after the other by the same adapter: nearly all go with what it knows from
the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any, Callable, Protocol

import aiohttp
import httpx
import pytest
import requests
from yarl import URL

import thingspace_session
import thingspace_session.aiohttp
import thingspace_session.httpx
import thingspace_session.requests
from sandbox import ACCOUNTS, Sandbox
from thingspace_session._adapter import Exchanges


class Client(Protocol):
    def get(self, path: str = ACCOUNTS) -> int:
        """The HTTP status of the answer."""
        ...

    def close(self) -> None: ...


class Requests:
    def __init__(self, session: thingspace_session.Session) -> None:
        self._session = session
        self._client = requests.Session()
        self._client.auth = thingspace_session.requests.ThingSpaceAuth(session)

    def get(self, path: str = ACCOUNTS) -> int:
        return self._client.get(self._session.base_url + path).status_code

    def close(self) -> None:
        self._client.close()


class Httpx:
    def __init__(self, session: thingspace_session.Session) -> None:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        self._client = httpx.Client(auth=auth, base_url=session.base_url)

    def get(self, path: str = ACCOUNTS) -> int:
        return self._client.get(path).status_code

    def close(self) -> None:
        self._client.close()


class HttpxBeneath(Httpx):
    def __init__(self, session: thingspace_session.Session) -> None:
        transport = thingspace_session.httpx.ThingSpaceTransport(session)
        self._client = httpx.Client(transport=transport, base_url=session.base_url)


class InALoop:
    def __init__(self, session: thingspace_session.Session) -> None:
        self._session = thingspace_session.AsyncSession(session)
        self._loop = asyncio.new_event_loop()
        self._run(self.open(session))

    def _run(self, call: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(call)

    def get(self, path: str = ACCOUNTS) -> int:
        status: int = self._run(self.ask(path))
        return status

    def close(self) -> None:
        self._run(self.end())
        self._run(self._loop.shutdown_default_executor())
        self._loop.close()
        self._session._workers.dismiss()

    async def open(self, session: thingspace_session.Session) -> None:
        raise NotImplementedError

    async def ask(self, path: str) -> int:
        raise NotImplementedError

    async def end(self) -> None:
        raise NotImplementedError


class AsyncHttpx(InALoop):
    async def open(self, session: thingspace_session.Session) -> None:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        self._client = httpx.AsyncClient(auth=auth, base_url=session.base_url)

    async def ask(self, path: str) -> int:
        return (await self._client.get(path)).status_code

    async def end(self) -> None:
        await self._client.aclose()


class AsyncHttpxBeneath(AsyncHttpx):
    async def open(self, session: thingspace_session.Session) -> None:
        transport = thingspace_session.httpx.AsyncThingSpaceTransport(session)
        self._client = httpx.AsyncClient(transport=transport, base_url=session.base_url)


class AioHttp(InALoop):
    async def open(self, session: thingspace_session.Session) -> None:
        middleware = thingspace_session.aiohttp.ThingSpaceMiddleware(self._session)
        base_url = session.base_url + "/"
        self._client = aiohttp.ClientSession(base_url, middlewares=[middleware])

    async def ask(self, path: str) -> int:
        async with self._client.get(path.lstrip("/")) as answer:
            await answer.read()
            return answer.status

    async def end(self) -> None:
        await self._client.close()


WAYS: list[Callable[[thingspace_session.Session], Client]] = [
    Requests,
    Httpx,
    HttpxBeneath,
    AsyncHttpx,
    AsyncHttpxBeneath,
    AioHttp,
]


@pytest.fixture(params=WAYS, ids=lambda way: str(way.__name__))
def client(request: pytest.FixtureRequest, session: thingspace_session.Session) -> Iterator[Client]:
    client = request.param(session)
    yield client
    client.close()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each exchange that is made."""
    makes: list[None] = []
    make = thingspace_session._library.exchange_new

    def note(*arguments: Any) -> int:
        makes.append(None)
        status: int = make(*arguments)
        return status

    monkeypatch.setattr(thingspace_session._library, "exchange_new", note)
    return makes


def sent(sandbox: Sandbox) -> tuple[str, str]:
    """The tokens of the last request that arrived."""
    last = sandbox.log("api")[-1]
    return last["session_token"], last["api_token"]


def test_one_exchange_does_for_all(
    client: Client, session: thingspace_session.Session, sandbox: Sandbox, made: list[None]
) -> None:
    for _ in range(5):
        assert client.get() == 200
        assert sent(sandbox) == (session.token, session.api_token)
    # What is not there, and what the platform is too busy for, is no matter of tokens.
    assert client.get("/m2m/v1/accounts/9999999999-99999") == 400
    sandbox.fault("api", "status", status=429)
    assert client.get() == 429
    assert client.get() == 200
    assert len(made) == 1
    assert session.info()["requests"] == 8
    assert session.info()["resends"] == 0


def test_what_others_renewed_is_sent(
    client: Client, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    assert client.get() == 200
    session.relogin()
    assert client.get() == 200
    assert sent(sandbox) == (session.token, session.api_token)
    session.renew_api_token()
    assert client.get() == 200
    assert sent(sandbox) == (session.token, session.api_token)
    assert session.info()["resends"] == 0


def test_each_request_may_have_both_renewed(
    client: Client, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    for logins in range(1, 4):
        assert client.get() == 200
        assert client.get() == 200
        assert sandbox.counters()["login"] == logins
        sandbox.expire("all")
    assert client.get() == 200
    counters = sandbox.counters()
    assert (counters["login"], counters["oauth"]) == (4, 4)
    assert session.info()["requests"] == 7


def test_a_logout_and_a_closed_session_are_told(
    client: Client, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    assert client.get() == 200
    session.logout()
    with pytest.raises(thingspace_session.NotLoggedIn):
        client.get()
    session.relogin()
    assert client.get() == 200
    session.close()
    with pytest.raises(thingspace_session.SessionClosed):
        client.get()


def elsewhere(origin: str) -> list[str]:
    host = origin.split("://")[1]
    return [
        origin[:-1] + "/",
        origin.replace("127.0.0.1", "127.0.0.1.example") + "/",
        f"{origin.replace('127', 'user:127')}@example.com/",
        f"http://user@{host}/",
        origin.replace("http", "https") + "/",
        "http://127.0.0.1/",
        "/",
        "",
    ]


def test_only_the_same_origin_is_taken_for_known(session: thingspace_session.Session) -> None:
    origin = session.base_url[: -len("/api")]
    for first in ("/api/a", "", "/", "?a=/b", "#/c"):
        exchanges: Exchanges[thingspace_session.Exchange] = Exchanges(session)
        exchange = exchanges.begin(origin + first)
        assert exchange is not None
        assert exchange.tokens() is not None
        assert not exchange.answered(200)
        exchanges.take_back(exchange)
        for url in elsewhere(origin):
            assert exchanges.begin(url) is None, (first, url)
        assert exchanges.begin(origin + first) is exchange or first in ("", "?a=/b", "#/c")


def test_only_the_same_origin_is_taken_for_known_by_aiohttp(
    session: thingspace_session.Session,
) -> None:
    middleware = thingspace_session.aiohttp.ThingSpaceMiddleware(session)
    origin = session.base_url[: -len("/api")]

    class Stub:
        """As much of a request, and of its answer, as the middleware looks at."""

        status = 200

        def __init__(self, url: str) -> None:
            self.url = URL(url)
            self.headers: dict[str, str] = {}

    async def get(url: str) -> dict[str, str]:
        request: Any = Stub(url)
        sent: dict[str, str] = {}

        async def answer(request: Any) -> Any:
            sent.update(request.headers)
            return request

        await middleware(request, answer)
        assert not request.headers
        return sent

    async def main() -> None:
        for _ in range(3):
            given = await get(origin + "/api/a")
            assert given["VZ-M2M-Token"] == session.token
            assert given["Authorization"] == f"Bearer {session.api_token}"
            for url in elsewhere(origin):
                assert await get(url) == {}, url

    asyncio.run(main())
    middleware._session._workers.dismiss()


def test_more_at_once_than_before(session: thingspace_session.Session) -> None:
    exchanges: Exchanges[thingspace_session.Exchange] = Exchanges(session)

    def begin() -> thingspace_session.Exchange:
        exchange = exchanges.begin(session.base_url)
        assert exchange is not None
        if exchange._sent is None:
            assert exchange.tokens() is not None
            assert not exchange.answered(204)
        return exchange

    crowd = [begin() for _ in range(600)]
    assert len({id(exchange) for exchange in crowd}) == 600
    for exchange in crowd:
        exchanges.take_back(exchange)
    assert len(exchanges._idle) == 512
    assert begin() in crowd
    session.relogin()
    begin()
    assert not exchanges._idle
