"""Many threads on one session: one login for all, and calls ended from elsewhere."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Callable

import pytest

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, Sandbox

THREADS = 64


@contextmanager
def running(function: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Runs a function in a thread; it must have ended soon after the block."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(function)
        yield future
        future.exception(timeout=60)


def test_a_storm_meets_one_expiry_with_one_login(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    ready = threading.Barrier(THREADS)

    def ask() -> int:
        ready.wait(60)
        return session.post(DEVICES, json={}).status_code

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [future.result(60) for future in [pool.submit(ask) for _ in range(THREADS)]]
    assert statuses == [200] * THREADS
    assert sandbox.counters()["login"] == 2


def test_a_storm_by_hand(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["auto_relogin"] = False
    with thingspace_session.login(**options) as session:
        expired = session.token
        ready = threading.Barrier(THREADS)

        def again() -> str:
            ready.wait(60)
            session.relogin(expired)
            return session.token

        with ThreadPoolExecutor(THREADS) as pool:
            tokens = {future.result(60) for future in [pool.submit(again) for _ in range(THREADS)]}
    assert len(tokens) == 1
    assert sandbox.counters()["login"] == 2


def test_threads_share_a_failure(
    options: thingspace_session.Options, wait_for_waiters: Callable[[int], None]
) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        with Sandbox() as platform:
            options.update({"base_url": platform.base_url, "timeout": 86_400})
            session = thingspace_session.login(**options)
            expired = session.token
            platform.fault("login", "hold")
            outcomes = [pool.submit(session.relogin, expired) for _ in range(THREADS)]
            wait_for_waiters(THREADS)
        # The platform is gone, and the login that all wait for with it.
        for outcome in outcomes:
            assert isinstance(outcome.exception(timeout=60), thingspace_session.NetworkError)
    assert session.info()["login_failures"] == 1


def test_threads_read_tokens_and_headers_unharmed(session: thingspace_session.Session) -> None:
    token = session.token
    response = session.post(DEVICES, json={})

    def read() -> bool:
        return all(session.token == token and response.headers["content-type"] for _ in range(500))

    with ThreadPoolExecutor(8) as pool:
        assert all(future.result(60) for future in [pool.submit(read) for _ in range(8)])


def test_closing_ends_a_call(patient: thingspace_session.Session, sandbox: Sandbox) -> None:
    sandbox.fault("api", "hold")
    with running(lambda: patient.get(ACCOUNTS)) as outcome:
        sandbox.wait_until_arrived("api")
        patient.close()
    assert isinstance(outcome.exception(), thingspace_session.SessionClosed)


def test_cancelling_a_session_is_final(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "hold")
    with running(lambda: patient.get(ACCOUNTS)) as outcome:
        sandbox.wait_until_arrived("api")
        patient.cancel()
    assert isinstance(outcome.exception(), thingspace_session.Cancelled)
    with pytest.raises(thingspace_session.Cancelled):
        patient.get(ACCOUNTS)


def test_a_cancellation_ends_its_calls_and_no_others(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "hold")
    cancel = thingspace_session.Cancellation()
    with running(lambda: patient.get(ACCOUNTS, cancel=cancel, timeout=3600)) as outcome:
        sandbox.wait_until_arrived("api")
        assert not cancel.cancelled
        cancel.cancel()
    assert cancel.cancelled
    assert isinstance(outcome.exception(), thingspace_session.Cancelled)
    for call in (
        lambda: patient.get(ACCOUNTS, cancel=cancel),
        lambda: patient.relogin(cancel=cancel),
    ):
        with pytest.raises(thingspace_session.Cancelled):
            call()
    assert patient.get(ACCOUNTS).ok


def test_a_login_can_be_cancelled(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    sandbox.fault("login", "hold")
    cancel = thingspace_session.Cancellation()
    with running(lambda: thingspace_session.login(cancel=cancel, **options)) as outcome:
        sandbox.wait_until_arrived("login")
        cancel.cancel()
    assert isinstance(outcome.exception(), thingspace_session.Cancelled)


def test_a_cancelled_waiter_leaves_the_login_to_others(
    patient: thingspace_session.Session, sandbox: Sandbox, wait_for_waiters: Callable[[int], None]
) -> None:
    sandbox.fault("login", "hold")
    expired = patient.token
    cancel = thingspace_session.Cancellation()
    with running(lambda: patient.relogin(expired)) as login:
        sandbox.wait_until_arrived("login", 2)
        with running(lambda: patient.relogin(expired, cancel=cancel)) as waiter:
            wait_for_waiters(2)
            cancel.cancel()
        assert isinstance(waiter.exception(), thingspace_session.Cancelled)
        sandbox.control("DELETE", "/faults")
    assert login.exception() is None
    assert patient.token != expired


def test_the_gil_is_free_while_a_call_waits(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "hold")
    with running(lambda: patient.get(ACCOUNTS)) as outcome:
        sandbox.wait_until_arrived("api")  # runs Python meanwhile
        assert not outcome.done()
        sandbox.control("DELETE", "/faults")
    assert outcome.result().ok


def test_garbage_is_collected_during_calls(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "hold")

    def forgotten() -> None:
        cycle: list[Any] = [thingspace_session.login(**options)]
        cycle.append(cycle)

    def ask() -> int:
        # The session is referred to by nothing but its own running call.
        return thingspace_session.login(**options).get(ACCOUNTS).status_code

    with running(ask) as outcome:
        sandbox.wait_until_arrived("api")
        for _ in range(3):
            forgotten()
            gc.collect()
        sandbox.control("DELETE", "/faults")
    assert outcome.result() == 200
