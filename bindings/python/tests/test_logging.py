"""Log lines of the library under the logger ``thingspace_session``."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import subprocess
import threading
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


def test_a_guard_that_protects_less_is_a_warning(
    options: thingspace_session.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, line = (
        thingspace_session._library.login,
        ctypes.create_string_buffer(b"the guard forgets"),
    )
    level = 2

    def login_and_warn(*arguments: Any) -> Any:
        address, length = ctypes.addressof(line), len(line.value)
        thingspace_session._log._deliver(level, address, length, None)
        return login(*arguments)

    monkeypatch.setattr(thingspace_session._library, "login", login_and_warn)
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
    level = 3
    thingspace_session.login(**options).close()
    assert not thingspace_session._log._heard


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
