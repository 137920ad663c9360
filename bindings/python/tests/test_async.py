"""The session for asyncio: the same methods, true cancellation, threads of its own."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import io
import logging
import pickle
import threading
import unittest.mock
import weakref
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Callable, TypeVar

import pytest
import trio

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, Sandbox
from thingspace_session import AsyncSession, _workers

_Result = TypeVar("_Result")

DAY = 86_400


def run(main: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(main, debug=True)


@asynccontextmanager
async def held(sandbox: Sandbox, calls: int = 1, on: str = "api") -> AsyncIterator[None]:
    """The platform answers none of so many requests; begins with the block, and ends with it."""
    sandbox.fault(on, "hold", times=calls)
    try:
        yield
    finally:
        sandbox.control("DELETE", "/faults")


async def wait_until_held(sandbox: Sandbox, calls: int = 1) -> None:
    """The loop goes on meanwhile: it is asyncio's own threads that wait."""
    body = {"counter": "held", "at_least": calls, "at_most_ms": 60_000}
    await asyncio.to_thread(sandbox.control, "POST", "/await", body)


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "thingspace_session"]


@pytest.fixture(autouse=True)
def _threads_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """None is left behind, and none waits long for a call that does not come."""
    # Not a little more than nothing: of a time that is over when it looks a second time, a
    # SimpleQueue before Python 3.13 makes an endless one.
    monkeypatch.setattr(_workers, "IDLE_SECONDS", 0)
    yield
    for thread in own_threads():
        thread.join(60)
    assert not own_threads()


# -- what it is


def test_it_has_what_a_session_has() -> None:
    renamed = {"close": "aclose"}
    for name, of_session in inspect.getmembers(thingspace_session.Session):
        if name.startswith("_"):
            continue
        of_async = inspect.getattr_static(AsyncSession, renamed.get(name, name))
        if not callable(of_session) or not callable(of_async):
            continue  # a property here or there
        parameters = inspect.signature(of_session).parameters
        wanted = [
            each.replace(annotation="Optional[AsyncData]") if each.name == "data" else each
            for each in parameters.values()
            if each.name != "cancel"
        ]
        assert list(inspect.signature(of_async).parameters.values()) == wanted, name
        assert of_async.__doc__, name


def test_a_login_is_awaited_or_entered(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        login = thingspace_session.login_async(**options)
        assert sandbox.counters()["login"] == 0
        assert "IMgr8" not in repr(login)
        session = await login
        assert (await session.get(ACCOUNTS)).ok
        await session.aclose()
        await session.aclose()
        async with thingspace_session.login_async(**options) as session:
            assert (await session.get(ACCOUNTS)).ok
            assert session.base_url in repr(session)
        assert repr(session) == "<thingspace_session.AsyncSession closed>"
        with pytest.raises(thingspace_session.SessionClosed):
            await session.get(ACCOUNTS)

    run(main())
    assert sandbox.counters()["login"] == 2
    assert sandbox.counters()["logout"] == 0
    # What wants a coroutine takes it as one.
    asyncio.run(asyncio.run(thingspace_session.login_async(**options)).aclose())
    with pytest.warns(RuntimeWarning, match="'login_async' was never awaited"):
        thingspace_session.login_async()


def test_a_task_that_logs_in_shows_what_it_does(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with held(sandbox, 1, "oauth"):
            login = thingspace_session.login_async(**options)
            task = asyncio.create_task(login)
            await wait_until_held(sandbox)
            assert "login_async() running at" in repr(task)
            assert [frame.f_code.co_name for frame in task.get_stack()] == ["_begin"]
            assert not hasattr(login, "get")
        await (await task).aclose()

    run(main())


def test_a_body_may_come_bit_by_bit(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"a":'
        yield b"1}"

    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            sandbox.expire()
            assert (await session.post(DEVICES, data=parts())).ok

    asyncio.run(main())
    assert [line["body_bytes"] for line in sandbox.log("api")] == [7, 7]


def test_a_file_is_read_beside_the_loop(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    threads: list[int] = []

    class Slow(io.BytesIO):
        def read(self, *size: Any) -> bytes:
            threads.append(threading.get_ident())
            return super().read(*size)

    async def main() -> None:
        assert (await AsyncSession(session).post(DEVICES, data=Slow(b'{"a":1}'))).ok
        assert (await AsyncSession(session).post(DEVICES, data=io.StringIO('{"a":1}'))).ok
        with pytest.raises(TypeError, match="data must be bytes-like or str, not list"):
            await AsyncSession(session).post(DEVICES, data=unittest.mock.Mock(read=list))

    run(main())
    assert [line["body_bytes"] for line in sandbox.log("api")] == [7, 7]
    assert threads
    assert threading.get_ident() not in threads


def test_every_method(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            for verb in ("get", "post", "put", "patch", "delete"):
                answer = await getattr(session, verb)(DEVICES, params={"q": verb}, timeout=60)
                assert isinstance(answer, thingspace_session.Response)
            sent = [(line["method"], line["path"]) for line in sandbox.control("GET", "/log")]
            for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                assert (verb, f"/api{DEVICES}?q={verb.lower()}") in sent
            answer = await session.request("POST", DEVICES, json={}, headers={"X-A": "b"})
            assert answer.raise_for_status() is answer
            first = session.token, await session.api_token()
            await session.relogin(first[0])
            await session.renew_api_token(first[1])
            second = session.token, await session.api_token()
            assert first[0] != second[0]
            assert session.info()["logins"] == 2
            assert session.info()["api_token_fetches"] == 2
            assert session.session_token_header == "VZ-M2M-Token"
            await session.logout()
            with pytest.raises(thingspace_session.NotLoggedIn):
                await session.get(ACCOUNTS)
            await session.relogin()
            session.cancel()
            with pytest.raises(thingspace_session.Cancelled):
                await session.get(ACCOUNTS)

    run(main())


def test_soap(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["protocol"] = "soap"
    body = '<v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"/>'

    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            sandbox.expire()
            answer = await session.soap("DeviceService", "GetDeviceList", body)
            assert answer.ok

    run(main())
    assert sandbox.counters()["soap_login"] == 2


def test_an_exchange_of_ones_own(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            with session.exchange(session.base_url + DEVICES) as exchange:
                first = exchange.tokens()
                assert exchange.answered(401, refusal(sandbox))
                await exchange.renew()
                second = exchange.tokens()
            assert first is not None
            assert second is not None
            assert first.session_token != second.session_token
            assert isinstance(exchange, thingspace_session.AsyncExchange)

    run(main())
    assert sandbox.counters()["login"] == 2


def refusal(sandbox: Sandbox) -> bytes:
    return b'{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}'


def test_it_may_share_a_session(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    async def main() -> None:
        both = AsyncSession(session)
        assert (await both.get(ACCOUNTS)).ok
        assert session.get(ACCOUNTS).ok
        await both.aclose()
        with pytest.raises(thingspace_session.SessionClosed):
            session.get(ACCOUNTS)

    run(main())
    assert sandbox.counters()["login"] == 1
    with pytest.raises(TypeError, match="must be a thingspace_session.Session, not str"):
        AsyncSession("session")  # type: ignore[arg-type]


def test_it_cannot_be_pickled(session: thingspace_session.Session) -> None:
    with pytest.raises(TypeError, match="each process logs in for itself"):
        pickle.dumps(AsyncSession(session))


def test_a_failed_login_shows_no_secret(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["password"] = "wrong-secret"

    async def main() -> None:
        async with thingspace_session.login_async(**options):
            pass

    with pytest.raises(thingspace_session.CredentialsRejected) as caught:
        run(main())
    trace = caught.value.__traceback__
    ours = 0
    while trace is not None:
        if "thingspace_session" in trace.tb_frame.f_code.co_filename:
            ours += 1
            for value in trace.tb_frame.f_locals.values():
                assert "wrong-secret" not in repr(value)
                assert "wrong-secret" not in repr(getattr(value, "__dict__", ""))
        trace = trace.tb_next
    assert ours


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"Host": "other"}},
        {"headers": {"X-One": "1\r\nX: 2"}},
        {"headers": 1},
        {"on_event": 1},
        {"timeout": "1"},
        {"load_env": 1},
        {"protocol": "soap", "headers": {"X-One": "1"}},
    ],
    ids=str,
)
def test_wrong_arguments_cost_no_login(
    options: thingspace_session.Options, sandbox: Sandbox, arguments: Any
) -> None:
    async def main() -> None:
        with pytest.raises((TypeError, thingspace_session.InvalidArgument)):
            await thingspace_session.login_async(**{**options, **arguments})

    run(main())
    assert sandbox.counters()["requests"] == 0


def test_events_and_warnings_come_as_from_a_login(
    options: thingspace_session.Options, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[thingspace_session.Event] = []

    async def main() -> None:
        async with thingspace_session.login_async(
            on_event=events.append, headers={"X-Default": "1"}, **options
        ) as session:
            await session.relogin()
            await session.get(ACCOUNTS)
            assert "tsm_logins_total" in session.metrics()

    run(main())
    assert [event.kind for event in events].count("login_ended") == 2
    assert sandbox.log("api")[-1]["headers"]["x-default"] == "1"


# -- many at once


def test_hundreds_of_calls_wait_and_leave_asyncios_threads_alone(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session, held(sandbox, 300):
            calls = [asyncio.create_task(session.get(ACCOUNTS)) for _ in range(300)]
            await wait_until_held(sandbox, 300)
            assert not any(call.done() for call in calls)
            await asyncio.to_thread(sandbox.control, "DELETE", "/faults")
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}

    options["timeout"] = DAY
    run(main())


def test_a_storm_meets_one_expiry_with_one_login(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            sandbox.expire()
            calls = (session.post(DEVICES, json={}) for _ in range(128))
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}

    run(main())
    assert sandbox.counters()["login"] == 2


def test_several_loops_share_a_session_and_one_login(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    shared = AsyncSession(session)

    async def main() -> set[int]:
        calls = (shared.post(DEVICES, json={}) for _ in range(32))
        return {answer.status_code for answer in await asyncio.gather(*calls)}

    sandbox.expire()
    with ThreadPoolExecutor(4) as loops:
        found = [loops.submit(run, main()) for _ in range(4)]
        assert [each.result(60) for each in found] == [{200}] * 4
    assert sandbox.counters()["login"] == 2
    run(shared.aclose())


def test_more_calls_than_threads_wait_for_one(
    session: thingspace_session.Session, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workers, "MOST_THREADS", 2)
    other = AsyncSession(session)

    async def main() -> None:
        few = AsyncSession(session)
        async with held(sandbox, 2):
            running = [asyncio.create_task(few.get(ACCOUNTS)) for _ in range(2)]
            await wait_until_held(sandbox, 2)
            waiting = [asyncio.create_task(few.get(DEVICES)) for _ in range(3)]
            with pytest.raises(thingspace_session.Timeout, match="none of the session's 2 threads"):
                await few.get(DEVICES, timeout=0.05)
            # Another session's calls do not wait for these.
            assert (await other.post(DEVICES, json={})).ok
            waiting.pop().cancel()
            assert not any(call.done() for call in running + waiting)
        assert {answer.status_code for answer in await asyncio.gather(*running, *waiting)}
        assert len(own_threads()) <= 4
        await few.aclose()
        await other.aclose()

    run(main())
    # What gave up and what was cancelled was never sent.
    sent = [line["path"] for line in sandbox.control("GET", "/log") if DEVICES in line["path"]]
    assert len(sent) == 3


def test_a_session_whose_time_is_up_in_the_queue(
    options: thingspace_session.Options, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workers, "MOST_THREADS", 1)
    options["timeout"] = 0.05

    async def main() -> None:
        # Its login is part of the first call, which has time for it.
        async with thingspace_session.open_session_async(**options) as session, held(sandbox, 1):
            first = asyncio.create_task(session.get(ACCOUNTS, timeout=3600))
            await wait_until_held(sandbox)
            with pytest.raises(thingspace_session.Timeout, match="nothing was sent"):
                await session.get(ACCOUNTS)
            first.cancel()
            await asyncio.wait([first])

    run(main())


def test_what_a_call_waited_in_the_queue_counts_and_its_error_names_the_whole_time(
    session: thingspace_session.Session, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workers, "MOST_THREADS", 1)
    few = AsyncSession(session)

    async def main() -> None:
        async with held(sandbox, -1):
            first = asyncio.create_task(few.get(ACCOUNTS))
            await wait_until_held(sandbox)
            second = asyncio.create_task(few.get(ACCOUNTS, timeout=0.5))  # begins before the next
            first.cancel()
            with pytest.raises(thingspace_session.Timeout, match=r"\(0\.5 s\)"):
                await second
        await few.aclose()

    run(main())


def test_threads_that_have_nothing_to_do_end(
    session: thingspace_session.Session,
) -> None:
    async def main() -> None:
        both = AsyncSession(session)
        for _ in range(3):
            await asyncio.gather(*(both.get(ACCOUNTS) for _ in range(8)))
            for thread in own_threads():
                await asyncio.to_thread(thread.join, 60)
            assert not own_threads()
        await both.aclose()

    run(main())


def test_no_thread_outlives_its_session(
    options: thingspace_session.Options, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workers, "IDLE_SECONDS", DAY)

    async def cancelled(call: Awaitable[Any], on: str) -> None:
        async with held(sandbox, 1, on):
            task = asyncio.ensure_future(call)
            await wait_until_held(sandbox)
            task.cancel()
            await asyncio.wait([task])

    async def main() -> None:
        await cancelled(thingspace_session.login_async(**options), "oauth")
        async with thingspace_session.login_async(**options) as session:
            await asyncio.gather(*(session.get(ACCOUNTS) for _ in range(8)))
            await cancelled(session.get(ACCOUNTS), "api")

    run(main())
    for thread in own_threads():
        thread.join(60)
    assert not own_threads()


# -- cancelling


@pytest.fixture
def patient_options(options: thingspace_session.Options) -> thingspace_session.Options:
    return {**options, "auto_relogin": False, "timeout": DAY}


def by_cancel(call: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    async def end() -> None:
        task = asyncio.create_task(call)
        await asyncio.wait([task], timeout=0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    return end()


def by_wait_for(call: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    async def end() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.01)

    return end()


def by_a_neighbour(call: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    async def fail() -> None:
        raise ZeroDivisionError

    async def end() -> None:
        if not hasattr(asyncio, "TaskGroup"):
            await by_cancel(call)
            return
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - a group of Python 3.11
            async with asyncio.TaskGroup() as group:
                group.create_task(call)
                group.create_task(fail())
        group_error: Any = caught.value
        assert isinstance(group_error.exceptions[0], ZeroDivisionError)

    return end()


@pytest.mark.parametrize("end", [by_cancel, by_wait_for, by_a_neighbour])
def test_a_cancelled_task_ends_its_call(
    patient_options: thingspace_session.Options, sandbox: Sandbox, end: Callable[..., Any]
) -> None:
    async def main() -> None:
        async with thingspace_session.login_async(**patient_options) as session:
            async with held(sandbox, 1):
                await end(session.get(ACCOUNTS))
                # The thread would wait for a day, and the test with it at its end.
            assert (await session.get(ACCOUNTS)).ok

    run(main())


def test_a_cancelled_login_is_not_sent(
    patient_options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def log_in() -> None:
        await thingspace_session.login_async(**patient_options)

    async def main() -> None:
        async with held(sandbox, 1, "oauth"):
            task = asyncio.create_task(log_in())
            await wait_until_held(sandbox)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for thread in own_threads():
                await asyncio.to_thread(thread.join, 60)

    run(main())
    assert sandbox.counters()["login"] == 0


def test_calls_of_other_tasks_end_when_the_session_is_closed(
    patient_options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def main() -> None:
        session = await thingspace_session.login_async(**patient_options)
        async with held(sandbox, 1):
            task = asyncio.create_task(session.get(ACCOUNTS))
            await wait_until_held(sandbox)
            await session.aclose()
            with pytest.raises(thingspace_session.SessionClosed):
                await task

    run(main())


def test_a_loop_may_be_closed_with_calls_in_flight(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    both = AsyncSession(session)

    def abandon() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.new_event_loop()
        task = loop.create_task(both.get(ACCOUNTS))
        loop.run_until_complete(wait_until_held(sandbox))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        return weakref.ref(loop)

    sandbox.fault("api", "hold")
    loop = abandon()
    sandbox.control("DELETE", "/faults")
    for thread in own_threads():
        both._workers.dismiss()
        thread.join(1)
    run(both.aclose())
    for thread in own_threads():
        thread.join(60)
    gc.collect()
    assert loop() is None
    assert not list(_workers._mailboxes)


def test_handles_are_freed_however_a_call_ends(
    patient_options: thingspace_session.Options,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []
    freed: list[Any] = []
    new_call, library = thingspace_session._call.new_call, thingspace_session._library

    def counted_new(*arguments: Any) -> Any:
        call = new_call(*arguments)
        made.append(call.value)
        return call

    def counted_free(call: Any) -> None:
        freed.append(call.value)
        library.call_free(call)

    monkeypatch.setattr(thingspace_session._call, "new_call", counted_new)
    monkeypatch.setattr(_workers._Job.__del__, "__defaults__", (counted_free, library.error_free))

    async def main() -> None:
        async with thingspace_session.login_async(**patient_options) as session:
            await session.get(ACCOUNTS)
            await session.get("/m2m/v1/accounts/none-of-mine")
            with pytest.raises(thingspace_session.InvalidArgument):
                await session.get("no-slash")
            async with held(sandbox, 2):
                await by_wait_for(session.get(ACCOUNTS))
                await by_cancel(session.get(ACCOUNTS))

    run(main())
    for thread in own_threads():
        thread.join(60)
    gc.collect()
    assert sorted(made) == sorted(freed)
    assert len(made) == 6


# -- where it runs


def test_log_lines_come_in_the_tasks_context(
    options: thingspace_session.Options, caplog: pytest.LogCaptureFixture
) -> None:
    request = contextvars.ContextVar("request", default="none")
    seen = set()

    class Note(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            seen.add((request.get(), threading.current_thread().name))
            return True

    logger, note = logging.getLogger("thingspace_session"), Note()
    caplog.set_level(logging.DEBUG, "thingspace_session")
    logger.addFilter(note)

    async def main() -> None:
        request.set("first")
        async with thingspace_session.login_async(**options) as session:
            request.set("second")
            await session.relogin()

    try:
        run(main())
    finally:
        logger.removeFilter(note)
    assert {name for name, _ in seen} == {"first", "second"}
    assert {thread for _, thread in seen} == {"thingspace_session"}


def test_without_asyncio_it_says_what_to_do(session: thingspace_session.Session) -> None:
    both = AsyncSession(session)
    with pytest.raises(RuntimeError, match="with trio, use the adapter for httpx"):
        trio.run(both.get, ACCOUNTS)
