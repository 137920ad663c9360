"""Sessions that log in when they are first needed."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import aiohttp
import httpx
import pytest
import requests

import thingspace_session
import thingspace_session.aiohttp
import thingspace_session.httpx
import thingspace_session.requests
from sandbox import ACCOUNTS, Sandbox

Options = thingspace_session.Options


def test_the_first_requests_share_one_login(options: Options, sandbox: Sandbox) -> None:
    with thingspace_session.open_session(**options) as session:
        assert session.base_url == sandbox.base_url
        assert not session.info()["logged_in"]
        with pytest.raises(thingspace_session.NotLoggedIn, match="not logged in yet"):
            _ = session.token
        with pytest.raises(thingspace_session.NotLoggedIn):
            session.logout()
        counters = sandbox.counters()
        assert (counters["oauth"], counters["login"]) == (0, 0)
        together = threading.Barrier(8)

        def get(_: int) -> int:
            together.wait()
            return session.get(ACCOUNTS).status_code

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(get, range(8))) == [200] * 8
        assert sandbox.counters()["login"] == 1
        assert session.token


def test_a_relogin_logs_in(options: Options, sandbox: Sandbox) -> None:
    with thingspace_session.open_session(**options) as session:
        session.relogin()
        assert session.get(ACCOUNTS).ok
        assert sandbox.counters()["login"] == 1


def by_requests(session: thingspace_session.Session, url: str) -> int:
    auth = thingspace_session.requests.ThingSpaceAuth(session)
    return requests.get(url, auth=auth, timeout=60).status_code


def by_httpx(session: thingspace_session.Session, url: str) -> int:
    return httpx.get(url, auth=thingspace_session.httpx.ThingSpaceAuth(session)).status_code


def by_async_httpx(session: thingspace_session.Session, url: str) -> int:
    async def get() -> int:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        async with httpx.AsyncClient(auth=auth) as client:
            return (await client.get(url)).status_code

    return asyncio.run(get())


def by_aiohttp(session: thingspace_session.Session, url: str) -> int:
    async def get() -> int:
        middleware = thingspace_session.aiohttp.ThingSpaceMiddleware(session)
        async with aiohttp.ClientSession(middlewares=[middleware]) as client:
            status = (await client.get(url)).status
        middleware._session._workers.dismiss()
        return status

    return asyncio.run(get())


@pytest.mark.parametrize("get", [by_requests, by_httpx, by_async_httpx, by_aiohttp])
def test_an_adapter_logs_in(
    options: Options, sandbox: Sandbox, get: Callable[[thingspace_session.Session, str], int]
) -> None:
    with thingspace_session.open_session(**options) as session:
        for _ in range(2):
            assert get(session, session.base_url + ACCOUNTS) == 200
    assert sandbox.counters()["login"] == 1


def test_options_are_checked_at_once(options: Options, sandbox: Sandbox) -> None:
    wrong: Any = {**options, "username": None}
    with pytest.raises(thingspace_session.InvalidArgument, match="username"):
        thingspace_session.open_session(**wrong, load_env=False)
    with pytest.raises(thingspace_session.InvalidArgument, match="no option"):
        thingspace_session.open_session(**{**wrong, "user": "x"})
    assert sandbox.counters()["login"] == 0


def test_what_the_login_meets_is_the_requests_error(options: Options, sandbox: Sandbox) -> None:
    wrong: Options = {**options, "password": "wrong"}
    with thingspace_session.open_session(**wrong) as session:
        for _ in range(2):  # a password whose rejection was received is not sent again
            with pytest.raises(
                (thingspace_session.CredentialsRejected, thingspace_session.LoginBlocked)
            ):
                session.get(ACCOUNTS)
    assert sandbox.counters()["login"] == 1


def test_asyncio(options: Options, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with thingspace_session.open_session_async(**options) as session:
            with pytest.raises(thingspace_session.NotLoggedIn):
                _ = session.token
            assert sandbox.counters()["login"] == 0
            answers = await asyncio.gather(*(session.get(ACCOUNTS) for _ in range(8)))
            assert all(answer.ok for answer in answers)
        session = await thingspace_session.open_session_async(**options)
        await session.aclose()

    asyncio.run(main())
    assert sandbox.counters()["login"] == 1


def test_the_first_login_warns_whoever_asked_for_it(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = thingspace_session._library.request
    line = ctypes.create_string_buffer(b"the guard forgets")

    def request_and_warn(*arguments: Any) -> Any:
        address, length = ctypes.addressof(line), len(line.value)
        thingspace_session._log._deliver(2, address, length, None)
        return request(*arguments)

    monkeypatch.setattr(thingspace_session._library, "request", request_and_warn)
    with thingspace_session.open_session(**options) as session:
        with pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as caught:
            session.get(ACCOUNTS)
        session.get(ACCOUNTS)  # a session that has logged in has told

    async def main() -> None:
        async with thingspace_session.open_session_async(**options) as session:
            await session.get(ACCOUNTS)
            await session.get(ACCOUNTS)

    with pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as awaited:
        asyncio.run(main())
    assert [one.filename for one in (*caught, *awaited)] == [__file__] * 2
    assert not thingspace_session._log._heard
