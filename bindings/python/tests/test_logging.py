"""Log lines of the library under the logger ``thingspace_session``."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from typing import Any, Callable

import pytest

import thingspace_session
from sandbox import ACCOUNTS, Sandbox

LOGGER = logging.getLogger("thingspace_session")


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    level = LOGGER.level
    yield
    LOGGER.setLevel(level)


def test_lines_reach_the_logger(
    options: thingspace_session.Options, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG, "thingspace_session"),
        thingspace_session.login(**options) as session,
    ):
        token, api_token = session.token, session.api_token
        sandbox.expire()
        assert session.get(ACCOUNTS).ok
    assert caplog.records
    assert {record.name for record in caplog.records} == {"thingspace_session"}
    assert {record.levelno for record in caplog.records} <= {5, 10, 20, 30, 40}
    for secret in ("IMgr8", token, api_token):
        assert secret not in caplog.text


def test_the_level_follows_the_logger(
    session: thingspace_session.Session, caplog: pytest.LogCaptureFixture
) -> None:
    def lines(level: int) -> int:
        LOGGER.setLevel(level)
        caplog.clear()
        session.get(ACCOUNTS)
        session.relogin()
        return len(caplog.records)

    with caplog.at_level(0):
        assert not lines(logging.WARNING)
        informed = lines(logging.INFO)
        assert informed
        assert lines(logging.DEBUG) > informed
        assert lines(logging.INFO) == informed
        assert not lines(logging.CRITICAL)
        LOGGER.setLevel(logging.DEBUG)
        logging.disable(logging.INFO)
        try:
            assert thingspace_session._log.level() == 2
        finally:
            logging.disable(logging.NOTSET)


def test_each_session_follows(
    options: thingspace_session.Options,
    session: thingspace_session.Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with thingspace_session.login(**options) as other, caplog.at_level(logging.DEBUG):
        for each in (session, other):
            caplog.clear()
            each.get(ACCOUNTS)
            assert caplog.records


@pytest.fixture
def guard_forgets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets each login, and each request of a session, bring a line about the guard at this
    level."""
    level, line = [2], ctypes.create_string_buffer(b"the guard forgets")

    def warning_in(function: Callable[..., int]) -> Callable[..., int]:
        def warn(*arguments: Any) -> int:
            address, length = ctypes.addressof(line), len(line.value)
            thingspace_session._log._deliver(level[0], address, length, None)
            return function(*arguments)

        return warn

    for name in ("login", "request"):
        function = getattr(thingspace_session._library, name)
        monkeypatch.setattr(thingspace_session._library, name, warning_in(function))
    return level


def test_a_guard_that_protects_less_is_a_warning(
    options: thingspace_session.Options, guard_forgets: list[int]
) -> None:
    LOGGER.setLevel(logging.CRITICAL)
    with pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as caught:
        thingspace_session.login(**options).close()

    async def log_in() -> None:
        async with thingspace_session.login_async(**options):
            pass
        session = await thingspace_session.login_async(**options)
        await session.aclose()

    with pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as awaited:
        asyncio.run(log_in())
    assert [one.filename for one in (*caught, *awaited)] == [__file__] * 3
    guard_forgets[0] = 3
    thingspace_session.login(**options).close()
    assert not thingspace_session._log._heard


def test_a_login_that_fails_warns_of_the_guard_too(
    options: thingspace_session.Options, guard_forgets: list[int]
) -> None:
    options["password"] = "wrong"
    with (
        pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as caught,
        pytest.raises(thingspace_session.CredentialsRejected),
    ):
        thingspace_session.login(**options)

    async def log_in() -> None:
        async with thingspace_session.open_session_async(**options) as session:
            await session.get(ACCOUNTS)

    options["realm"] = uuid.uuid4().hex
    with (
        pytest.warns(thingspace_session.GuardWarning, match="the guard forgets") as awaited,
        pytest.raises(thingspace_session.CredentialsRejected),
    ):
        asyncio.run(log_in())
    assert [one.filename for one in (*caught, *awaited)] == [__file__] * 2


@pytest.mark.filterwarnings("error")
def test_a_warning_that_raises_costs_no_login_and_no_answer(
    options: thingspace_session.Options,
    sandbox: Sandbox,
    guard_forgets: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: raised.append(about.exc_value))
    with thingspace_session.login(**options) as session:
        assert session.token
    with thingspace_session.open_session(**options) as session:
        assert session.get(ACCOUNTS).ok

    async def main() -> None:
        async with thingspace_session.login_async(**options) as session:
            assert session.token
        async with thingspace_session.open_session_async(**options) as session:
            assert (await session.get(ACCOUNTS)).ok

    asyncio.run(main())
    assert sandbox.counters()["login"] == 4
    assert [type(error) for error in raised] == [thingspace_session.GuardWarning] * 4


def test_a_filter_that_raises_harms_no_call(
    options: thingspace_session.Options, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(logging.Filter):
        def __init__(self, error: BaseException) -> None:
            super().__init__()
            self.error = error
            self.asked = 0

        def filter(self, record: logging.LogRecord) -> bool:
            self.asked += 1
            raise self.error

    broken = Broken(LookupError())
    LOGGER.addFilter(broken)
    try:
        with (
            caplog.at_level(logging.DEBUG, "thingspace_session"),
            thingspace_session.login(**options) as session,
        ):
            assert session.get(ACCOUNTS).ok
        assert broken.asked
    finally:
        LOGGER.removeFilter(broken)


def test_a_filter_that_exits_ends_the_call_in_the_main_thread(
    options: thingspace_session.Options, caplog: pytest.LogCaptureFixture
) -> None:
    class Exit(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise SystemExit("from the filter")

    with (
        caplog.at_level(logging.DEBUG, "thingspace_session"),
        thingspace_session.login(**options) as session,
    ):
        leaving = Exit()
        LOGGER.addFilter(leaving)
        try:
            with pytest.raises(SystemExit, match="from the filter"):
                session.relogin()
        finally:
            LOGGER.removeFilter(leaving)
        assert session.get(ACCOUNTS).ok


def test_what_a_filter_raises_leaves_unblock_and_no_later_call(
    options: thingspace_session.Options,
    session: thingspace_session.Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Exit(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise SystemExit("from the filter")

    leaving = Exit()
    LOGGER.addFilter(leaving)
    try:
        with (
            caplog.at_level(logging.INFO, "thingspace_session"),
            pytest.raises(SystemExit, match="from the filter"),
        ):
            thingspace_session.unblock(**options)  # it says what it forgot
    finally:
        LOGGER.removeFilter(leaving)
    assert session.get(ACCOUNTS).ok


def test_callbacks_of_logins_at_the_same_time_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    make, registered = thingspace_session._library.LOG_FUNCTION, []

    def make_while_another_thread_does(function: Any) -> Any:
        monkeypatch.setattr(thingspace_session._library, "LOG_FUNCTION", make)
        thingspace_session._log.configure(None)
        return make(function)

    monkeypatch.setattr(thingspace_session._log, "_callbacks", [])
    monkeypatch.setattr(thingspace_session._library, "LOG_FUNCTION", make_while_another_thread_does)
    monkeypatch.setattr(
        thingspace_session._library,
        "config_set_log",
        lambda *arguments: registered.append(arguments[2]),
    )
    thingspace_session._log.configure(None)
    assert len(registered) == 2
    assert all(callback in thingspace_session._log._callbacks for callback in registered)


def test_a_program_that_configured_no_logging_hears_nothing(
    python: Callable[..., subprocess.Popen[str]],
) -> None:
    script = """
import thingspace_session
for kind in (thingspace_session.CredentialsRejected, thingspace_session.LoginBlocked):
    try:
        thingspace_session.login()
    except kind:
        print(kind.__name__)
"""
    process = python(script, TSM_PASSWORD="wrong")
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("CredentialsRejected\nLoginBlocked\n", "")


def test_a_handler_may_use_the_session(
    options: thingspace_session.Options, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG, "thingspace_session"),
        thingspace_session.login(**options) as session,
    ):
        tokens = []

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                tokens.append(session.token)

        handler = Handler()
        LOGGER.addHandler(handler)
        try:
            thread = threading.Thread(target=session.relogin)
            thread.start()
            thread.join(60)
            assert not thread.is_alive()
        finally:
            LOGGER.removeHandler(handler)
    assert tokens
