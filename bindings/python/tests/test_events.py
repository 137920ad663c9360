"""Events of a session, and its metrics as text."""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import thingspace_session
from sandbox import ACCOUNTS, Sandbox
from thingspace_session import Event, _metrics


def families(session: thingspace_session.Session) -> dict[str, Metric]:
    found = text_string_to_metric_families(session.metrics())
    return {family.name: family for family in found}


def kinds(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.kind, event.detail) for event in events]


def test_a_login_and_an_expiry_are_told(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    events: list[Event] = []
    with thingspace_session.login(on_event=events.append, **options) as session:
        assert kinds(events) == [
            ("api_token_fetched", "success"),
            ("login_begun", None),
            ("login_ended", "success"),
        ]
        ended = events[-1]
        assert ended.duration is not None
        assert ended.duration > 0
        assert datetime.now(timezone.utc) - ended.time < timedelta(minutes=5)
        assert (ended.slots_left, ended.status_name, ended.code) == (3, None, "")
        assert (ended.http_status, ended.message) == (None, "")
        sandbox.expire()
        assert session.get(ACCOUNTS).ok
        assert kinds(events)[3:] == [
            ("login_begun", None),
            ("login_ended", "success"),
            ("resent", "session_token"),
        ]
        secrets = (session.token, session.api_token, "IMgr8")
    for event in events:
        assert not any(secret in repr(event) for secret in secrets)


def test_a_rejected_login_is_told(options: thingspace_session.Options) -> None:
    events: list[Event] = []
    options["password"] = "wrong-password"
    for error in (thingspace_session.CredentialsRejected, thingspace_session.LoginBlocked):
        with pytest.raises(error):
            thingspace_session.login(on_event=events.append, **options)
    told = kinds(events)
    assert ("login_ended", "rejected") in told
    assert ("blocked", "rejected_password") in told
    rejected = next(event for event in events if event.kind == "login_ended")
    assert rejected.status_name == "TSM_E_CREDENTIALS"
    assert rejected.slots_left == 2
    assert "wrong-password" not in repr(events)


def test_a_function_that_raises_harms_no_call(
    options: thingspace_session.Options, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(event: Event) -> None:
        raise ValueError(event.kind)

    with (
        caplog.at_level(logging.ERROR, "thingspace_session"),
        thingspace_session.login(on_event=raises, **options) as session,
    ):
        sandbox.expire()
        assert session.get(ACCOUNTS).ok
    assert "on_event raised" in caplog.text
    assert "IMgr8" not in caplog.text


def test_an_interrupt_within_the_function_leaves_the_call(
    options: thingspace_session.Options,
) -> None:
    def interrupts(event: Event) -> None:
        if event.kind == "login_begun":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        thingspace_session.login(on_event=interrupts, **options)


def test_the_function_may_use_the_session(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    used: list[bool] = []

    def uses(event: Event) -> None:
        if event.kind == "resent":
            used.append(session.get(ACCOUNTS).ok)
            session.relogin()
            session.close()

    session = thingspace_session.login(on_event=uses, **options)
    sandbox.expire()
    with pytest.raises(thingspace_session.SessionClosed):
        session.get(ACCOUNTS)
    assert used == [True]


def test_many_threads_tell_at_once(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    events: list[Event] = []
    with thingspace_session.login(on_event=events.append, **options) as session:
        sandbox.expire()
        threads = [threading.Thread(target=session.get, args=(ACCOUNTS,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = kinds(events)
        assert told.count(("login_ended", "success")) == 2
        assert told.count(("resent", "session_token")) == session.info()["resends"]


def test_the_function_is_let_go_with_its_session(options: thingspace_session.Options) -> None:
    class Function:
        def __call__(self, event: Event) -> None:
            pass

    function = Function()
    kept = weakref.ref(function)
    session = thingspace_session.login(on_event=function, **options)
    del function
    gc.collect()
    assert kept() is not None
    session.close()
    del session
    gc.collect()
    assert kept() is None


def test_a_child_tells_of_its_own_sessions(options: thingspace_session.Options) -> None:
    events: list[Event] = []
    with thingspace_session.login(on_event=events.append, **options):
        child = os.fork()
        if child == 0:
            events.clear()
            with thingspace_session.login(on_event=events.append, **options):
                os._exit(0 if len(events) == 3 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(events) == 3


def test_only_a_function_will_do(options: thingspace_session.Options) -> None:
    with pytest.raises(TypeError, match="on_event must be callable, not str"):
        thingspace_session.login(on_event="print", **options)  # type: ignore[arg-type]


def test_a_coroutine_function_will_not_do(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    async def listen(event: thingspace_session.Event) -> None:
        pass

    class Listener:
        async def __call__(self, event: thingspace_session.Event) -> None:
            pass

    for function in (listen, Listener()):
        with pytest.raises(TypeError, match="on_event must be a plain function"):
            thingspace_session.login(on_event=function, **options)
    assert sandbox.counters()["requests"] == 0


@pytest.fixture
def used(
    options: thingspace_session.Options, sandbox: Sandbox
) -> Iterator[thingspace_session.Session]:
    with thingspace_session.login(**options) as session:
        sandbox.expire()
        session.get(ACCOUNTS)
        yield session


def test_metrics_are_what_prometheus_reads(used: thingspace_session.Session) -> None:
    found = families(used)
    for metric in _metrics.METRICS:
        name = metric.name.replace(".", "_") + ("_seconds" if metric.unit == "s" else "")
        assert found[name].type == metric.instrument
        assert found[name].documentation == metric.description
    logins = {
        sample.labels["tsm_login_fate"]: sample.value for sample in found["tsm_logins"].samples
    }
    assert logins["success"] == 2
    assert sum(logins.values()) == 2
    assert [sample.value for sample in found["tsm_guard_slots_left"].samples] == [3]
    seconds = {sample.name: sample.value for sample in found["tsm_login_duration_seconds"].samples}
    assert seconds["tsm_login_duration_seconds_count"] == 2
    assert seconds["tsm_login_duration_seconds_sum"] > 0
    for secret in ("IMgr8", used.token, used.api_token):
        assert secret not in used.metrics()


def test_metrics_of_a_closed_session(used: thingspace_session.Session) -> None:
    used.close()
    with pytest.raises(thingspace_session.SessionClosed):
        used.metrics()
