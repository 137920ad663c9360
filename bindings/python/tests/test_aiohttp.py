"""The adapter for ``aiohttp``'s client."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import pickle
import random
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import thingspace_session
import thingspace_session.aiohttp
from sandbox import ACCOUNTS, DEVICES, Sandbox
from thingspace_session.aiohttp import ThingSpaceMiddleware


@asynccontextmanager
async def client(session: Any, **arguments: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A client session of which each path is one of the platform's."""
    middleware = ThingSpaceMiddleware(session)
    base_url = session.base_url + "/"
    async with aiohttp.ClientSession(base_url, middlewares=[middleware], **arguments) as http:
        yield http
    if middleware._session is not session:  # it was made by the middleware
        middleware._session._workers.dismiss()


async def send(
    http: aiohttp.ClientSession, method: str, path: str, **arguments: Any
) -> tuple[int, bytes]:
    async with http.request(method, path.lstrip("/"), **arguments) as answer:
        return answer.status, await answer.read()


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main(), debug=True)


@pytest.mark.parametrize("kind", [thingspace_session.AsyncSession, lambda session: session])
def test_both_tokens_go_along(
    kind: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(kind(session)) as http:
            assert (await send(http, "POST", DEVICES, json={}))[0] == 200

    run(main)
    sent = sandbox.log("api")[-1]
    assert (sent["session_token"], sent["api_token"]) == (session.token, session.api_token)


@pytest.mark.parametrize("shape", ["errorCode", "proxied", "bare401"])
def test_an_expiry_is_mended_once(
    session: thingspace_session.Session, sandbox: Sandbox, shape: str
) -> None:
    sandbox.settings(expired_shape=shape)
    sandbox.expire()

    async def main() -> None:
        async with client(session, raise_for_status=True) as http:
            assert (await send(http, "POST", DEVICES, json={"a": 1}))[0] == 200

    run(main)
    sizes = [sent["body_bytes"] for sent in sandbox.log("api")]
    # A bare one does not say which token it is about: the API token is tried first.
    assert len(sizes) == (3 if shape == "bare401" else 2)
    assert len(set(sizes)) == 1
    assert sandbox.counters()["login"] == 2


def test_both_tokens_are_renewed(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with client(session) as http:
            assert (await send(http, "GET", ACCOUNTS))[0] == 200

    sandbox.expire("all")
    run(main)
    counters = sandbox.counters()
    assert (counters["oauth"], counters["login"], counters["api"]) == (2, 2, 3)


@pytest.mark.parametrize("fault", ["expired", "reset_after"])
def test_no_error_shows_tokens(
    session: thingspace_session.Session, sandbox: Sandbox, fault: str
) -> None:
    async def main() -> None:
        async with client(session, raise_for_status=True) as http:
            with pytest.raises(aiohttp.ClientError) as caught:
                await send(http, "GET", ACCOUNTS)
        shown = repr(caught.value)
        for sent in sandbox.log("api"):
            assert sent["session_token"] not in shown
            assert sent["api_token"] not in shown

    sandbox.fault("api", fault, times=-1)
    run(main)
    assert sandbox.counters()["api"]


def test_there_is_no_loop(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with client(session) as http:
            status, body = await send(http, "GET", ACCOUNTS)
            assert status == 400
            assert b"SessionToken.Expired" in body

    sandbox.fault("api", "expired", times=-1)
    run(main)
    assert sandbox.counters()["api"] == 2


async def parts() -> AsyncIterator[bytes]:
    yield b'{"a":'
    yield b"1}"


def form() -> aiohttp.FormData:
    form = aiohttp.FormData({"a": "1"})
    form.add_field("file", io.BytesIO(b"content"), filename="name")
    return form


def writer() -> aiohttp.MultipartWriter:
    writer = aiohttp.MultipartWriter()
    writer.append("text")
    writer.append(io.BytesIO(b"content"))
    return writer


@pytest.mark.parametrize(
    "body",
    [
        dict,
        lambda: {"json": {"a": 1}},
        lambda: {"data": b"bytes"},
        lambda: {"data": "text"},
        lambda: {"data": {"a": "form"}},
        lambda: {"data": io.BytesIO(b"bytes")},
        lambda: {"data": io.StringIO("text")},
        lambda: {"data": form()},
        lambda: {"data": writer()},
        lambda: {"data": b"packed", "compress": "gzip"},
    ],
    ids=["none", "json", "bytes", "text", "form", "BytesIO", "StringIO", "FormData", "multipart"]
    + ["compressed"],
)
def test_a_body_is_sent_again(
    session: thingspace_session.Session, sandbox: Sandbox, body: Callable[[], Any]
) -> None:
    async def main() -> None:
        async with client(session) as http:
            assert (await send(http, "POST", DEVICES, **body()))[0] in (200, 400)

    sandbox.expire()
    run(main)
    first, second = sandbox.log("api")
    assert first["body_bytes"] == second["body_bytes"]
    assert first["session_token"] != second["session_token"]


def test_a_file_is_sent_again_from_where_it_began(
    session: thingspace_session.Session, sandbox: Sandbox, tmp_path: Any
) -> None:
    (tmp_path / "file").write_bytes(b"0123456789" * 100_000)

    async def main() -> None:
        async with client(session) as http:
            file = (tmp_path / "file").open("rb")
            file.seek(10)
            await send(http, "POST", DEVICES, data=file)

    sandbox.expire()
    run(main)
    assert [sent["body_bytes"] for sent in sandbox.log("api")] == [999_990] * 2


@pytest.mark.parametrize("expired", ["session", "api_token"])
def test_a_stream_is_an_error_that_keeps_the_answer(
    session: thingspace_session.Session, sandbox: Sandbox, expired: str
) -> None:
    async def main() -> None:
        async with client(session) as http:
            with pytest.raises(
                (thingspace_session.SessionTokenExpired, thingspace_session.ApiTokenError)
            ) as caught:
                await send(http, "POST", DEVICES, data=parts())
            assert caught.value.response.status in (400, 401)
            assert await caught.value.response.text()
            assert (await send(http, "POST", DEVICES, data=parts()))[0] == 200

    sandbox.expire(expired)
    run(main)
    assert sandbox.counters()["api"] == 2


def test_a_failed_renewal_is_an_error_that_keeps_the_answer(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(session) as http:
            with pytest.raises(thingspace_session.Unavailable) as caught:
                await send(http, "GET", ACCOUNTS)
            answer = await caught.value.response.json()
            assert "SessionToken.Expired" in answer["errorCode"]

    sandbox.expire()
    sandbox.fault("login", "status", status=503)
    run(main)


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("reset_after", thingspace_session.NetworkError, "TSM_E_NETWORK"),
        ("hold", thingspace_session.Timeout, "TSM_E_TIMEOUT"),
    ],
)
def test_what_aiohttp_would_replace_stays_the_error_it_is(
    options: thingspace_session.Options, sandbox: Sandbox, fault: str, kind: Any, status: str
) -> None:
    async def main(session: thingspace_session.Session) -> None:
        async with client(session) as http:
            with pytest.raises(kind) as raised:
                await send(http, "GET", ACCOUNTS)
            caught: Any = raised
            assert "SessionToken.Expired" in (await caught.value.response.json())["errorCode"]
            assert (caught.value.status_name, caught.value.retryable) == (status, True)
            assert isinstance(caught.value, aiohttp.ClientError)
            copied = pickle.loads(pickle.dumps(caught.value))
            assert (type(copied), str(copied)) == (type(caught.value), str(caught.value))

    async def first(session: thingspace_session.Session) -> None:
        async with client(session) as http:
            with pytest.raises(kind) as caught:
                await send(http, "GET", ACCOUNTS)
            assert isinstance(caught.value, aiohttp.ClientError)

    options["timeout"] = 2 if fault == "hold" else 30
    with thingspace_session.open_session(**options) as session:
        session.relogin(timeout=60)
        sandbox.expire()
        sandbox.fault("login", fault)
        run(lambda: main(session))
    sandbox.control("DELETE", "/faults")
    options["realm"] = uuid.uuid4().hex
    with thingspace_session.open_session(**options) as session:
        sandbox.fault("login", fault)
        run(lambda: first(session))


def test_a_logout_is_not_undone(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with client(session) as http:
            with pytest.raises(thingspace_session.NotLoggedIn):
                await send(http, "GET", ACCOUNTS)

    session.logout()
    run(main)
    assert sandbox.counters()["api"] == 0


def test_a_session_that_is_closed_is_an_error(session: thingspace_session.Session) -> None:
    async def main() -> None:
        async with client(session) as http:
            session.close()
            with pytest.raises(thingspace_session.SessionClosed):
                await send(http, "GET", ACCOUNTS)

    run(main)


def test_tokens_go_to_no_other_origin(
    session: thingspace_session.Session, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(other: Sandbox) -> None:
        middleware = ThingSpaceMiddleware(session)
        async with (
            aiohttp.ClientSession(middlewares=[middleware]) as http,
            http.get(other.base_url + ACCOUNTS) as answer,
        ):
            assert answer.status == 401

    with Sandbox() as other:
        run(lambda: main(other))
        sent = other.control("GET", "/log")[-1]
    assert (sent["session_token"], sent["api_token"]) == (None, None)
    assert "without tokens" in caplog.text
    assert f"are for {sandbox.base_url.removesuffix('/api')} and nowhere else" in caplog.text


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("expired", [False, True])
def test_a_redirect_to_another_origin_loses_the_tokens(
    session: thingspace_session.Session, sandbox: Sandbox, status: int, expired: bool
) -> None:
    async def main(other: Sandbox) -> None:
        location = other.base_url + ACCOUNTS
        skip = 1 if expired else 0
        sandbox.fault("api", "redirect", location=location, status=status, skip=skip)
        async with client(session) as http, http.post(DEVICES.lstrip("/"), json={}) as answer:
            assert str(answer.url) == location
            assert answer.status in (400, 401)
            assert not set(answer.request_info.headers) & {"Authorization", "VZ-M2M-Token"}

    if expired:
        sandbox.expire()
    with Sandbox() as other:
        run(lambda: main(other))
        sent = other.control("GET", "/log")[-1]
    assert (sent["session_token"], sent["api_token"]) == (None, None)


def test_a_redirect_within_the_origin_is_a_request_like_any(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(session) as http:
            assert (await send(http, "GET", ACCOUNTS))[0] == 200

    sandbox.fault("api", "redirect", location=sandbox.base_url + ACCOUNTS)
    run(main)


def test_the_session_token_header_is_an_option(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["session_token_header"] = "SessionToken"
    path = "/m2m/v1/sms"
    sandbox.control("POST", "/answers", {"path": path, "session_token_header": "SessionToken"})

    async def main() -> None:
        async with thingspace_session.login_async(**options) as session, client(session) as http:
            sandbox.expire()
            assert (await send(http, "GET", path))[0] == 200

    run(main)
    sent = sandbox.log("api")[-1]["headers"]
    assert "sessiontoken" in sent
    assert "vz-m2m-token" not in sent


# -- answers


def test_other_answers_are_left_alone(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(session) as http:
            for status in (403, 429, 500, 503):
                sandbox.fault("api", "status", status=status, body="no")
                assert await send(http, "GET", ACCOUNTS) == (status, b"no")

    run(main)
    assert sandbox.counters()["login"] == 1


async def streamed(http: aiohttp.ClientSession, method: str, path: str) -> tuple[int, int]:
    async with http.request(method, path.lstrip("/"), json={}) as answer:
        return answer.status, sum([len(part) async for part in answer.content.iter_any()])


def test_a_streamed_answer_stays_a_stream(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(session) as http:
            sandbox.settings(api_answer_bytes=300_000)
            sandbox.expire()
            assert await streamed(http, "POST", DEVICES) == (200, 300_000)
            body = '{"errorCode": "X.Y", "errorMessage": ""}'
            sandbox.fault("api", "answer", status=400, body=body)
            assert await streamed(http, "POST", DEVICES) == (400, 40)
            sandbox.fault("api", "huge", bytes=1_000_000, status=400)
            assert await streamed(http, "GET", ACCOUNTS) == (400, 1_000_000)
            sandbox.fault("api", "huge", bytes=1_000_000, status=401)
            assert (await streamed(http, "POST", DEVICES))[0] == 200

    run(main)


@asynccontextmanager
async def platform(answer: Any) -> AsyncIterator[thingspace_session.AsyncSession]:
    """A session at a platform that answers each request with this."""

    async def oauth(request: web.Request) -> web.Response:
        return web.json_response({"access_token": "api", "expires_in": 3600})

    async def log_in(request: web.Request) -> web.Response:
        return web.json_response({"sessionToken": "session"})

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/api/ts/v1/oauth2/token", oauth)
    app.router.add_post("/api/m2m/v1/session/login", log_in)
    app.router.add_route("*", "/api/any", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with thingspace_session.login_async(
            load_env=False,
            base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/api",
            username="u",
            password="p",
            app_key="k",
            app_secret="s",
            store="memory:",
        ) as session:
            yield session
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [200, 400])
def test_an_endless_answer_is_handed_on(status: int) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b" " * 1000)
        return response

    async def main() -> None:
        async with platform(answer) as session, client(session) as http, http.get("any") as got:
            assert got.status == status
            assert await got.content.readexactly(1_000_000) == b" " * 1_000_000
            got.close()

    run(main)


@pytest.mark.parametrize("size", [100, 1_000_000])
@pytest.mark.parametrize("auto_decompress", [True, False])
def test_a_compressed_answer_stays_whole(size: int, auto_decompress: bool) -> None:
    body = random.Random(1).randbytes(size)
    packed = gzip.compress(body)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=400, body=packed, headers={"Content-Encoding": "gzip"})

    async def main() -> None:
        expected = body if auto_decompress else packed
        async with (
            platform(answer) as session,
            client(session, auto_decompress=auto_decompress) as http,
        ):
            assert await send(http, "GET", "any") == (400, expected)

    run(main)


@pytest.mark.parametrize("auto_decompress", [True, False])
def test_a_compressed_refusal_is_understood(auto_decompress: bool) -> None:
    refusal = b'{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}'
    answers = [web.Response(status=400, body=refusal), web.Response(body=b"fine")]
    answers[0].enable_compression(web.ContentCoding.gzip)

    async def answer(request: web.Request) -> web.Response:
        return answers.pop(0)

    async def main() -> None:
        async with (
            platform(answer) as session,
            client(session, auto_decompress=auto_decompress) as http,
        ):
            assert await send(http, "GET", "any") == (200, b"fine")

    run(main)


def test_an_answer_before_the_body_is_out_is_mended(tmp_path: Any) -> None:
    refusal = b'{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}'
    (tmp_path / "file").write_bytes(b"0123456789" * 1_000_000)
    got: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        if not got:
            got.append(b"")
            return web.Response(status=400, body=refusal)
        got.append(await request.read())
        return web.Response()

    async def main() -> None:
        async with platform(answer) as session, client(session) as http:
            with (tmp_path / "file").open("rb") as file:
                assert (await send(http, "POST", "any", data=file))[0] == 200

    run(main)
    assert got[1] == b"0123456789" * 1_000_000


# -- waiting


def test_a_storm_of_tasks_logs_in_once(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with client(session) as http:
            calls = (send(http, "POST", DEVICES, json={}) for _ in range(128))
            assert {status for status, _ in await asyncio.gather(*calls)} == {200}

    sandbox.expire()
    run(main)
    assert sandbox.counters()["login"] == 2


def test_renewals_leave_asyncios_threads_alone(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session, client(session) as http:
            sandbox.expire()
            sandbox.fault("login", "hold")
            calls = [asyncio.create_task(send(http, "POST", DEVICES, json={})) for _ in range(64)]
            body = {"counter": "held", "at_least": 1, "at_most_ms": 60_000}
            await asyncio.to_thread(sandbox.control, "POST", "/await", body)
            await asyncio.to_thread(sandbox.control, "DELETE", "/faults")
            assert {status for status, _ in await asyncio.gather(*calls)} == {200}

    run(main)
    assert sandbox.counters()["login"] == 2


def test_a_cancelled_task_ends_its_renewal(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session, client(session) as http:
            sandbox.expire()
            sandbox.fault("login", "hold")
            task = asyncio.create_task(send(http, "GET", ACCOUNTS))
            body = {"counter": "held", "at_least": 1, "at_most_ms": 60_000}
            await asyncio.to_thread(sandbox.control, "POST", "/await", body)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            sandbox.control("DELETE", "/faults")
            # The login goes on by itself: it is no other that this meets.
            assert (await send(http, "GET", ACCOUNTS))[0] == 200

    run(main)
    assert sandbox.counters()["login"] == 2


def test_a_session_that_the_adapter_cannot_use(options: thingspace_session.Options) -> None:
    options["protocol"] = "soap"
    session = thingspace_session.login(**options)
    with session, pytest.raises(thingspace_session.InvalidArgument, match='protocol="rest"'):
        ThingSpaceMiddleware(session)
    with pytest.raises(TypeError, match="must be a thingspace_session.Session or .*, not str"):
        ThingSpaceMiddleware("session")  # type: ignore[arg-type]
