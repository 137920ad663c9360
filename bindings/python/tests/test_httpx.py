"""The adapter for ``httpx``, sync and async. Each test of the behaviour runs through both
clients."""

from __future__ import annotations

import asyncio
import gzip
import io
import itertools
import pickle
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any, Callable, Protocol

import anyio.to_thread
import httpx
import pytest
import trio

import thingspace_session
import thingspace_session.httpx
from sandbox import ACCOUNTS, DEVICES, Sandbox


class Client(Protocol):
    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response: ...


class Sync:
    def __init__(
        self, session: thingspace_session.Session, transport: Any = None, **more: Any
    ) -> None:
        more = {"base_url": session.base_url, "timeout": 60, **more}
        self._client = self.make(session, transport, more)

    def make(
        self, session: thingspace_session.Session, transport: Any, more: dict[str, Any]
    ) -> httpx.Client:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        return httpx.Client(auth=auth, transport=transport, **more)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._client.request(method, path, **arguments)

    def stream(self, method: str, path: str, **arguments: Any) -> tuple[int, int]:
        with self._client.stream(method, path, **arguments) as response:
            return response.status_code, sum(map(len, response.iter_bytes()))

    def begin(self, method: str, path: str) -> tuple[int, bytes]:
        """The status of a streamed answer, and the beginning of its body."""
        with self._client.stream(method, path) as response:
            return response.status_code, next(response.iter_raw())

    def body(self) -> Any:
        return iter([b"{", b"}"])

    def close(self) -> None:
        self._client.close()


class Async:
    """The async client behind the same few methods, on a loop of its own."""

    def __init__(
        self, session: thingspace_session.Session, transport: Any = None, **more: Any
    ) -> None:
        self._loop = asyncio.new_event_loop()
        more = {"base_url": session.base_url, "timeout": 60, **more}
        self._client = self.make(session, transport, more)

    def make(
        self, session: thingspace_session.Session, transport: Any, more: dict[str, Any]
    ) -> httpx.AsyncClient:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        return httpx.AsyncClient(auth=auth, transport=transport, **more)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._loop.run_until_complete(self._client.request(method, path, **arguments))

    def stream(self, method: str, path: str, **arguments: Any) -> tuple[int, int]:
        async def run() -> tuple[int, int]:
            async with self._client.stream(method, path, **arguments) as response:
                return response.status_code, sum(
                    [len(part) async for part in response.aiter_bytes()]
                )

        return self._loop.run_until_complete(run())

    def begin(self, method: str, path: str) -> tuple[int, bytes]:
        async def run() -> tuple[int, bytes]:
            async with self._client.stream(method, path) as response:
                return response.status_code, await response.aiter_raw().__anext__()

        return self._loop.run_until_complete(run())

    def body(self) -> Any:
        async def parts() -> AsyncIterator[bytes]:
            yield b"{"
            yield b"}"

        return parts()

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Beneath(Sync):
    """The client with the transport in place of the authentication."""

    def make(
        self, session: thingspace_session.Session, transport: Any, more: dict[str, Any]
    ) -> httpx.Client:
        ours = thingspace_session.httpx.ThingSpaceTransport(session, transport)
        return httpx.Client(transport=ours, **more)


class AsyncBeneath(Async):
    def make(
        self, session: thingspace_session.Session, transport: Any, more: dict[str, Any]
    ) -> httpx.AsyncClient:
        ours = thingspace_session.httpx.AsyncThingSpaceTransport(session, transport)
        return httpx.AsyncClient(transport=ours, **more)


AUTHS = [Sync, Async]
TRANSPORTS = [Beneath, AsyncBeneath]


@pytest.fixture(params=AUTHS + TRANSPORTS)
def client(request: pytest.FixtureRequest, session: thingspace_session.Session) -> Iterator[Any]:
    client = request.param(session)
    yield client
    client.close()


def test_both_tokens_go_along(
    client: Client, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    response = client.request("POST", DEVICES, json={})
    assert response.status_code == 200
    sent = sandbox.log("api")[-1]
    assert (sent["session_token"], sent["api_token"]) == (session.token, session.api_token)


@pytest.mark.parametrize("shape", ["errorCode", "proxied", "bare401"])
def test_an_expiry_is_mended_once(client: Client, sandbox: Sandbox, shape: str) -> None:
    sandbox.settings(expired_shape=shape)
    sandbox.expire()
    response = client.request("POST", DEVICES, json={"a": 1})
    assert response.status_code == 200
    refused = (
        2 if shape == "bare401" else 1
    )  # it does not say which token it is about: the API token is tried first
    if not isinstance(client, (Beneath, AsyncBeneath)):  # whose client sees none of them
        assert [answer.status_code >= 400 for answer in response.history] == [True] * refused
    sizes = [sent["body_bytes"] for sent in sandbox.log("api")]
    assert len(sizes) == refused + 1
    assert len(set(sizes)) == 1
    assert sandbox.counters()["login"] == 2


def test_both_tokens_are_renewed(client: Client, sandbox: Sandbox) -> None:
    sandbox.expire("all")
    assert client.request("GET", ACCOUNTS).status_code == 200
    counters = sandbox.counters()
    assert (counters["oauth"], counters["login"], counters["api"]) == (2, 2, 3)


def test_there_is_no_loop(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("api", "expired", times=-1)
    response = client.request("GET", ACCOUNTS)
    assert response.status_code == 400
    assert "SessionToken.Expired" in response.json()["errorCode"]
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 2)


def test_a_bare_401_renews_each_token_once(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("api", "status", status=401, times=-1)
    assert client.request("GET", ACCOUNTS).status_code == 401
    counters = sandbox.counters()
    assert (counters["login"], counters["oauth"], counters["api"]) == (2, 2, 3)


def test_other_answers_are_left_alone(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("api", "status", status=503)
    assert client.request("GET", ACCOUNTS).status_code == 503
    assert sandbox.counters()["api"] == 1


def test_a_stream_is_an_error_that_keeps_the_answer(
    client: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    assert client.request("POST", DEVICES, content=client.body()).status_code == 200
    expired = session.token
    sandbox.expire()
    with pytest.raises(
        thingspace_session.SessionTokenExpired, match="cannot be sent again"
    ) as caught:
        client.request("POST", DEVICES, content=client.body())
    assert caught.value.token == expired
    assert "SessionToken.Expired" in caught.value.response.json()["errorCode"]
    session.relogin(caught.value.token)  # the documented pattern; it was done already
    assert client.request("POST", DEVICES, content=client.body()).status_code == 200
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 3)


def test_a_file_is_no_silent_empty_body(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    auth = thingspace_session.httpx.ThingSpaceAuth(session)
    with (
        httpx.Client(auth=auth) as client,
        pytest.raises(thingspace_session.SessionTokenExpired, match="cannot be sent again"),
    ):
        client.post(session.base_url + DEVICES, content=io.BytesIO(b"{}"))


def test_a_failed_renewal_is_an_error_that_keeps_the_answer(
    client: Client, sandbox: Sandbox
) -> None:
    sandbox.expire()
    sandbox.control("POST", "/contacts", {"username": "zbeeblebrox", "password": "changed"})
    with pytest.raises(thingspace_session.CredentialsRejected) as caught:
        client.request("GET", ACCOUNTS)
    assert "SessionToken.Expired" in caught.value.response.json()["errorCode"]


def test_a_streamed_answer_stays_a_stream(client: Any, sandbox: Sandbox) -> None:
    sandbox.settings(api_answer_bytes=300_000)
    sandbox.expire()
    assert client.stream("POST", DEVICES, json={}) == (200, 300_000)
    sandbox.fault("api", "answer", status=400, body='{"errorCode": "X.Y", "errorMessage": ""}')
    assert client.stream("POST", DEVICES, json={}) == (400, 40)


def test_a_long_streamed_refusal_stays_whole(client: Any, sandbox: Sandbox) -> None:
    sandbox.fault("api", "huge", bytes=1_000_000, status=400)
    assert client.stream("GET", ACCOUNTS) == (400, 1_000_000)
    sandbox.fault("api", "huge", bytes=1_000_000, status=401)
    assert client.stream("POST", DEVICES, json={})[0] == 200


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, parts: Callable[[], Iterator[bytes]]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


@pytest.mark.parametrize("kind", AUTHS + TRANSPORTS)
@pytest.mark.parametrize("status", [200, 400])
def test_an_endless_streamed_answer_is_handed_on(
    kind: Any, session: thingspace_session.Session, status: int
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=Stream(lambda: itertools.repeat(b" " * 1000)))

    with closing(kind(session, httpx.MockTransport(answer))) as client:
        assert client.begin("GET", ACCOUNTS) == (status, b" " * 1000)


@pytest.mark.parametrize("kind", AUTHS + TRANSPORTS)
@pytest.mark.parametrize("size", [100, 1_000_000])
def test_a_compressed_answer_stays_whole(
    kind: Any, session: thingspace_session.Session, size: int
) -> None:
    body = random.Random(1).randbytes(size)
    packed = gzip.compress(body)

    def answer(request: httpx.Request) -> httpx.Response:
        parts = Stream(lambda: (packed[at : at + 1000] for at in range(0, len(packed), 1000)))
        return httpx.Response(400, headers={"Content-Encoding": "gzip"}, stream=parts)

    with closing(kind(session, httpx.MockTransport(answer))) as client:
        assert client.request("GET", ACCOUNTS).content == body
        assert client.stream("GET", ACCOUNTS) == (400, size)


def test_a_body_that_cannot_be_decoded_is_for_whoever_reads_it(
    session: thingspace_session.Session,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        parts = Stream(lambda: iter([b"no such thing"]))
        return httpx.Response(400, headers={"Content-Encoding": "gzip"}, stream=parts)

    with closing(Sync(session, httpx.MockTransport(answer))) as client:
        with pytest.raises(httpx.DecodingError):
            client.request("GET", ACCOUNTS)
        assert client.begin("GET", ACCOUNTS) == (400, b"no such thing")


@pytest.mark.parametrize("kind", AUTHS + TRANSPORTS)
def test_the_session_token_header_is_an_option(
    kind: Any, options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["session_token_header"] = "SessionToken"
    path = "/m2m/v1/sms"
    sandbox.control("POST", "/answers", {"path": path, "session_token_header": "SessionToken"})
    with thingspace_session.login(**options) as session, closing(kind(session)) as client:
        sandbox.expire()
        response = client.request("GET", path)
        assert response.status_code == 200
        assert session.token not in repr(response.request.headers)
        sent = sandbox.log("api")[-1]["headers"]
        assert "sessiontoken" in sent
        assert "vz-m2m-token" not in sent
        with Sandbox() as other:
            sandbox.fault("api", "redirect", location=other.base_url + ACCOUNTS)
            assert client.request("GET", path, follow_redirects=True).status_code == 401
            assert "sessiontoken" not in other.log("api")[-1]["headers"]


def test_tokens_go_to_no_other_origin(
    client: Client, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox() as other:
        assert client.request("GET", other.base_url + ACCOUNTS).status_code == 401
        sent = other.control("GET", "/log")[-1]
        assert (sent["session_token"], sent["api_token"]) == (None, None)
    assert "without tokens" in caplog.text
    assert f"are for {sandbox.base_url.removesuffix('/api')} and nowhere else" in caplog.text


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("expired", [False, True])
def test_tokens_follow_no_redirect(
    client: Client, sandbox: Sandbox, status: int, expired: bool
) -> None:
    with Sandbox() as other:
        if expired:
            sandbox.expire()
        for target in (other, sandbox):
            location = target.base_url + ACCOUNTS
            sandbox.fault(
                "api", "redirect", location=location, status=status, skip=1 if expired else 0
            )
            response = client.request("GET", ACCOUNTS, follow_redirects=True)
            assert response.url == location
            sent = target.control("GET", "/log")[-1]
            # A transport sends each request of its own; another origin gets no tokens of it either.
            go_along = target is sandbox and isinstance(client, (Beneath, AsyncBeneath))
            assert (response.status_code == 200) == go_along
            assert (sent["session_token"] is not None) == go_along
            assert (sent["api_token"] is not None) == go_along
            expired = False
        assert other.counters()["requests"] == 1


def test_the_next_request_of_a_redirect_has_no_tokens(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("api", "redirect", location="https://elsewhere.invalid/")
    response = client.request("GET", ACCOUNTS)
    assert response.next_request is not None
    assert "VZ-M2M-Token" not in response.next_request.headers
    assert "Authorization" not in response.next_request.headers


def headers_sent(session: thingspace_session.Session) -> httpx.Headers:
    """The headers of a request as its transport sees them."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(
        transport=transport, auth=thingspace_session.httpx.ThingSpaceAuth(session)
    ) as client:
        given = {"Authorization": "mine", "X-One": "1"}
        return client.get(session.base_url + ACCOUNTS, headers=given).request.headers


def test_tokens_are_in_all_views_of_the_headers_but_copies(
    session: thingspace_session.Session,
) -> None:
    headers = headers_sent(session)
    tokens = {"authorization": f"Bearer {session.api_token}", "vz-m2m-token": session.token}
    for name, value in tokens.items():
        assert headers[name.upper()] == headers.get(name) == value
        assert name.title() in headers
        assert headers.get_list(name) == [value]
        assert value in list(headers.values())
        assert list(headers).count(name) == list(headers.keys()).count(name) == 1
        assert (
            headers.multi_items().count((name, value))
            == list(headers.items()).count((name, value))
            == 1
        )
        assert [raw for raw in headers.raw if raw[0].lower() == name.encode()][0][
            1
        ] == value.encode()
        assert name not in headers.copy()
        assert name not in httpx.Headers(headers)
        assert value not in repr(headers)
    plain = httpx.Headers(headers.multi_items())
    assert len(headers) == len(plain)
    assert headers == plain == headers
    assert headers != headers.copy()
    assert headers.encoding == "ascii"


def test_headers_can_be_changed_as_any(session: thingspace_session.Session) -> None:
    headers = headers_sent(session)
    headers["x-one"] = "one"
    headers["AUTHORIZATION"] = "Bearer mine"
    headers.update({"X-Two": "2"})
    assert headers.setdefault("X-Three", "3") == "3"
    assert [headers.get(name) for name in ("X-One", "X-Two", "X-Three")] == ["one", "2", "3"]
    assert headers["authorization"] == "Bearer mine"
    assert headers.pop("vz-m2m-token") == session.token
    assert "vz-m2m-token" not in headers
    with pytest.raises(KeyError):
        del headers["vz-m2m-token"]
    headers.encoding = "utf-8"
    assert headers.encoding == "utf-8"


class Traced(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Replaces a request's headers by a copy with one more, as OpenTelemetry's instrumentation
    does."""

    def __init__(self) -> None:
        self._sync, self._async = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    @staticmethod
    def trace(request: httpx.Request) -> None:
        headers = httpx.Headers(request.headers)
        headers["traceparent"] = "00-x"
        request.headers = headers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.trace(request)
        return self._sync.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.trace(request)
        return await self._async.handle_async_request(request)

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_request_that_follows_a_redirect_is_sent_again(
    kind: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    with closing(kind(session)) as client:
        location = sandbox.base_url + DEVICES
        sandbox.fault("api", "redirect", location=location, status=307)
        sandbox.fault("api", "expired")
        response = client.request("POST", DEVICES, json={}, follow_redirects=True)
        assert response.status_code == 200
        assert [sent["body_bytes"] for sent in sandbox.log("api")] == [2, 2, 2]
        assert sandbox.counters()["login"] == 2


@pytest.mark.parametrize("kind", AUTHS + TRANSPORTS)
def test_tokens_survive_a_transport_that_replaces_headers(
    kind: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    with closing(kind(session, Traced())) as client:
        assert client.request("POST", DEVICES, json={}).status_code == 200
        sandbox.expire()
        assert client.request("POST", DEVICES, json={}).status_code == 200
        assert [sent["headers"]["traceparent"] for sent in sandbox.log("api")] == ["00-x"] * 3
        assert sandbox.counters()["login"] == 2
        with Sandbox() as other:
            sandbox.fault("api", "redirect", location=other.base_url + ACCOUNTS)
            assert client.request("GET", ACCOUNTS, follow_redirects=True).status_code == 401
            assert other.log("api")[-1]["session_token"] is None


def test_a_token_that_a_hook_sets_or_deletes_is_sent_so(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    def change(request: httpx.Request) -> None:
        request.headers["Authorization"] = "Bearer mine"
        del request.headers["VZ-M2M-Token"]
        request.headers = httpx.Headers(request.headers)  # neither comes back by this

    with httpx.Client(
        auth=thingspace_session.httpx.ThingSpaceAuth(session), event_hooks={"request": [change]}
    ) as client:
        client.get(session.base_url + ACCOUNTS)
    sent = sandbox.log("api")[0]
    assert (sent["api_token"], sent["session_token"]) == ("mine", None)


def test_a_request_can_be_sent_again_and_again(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    with httpx.Client(auth=thingspace_session.httpx.ThingSpaceAuth(session)) as client:
        request = client.build_request("POST", session.base_url + DEVICES, json={})
        for _ in range(3):
            assert client.send(request).status_code == 200
            sandbox.expire()
    assert sandbox.counters()["login"] == 3


def test_an_answer_can_be_pickled(client: Client, sandbox: Sandbox) -> None:
    sandbox.expire()
    answer = client.request("POST", DEVICES, json={})
    again = pickle.loads(pickle.dumps(answer))
    assert again.json() == answer.json()
    assert again.request.headers == answer.request.headers


def test_waiting_leaves_the_threads_of_others_free(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def run() -> list[int]:
        limits = httpx.Limits(max_connections=64)
        auth = thingspace_session.httpx.ThingSpaceAuth(patient)
        async with httpx.AsyncClient(
            auth=auth, base_url=patient.base_url, timeout=60, limits=limits
        ) as client:
            tasks = [asyncio.create_task(client.get(ACCOUNTS)) for _ in range(64)]
            await anyio.to_thread.run_sync(sandbox.wait_until_arrived, "login", 2)
            # All that were refused wait by now, or are on their way.
            assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
            await anyio.to_thread.run_sync(sandbox.control, "DELETE", "/faults")
            return [answer.status_code for answer in await asyncio.gather(*tasks)]

    sandbox.expire()
    sandbox.fault("login", "hold")
    assert asyncio.run(run()) == [200] * 64


def test_a_platform_that_hangs_holds_up_no_other_session(
    patient: thingspace_session.Session,
    options: thingspace_session.Options,
    sandbox: Sandbox,
) -> None:
    async def run(other: Sandbox, fine: thingspace_session.Session) -> int:
        limits = httpx.Limits(max_connections=64)
        auth = thingspace_session.httpx.ThingSpaceAuth(patient)
        theirs = thingspace_session.httpx.ThingSpaceAuth(fine)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            urls = [patient.base_url + ACCOUNTS] * 64
            tasks = [asyncio.create_task(client.get(url, auth=auth)) for url in urls]
            await anyio.to_thread.run_sync(sandbox.wait_until_arrived, "api", 64)
            status = (await client.get(fine.base_url + ACCOUNTS, auth=theirs)).status_code
            assert not any(task.done() for task in tasks)
            await anyio.to_thread.run_sync(sandbox.control, "DELETE", "/faults")
            await asyncio.gather(*tasks)
            return status

    sandbox.expire()
    sandbox.fault("login", "hold")
    with Sandbox() as other:
        more: thingspace_session.Options = {**options, "base_url": other.base_url, "realm": "other"}
        with thingspace_session.login(**more) as fine:
            other.expire()
            assert asyncio.run(run(other, fine)) == 200


def test_tokens_that_are_held_take_no_thread(
    session: thingspace_session.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(*_: Any, **__: Any) -> None:
        raise AssertionError("a thread was asked for")

    async def run() -> int:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        async with httpx.AsyncClient(auth=auth, base_url=session.base_url, timeout=60) as client:
            return (await client.get(ACCOUNTS)).status_code

    monkeypatch.setattr(anyio.to_thread, "run_sync", no_thread)
    assert asyncio.run(run()) == 200


def test_a_session_that_an_adapter_cannot_use(options: thingspace_session.Options) -> None:
    with pytest.raises(TypeError, match="thingspace_session.Session"):
        thingspace_session.httpx.ThingSpaceAuth("session")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="thingspace_session.Session"):
        thingspace_session.httpx.ThingSpaceTransport(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="thingspace_session.Session"):
        thingspace_session.httpx.AsyncThingSpaceTransport(None)  # type: ignore[arg-type]
    options["protocol"] = "soap"
    with (
        thingspace_session.login(**options) as session,
        pytest.raises(thingspace_session.InvalidArgument, match="rest"),
    ):
        thingspace_session.httpx.ThingSpaceAuth(session)


@pytest.mark.parametrize("kind", [Async, AsyncBeneath])
def test_an_async_session_will_do(
    kind: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    with closing(kind(thingspace_session.AsyncSession(session))) as client:
        assert client.request("GET", ACCOUNTS).status_code == 200
    assert sandbox.counters()["login"] == 2


def test_a_storm_of_tasks_logs_in_once(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def run() -> list[int]:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(
            auth=auth, base_url=session.base_url, timeout=60, limits=limits
        ) as client:
            answers = await asyncio.gather(*(client.post(DEVICES, json={}) for _ in range(64)))
            return [answer.status_code for answer in answers]

    sandbox.expire()
    assert asyncio.run(run()) == [200] * 64
    assert sandbox.counters()["login"] == 2


def test_trio(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    async def run() -> int:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        async with httpx.AsyncClient(auth=auth, base_url=session.base_url, timeout=60) as client:
            return (await client.post(DEVICES, json={})).status_code

    sandbox.expire()
    assert trio.run(run) == 200
    assert sandbox.counters()["login"] == 2


def test_a_cancelled_task_ends_its_renewal(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def run() -> None:
        auth = thingspace_session.httpx.ThingSpaceAuth(patient)
        async with httpx.AsyncClient(auth=auth, base_url=patient.base_url, timeout=60) as client:
            task = asyncio.create_task(client.get(ACCOUNTS))
            await asyncio.to_thread(sandbox.wait_until_arrived, "login", 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    sandbox.expire()
    sandbox.fault("login", "hold")
    asyncio.run(run())  # would wait for a day for its worker thread


def raise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


async def araise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


@pytest.mark.parametrize(
    ("kind", "hook"), [(Beneath, raise_for_status), (AsyncBeneath, araise_for_status)]
)
def test_a_hook_that_raises_sees_the_mended_answer(
    kind: Any, hook: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    seen: list[httpx.Response] = []
    with closing(kind(session, event_hooks={"response": [hook]})) as client:
        for _ in range(2):
            sandbox.expire()
            seen.append(client.request("POST", DEVICES, json={}))
        assert [response.status_code for response in seen] == [200, 200]
        with pytest.raises(httpx.HTTPStatusError):
            client.request("GET", "/m2m/v1/accounts/none-of-mine")
    assert sandbox.counters()["login"] == 3


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_transport_keeps_the_tokens_to_itself(
    kind: Any, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    with closing(kind(session)) as client:
        response = client.request("POST", DEVICES, json={})
    tokens = {session.token, f"Bearer {session.api_token}"}
    assert not tokens & set(response.request.headers.values())
    assert sandbox.log("api")[-1]["session_token"] == session.token


def test_a_transport_of_the_other_kind_is_named(session: thingspace_session.Session) -> None:
    ours = thingspace_session.httpx
    kinds: list[tuple[Any, Any]] = [
        (ours.ThingSpaceTransport, httpx.AsyncHTTPTransport()),
        (ours.AsyncThingSpaceTransport, httpx.HTTPTransport()),
        (ours.ThingSpaceTransport, httpx.HTTPTransport),
    ]
    for kind, beneath in kinds:
        with pytest.raises(TypeError, match=r"transport must be an httpx\.\w*BaseTransport, not "):
            kind(session, beneath)


def test_a_transport_opens_and_closes_the_one_beneath(session: thingspace_session.Session) -> None:
    class Inner(httpx.MockTransport):
        opened = closed = 0

        def __enter__(self) -> Inner:
            self.opened += 1
            return self

        def __exit__(self, *error: Any) -> None:
            self.closed += 1

        async def __aenter__(self) -> Inner:
            return self.__enter__()

        async def __aexit__(self, *error: Any) -> None:
            self.__exit__()

        def close(self) -> None:
            self.closed += 1

        async def aclose(self) -> None:
            self.closed += 1

    inner = Inner(lambda request: httpx.Response(200))
    with httpx.Client(
        transport=thingspace_session.httpx.ThingSpaceTransport(session, inner)
    ) as client:
        client.get(session.base_url + ACCOUNTS)

    async def run() -> None:
        ours = thingspace_session.httpx.AsyncThingSpaceTransport(session, inner)
        async with httpx.AsyncClient(transport=ours) as client:
            await client.get(session.base_url + ACCOUNTS)

    asyncio.run(run())
    assert inner.opened == inner.closed == 2
    thingspace_session.httpx.ThingSpaceTransport(session, inner).close()
    asyncio.run(thingspace_session.httpx.AsyncThingSpaceTransport(session, inner).aclose())
    assert inner.closed == 4
