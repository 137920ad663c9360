"""Ctrl-C by real signals: nothing but the signal can end these calls, since the sandbox holds them
for a day."""

from __future__ import annotations

import signal
import subprocess
from typing import Any, Callable

import pytest

from sandbox import Sandbox

Start = Callable[..., "subprocess.Popen[str]"]

BEGIN = """
import logging, signal, sys, threading
import thingspace_session
signal.signal(signal.SIGINT, signal.default_int_handler)
ACCOUNTS = "/m2m/v1/accounts/0000123456-00001"

def say(*words):
    print(*words, flush=True)
"""

GO_ON = """
except KeyboardInterrupt:
    say("interrupted")
sys.stdin.readline()
say(session.get(ACCOUNTS).status_code)
"""


def interrupt(process: subprocess.Popen[str], sandbox: Sandbox, kind: str, count: int = 1) -> None:
    sandbox.wait_until_arrived(kind, count)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "interrupted\n"
    sandbox.control("DELETE", "/faults")


def finish(process: subprocess.Popen[str], expected: str) -> None:
    out, err = process.communicate("go on\n", timeout=60)
    assert (out, err, process.returncode) == (expected, "", 0)


@pytest.mark.parametrize(
    "setting",
    [
        "session.get(ACCOUNTS)",
        "session.get(ACCOUNTS, timeout=3600)",
        "session.get(ACCOUNTS, cancel=thingspace_session.Cancellation())",
        "logging.basicConfig(level=1, stream=open('/dev/null', 'w')); "
        "thingspace_session.login().get(ACCOUNTS)",
    ],
)
def test_ctrl_c_ends_a_request(python: Start, sandbox: Sandbox, setting: str) -> None:
    sandbox.fault("api", "hold")
    process = python(
        f"{BEGIN}\nsession = thingspace_session.login()\ntry:\n    {setting}\n{GO_ON}",
        TSM_TIMEOUT_MS="86400000",
    )
    interrupt(process, sandbox, "api")
    finish(process, "200\n")


def test_ctrl_c_ends_a_login_and_a_wait_for_one(python: Start, sandbox: Sandbox) -> None:
    script = """
session = thingspace_session.login(auto_relogin=False)
expired = session.token
sys.stdin.readline()
other = threading.Thread(target=session.relogin, args=(expired,))
other.start()
sys.stdin.readline()
call = thingspace_session._call.shared_call()

def asking():
    try:
        yield 0  # asked as the call begins
        thingspace_session._call._interrupt.attach(call)
        say("waiting")  # asked again: it has joined the other thread
        yield 0
    except KeyboardInterrupt as error:
        thingspace_session._call.keep_interrupt(error)
        yield 1

ask = thingspace_session._library.INTERRUPT_FUNCTION(asking().__next__)
thingspace_session._library.call_set_interrupt(call, ask, None)
try:
    session.relogin(expired)
except KeyboardInterrupt:
    say("interrupted")
sys.stdin.readline()
other.join()
say(session.token != expired, session.info()["logins"])
"""
    process = python(BEGIN + script, TSM_TIMEOUT_MS="86400000")
    assert process.stdin is not None
    assert process.stdout is not None
    sandbox.wait_until_arrived("login")
    sandbox.fault("login", "hold")
    process.stdin.write("the next login is held\n")
    process.stdin.flush()
    sandbox.wait_until_arrived("login", 2)
    process.stdin.write("the other thread waits for it\n")
    process.stdin.flush()
    assert process.stdout.readline() == "waiting\n"
    interrupt(process, sandbox, "login", 2)
    finish(process, "True 2\n")


def test_a_handler_that_does_not_raise_runs_and_the_call_goes_on(
    python: Start, sandbox: Sandbox
) -> None:
    script = """
session = thingspace_session.login()
signal.signal(signal.SIGINT, lambda *_: say("interrupted"))
say(session.get(ACCOUNTS).status_code)
"""
    sandbox.fault("api", "hold")
    process = python(BEGIN + script, TSM_TIMEOUT_MS="86400000")
    interrupt(process, sandbox, "api")
    finish(process, "200\n")


def test_a_handler_may_use_the_session_itself(python: Start, sandbox: Sandbox) -> None:
    script = """
session = thingspace_session.login()
def handler(*_):
    answer = session.get(ACCOUNTS, headers={"X-From": "handler"})
    say("interrupted")
signal.signal(signal.SIGINT, handler)
say(session.get(ACCOUNTS).status_code)
"""
    sandbox.fault("api", "hold")
    process = python(BEGIN + script, TSM_TIMEOUT_MS="86400000")
    interrupt(process, sandbox, "api")
    finish(process, "200\n")


def test_any_exception_of_a_handler_leaves_the_call(python: Start, sandbox: Sandbox) -> None:
    script = """
session = thingspace_session.login()
def handler(*_):
    raise LookupError("from the handler")
signal.signal(signal.SIGINT, handler)
try:
    session.get(ACCOUNTS)
except LookupError as error:
    say("interrupted")
sys.stdin.readline()
say(session.get(ACCOUNTS).status_code)
"""
    sandbox.fault("api", "hold")
    process = python(BEGIN + script, TSM_TIMEOUT_MS="86400000")
    interrupt(process, sandbox, "api")
    finish(process, "200\n")


def test_ctrl_c_after_fork(python: Start, sandbox: Sandbox) -> None:
    script = """
import os
parent = thingspace_session.login()
parent.get(ACCOUNTS)
child = os.fork()
if child:
    _, status = os.waitpid(child, 0)
    sys.stdin.readline()
    say(os.waitstatus_to_exitcode(status))
else:
    session = thingspace_session.login()
    sys.stdin.readline()
    say("ready", os.getpid())
    try:
        session.get(ACCOUNTS)
    except KeyboardInterrupt:
        say("interrupted")
        os._exit(7)
"""
    process: Any = python(BEGIN + script, TSM_TIMEOUT_MS="86400000")
    sandbox.wait_until_arrived("login", 2)
    sandbox.fault("api", "hold")
    process.stdin.write("the next request is held\n")
    process.stdin.flush()
    ready, pid = process.stdout.readline().split()
    assert ready == "ready"
    sandbox.wait_until_arrived("api", 2)
    subprocess.run(["kill", "-INT", pid], check=True)
    assert process.stdout.readline() == "interrupted\n"
    finish(process, "7\n")
