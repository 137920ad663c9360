"""Fixtures: a sandbox reset for each test, options to log in to it, and a session."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from sandbox import REPOSITORY, Sandbox

PACKAGE = Path(__file__).resolve().parents[1] / "src"


def _library() -> str:
    name = {"win32": "thingspace_session.dll", "darwin": "libthingspace_session.dylib"}.get(
        sys.platform, "libthingspace_session.so"
    )
    built = [REPOSITORY / "target" / kind / name for kind in ("release", "debug")]
    return str(next((path for path in built if path.is_file()), built[0]))


os.environ.setdefault("TSM_LIBRARY", _library())
for _name in list(os.environ):
    # Options of the person who runs the tests are none of the tests'.
    if _name.startswith("TSM_") and _name not in ("TSM_LIBRARY", "TSM_SANDBOX"):
        del os.environ[_name]

import thingspace_session  # noqa: E402


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running_sandbox: Sandbox) -> Iterator[Sandbox]:
    _running_sandbox.control("POST", "/reset")
    yield _running_sandbox
    _running_sandbox.control("DELETE", "/faults")  # nothing stays held


@pytest.fixture
def options(sandbox: Sandbox) -> thingspace_session.Options:
    # A realm of its own, since the guard's memory lasts as long as the process.
    return {
        "base_url": sandbox.base_url,
        "soap_url": sandbox.soap_url,
        "username": "zbeeblebrox",
        "password": "IMgr8",
        "app_key": "key",
        "app_secret": "secret",
        "store": "memory:",
        "realm": uuid.uuid4().hex,
    }


@pytest.fixture
def session(options: thingspace_session.Options) -> Iterator[thingspace_session.Session]:
    with thingspace_session.login(**options) as session:
        yield session


@pytest.fixture
def patient(options: thingspace_session.Options) -> Iterator[thingspace_session.Session]:
    """A session without automatic re-login, with so much time that nothing but the test ends its
    calls."""
    more: thingspace_session.Options = {**options, "auto_relogin": False, "timeout": 86_400}
    with thingspace_session.login(**more) as session:
        yield session


@pytest.fixture
def wait_for_waiters(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Returns when that many calls of other threads than the main one wait for a login, whoever
    sent it."""
    asked: list[int] = []
    changed = threading.Condition()

    def ask() -> int:
        with changed:
            asked.append(threading.get_ident())
            changed.notify_all()
        return 0

    function = thingspace_session._library.INTERRUPT_FUNCTION(ask)
    new_call = thingspace_session._call.new_call

    def call_that_asks(timeout_ms: Optional[int] = None) -> Any:
        call = new_call(timeout_ms)
        thingspace_session._library.call_set_interrupt(call, function, None)
        return call

    def wait(count: int) -> None:
        def all_wait() -> bool:
            # Asked once as the call began, it is asked again when it has joined those that wait.
            return sum(times > 1 for times in Counter(asked).values()) >= count

        with changed:
            assert changed.wait_for(all_wait, timeout=60)

    monkeypatch.setattr(thingspace_session._call, "new_call", call_that_asks)
    monkeypatch.setattr(thingspace_session._call, "_of_other_threads", call_that_asks())
    return wait


@pytest.fixture
def python(
    sandbox: Sandbox, options: thingspace_session.Options
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a script in a Python of its own, which finds the options in
    ``thingspace_session.login()``'s environment."""
    started = []

    def start(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        named: dict[str, Any] = {f"TSM_{name.upper()}": value for name, value in options.items()}
        env = {
            **os.environ,
            **named,
            "PYTHONPATH": str(PACKAGE),
            "TSM_SANDBOX_CONTROL": sandbox.control_url,
        }
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-W", "error", "-c", script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**env, **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()  # of no effect on one that ended, as each does unless its test failed
        process.communicate()
