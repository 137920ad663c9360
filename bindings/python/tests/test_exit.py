"""The end of the interpreter and fork: nothing crashes, nothing hangs, nothing is said on
stderr."""

from __future__ import annotations

import subprocess
from typing import Callable

import pytest

from sandbox import Sandbox

Start = Callable[..., "subprocess.Popen[str]"]

BEGIN = """
import atexit, gc, logging, os, sys, threading
import thingspace_session
ACCOUNTS = "/m2m/v1/accounts/0000123456-00001"

def in_child(function):
    child = os.fork()
    if not child:
        code = 1
        try:
            function()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""


def finish(process: subprocess.Popen[str], expected: str = "") -> None:
    out, err = process.communicate("", timeout=60)
    assert (out, err, process.returncode) == (expected, "", 0)


@pytest.mark.parametrize(
    "script",
    [
        "session = thingspace_session.login(); response = session.get(ACCOUNTS)",
        "cycle = [thingspace_session.login()]; cycle += [cycle, cycle[0].get(ACCOUNTS)]",
        "sys.modules['thingspace_session'].session = thingspace_session.login()",
        "atexit.register(thingspace_session.login().get, ACCOUNTS)",
        "session = thingspace_session.login(); del sys.modules['thingspace_session'], "
        "sys.modules['thingspace_session._library']; gc.collect()",
        "class Last:\n    def __del__(self): self.session.close()\n"
        "last = Last(); last.session = thingspace_session.login()",
        "session = thingspace_session.login(); "
        "thread = threading.Thread(target=session.get, args=[ACCOUNTS]); thread.start()",
        "sessions = [thingspace_session.login() for _ in range(20)]; sys.exit()",
        "object.__new__(thingspace_session.Session)",
    ],
)
def test_the_interpreter_exits_quietly(python: Start, script: str) -> None:
    finish(python(BEGIN + script))


QUIETLY = """
logging.basicConfig(level=logging.{level}, stream=open(os.devnull, "w"))
logging.raiseExceptions = False
"""
LOGGING = ["", QUIETLY.format(level="CRITICAL"), QUIETLY.format(level="DEBUG")]


@pytest.mark.parametrize("logging", LOGGING, ids=["as it comes", "CRITICAL", "DEBUG"])
def test_daemon_threads_in_calls_do_not_hold_the_exit(
    python: Start, sandbox: Sandbox, logging: str
) -> None:
    script = """
session = thingspace_session.login()
def ask():
    while True:
        session.get(ACCOUNTS)
for _ in range(8):
    threading.Thread(target=ask, daemon=True).start()
held = thingspace_session.login()
threading.Thread(target=lambda: held.get(ACCOUNTS, headers={"X-Held": "1"}), daemon=True).start()
sys.stdin.readline()
"""
    sandbox.fault("api", "hold", skip=30)
    process = python(BEGIN + logging + script, PYTHONWARNINGS="ignore", TSM_TIMEOUT_MS="86400000")
    sandbox.wait_until_arrived("api", 31)
    finish(process)


@pytest.mark.parametrize("logging", LOGGING, ids=["as it comes", "CRITICAL", "DEBUG"])
def test_daemon_threads_may_log_in_while_the_interpreter_exits(
    python: Start, sandbox: Sandbox, logging: str
) -> None:
    script = """
def log_in():
    while True:
        thingspace_session.login()
for _ in range(8):
    threading.Thread(target=log_in, daemon=True).start()
sys.stdin.readline()
"""
    process = python(BEGIN + logging + script, PYTHONWARNINGS="ignore")
    sandbox.wait_until_arrived("login", 20)
    finish(process)


def test_a_thread_that_the_exit_ends_can_be_joined(python: Start, sandbox: Sandbox) -> None:
    script = """
import atexit, sys, threading
atexit.register(lambda: (thread.join(), print("joined", ended)))
import thingspace_session
session, ended = thingspace_session.login(), []
def ask():
    try:
        session.get("/m2m/v1/accounts/0000123456-00001")
    except BaseException as error:
        ended.append(type(error).__name__)
        raise
thread = threading.Thread(target=ask, daemon=True)
thread.start()
sys.stdin.readline()
"""
    sandbox.fault("api", "hold")
    process = python(script, TSM_TIMEOUT_MS="86400000")
    sandbox.wait_until_arrived("api")
    finish(process, "joined ['SystemExit']\n")


def test_handlers_of_the_exit_may_use_a_session(python: Start, sandbox: Sandbox) -> None:
    script = """
import atexit
atexit.register(lambda: print(session.get(ACCOUNTS).status_code, session.logout()))
ACCOUNTS = "/m2m/v1/accounts/0000123456-00001"
import logging, thingspace_session
logging.basicConfig(level=logging.DEBUG, stream=open("/dev/null", "w"))
session = thingspace_session.login()
"""
    finish(python(script, PYTHONWARNINGS="ignore"), "200 None\n")
    assert sandbox.counters()["logout"] == 1


def test_a_child_does_not_wait_for_the_calls_of_its_parent(python: Start, sandbox: Sandbox) -> None:
    script = """
session = thingspace_session.login()
thread = threading.Thread(target=session.get, args=[ACCOUNTS])
thread.start()
sys.stdin.readline()
def waits(_):
    os._exit(3)
child = os.fork()
if not child:
    thingspace_session._log.time.sleep = waits
    sys.exit()
_, status = os.waitpid(child, 0)
print("child:", os.waitstatus_to_exitcode(status), flush=True)
sys.stdin.readline()
thread.join()
"""
    sandbox.fault("api", "hold")
    process = python(
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + BEGIN + script
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sandbox.wait_until_arrived("api")
    process.stdin.write("fork\n")
    process.stdin.flush()
    assert process.stdout.readline() == "child: 0\n"
    sandbox.control("DELETE", "/faults")
    finish(process)


def test_a_child_gets_forked_and_makes_its_own(python: Start) -> None:
    script = """
parent = thingspace_session.login()
token = parent.token
response = parent.get(ACCOUNTS)
exchange = parent.exchange()
def child():
    asks = lambda: parent.token, lambda: parent.get(ACCOUNTS), parent.info
    for use in (*asks, parent.relogin, parent.exchange, exchange.tokens):
        try:
            use()
        except thingspace_session.Forked:
            print("forked")
    exchange.close()
    parent.close()
    with thingspace_session.login() as own:
        print(own.get(ACCOUNTS).status_code)
in_child(child)
print(parent.get(ACCOUNTS).status_code, parent.token == token, response.json() is not None)
print(exchange.tokens().session_token == token)
"""
    finish(python(BEGIN + script), "forked\n" * 6 + "200\n200 True True\nTrue\n")


def test_a_child_that_collects_an_inherited_session_harms_nobody(python: Start) -> None:
    script = """
parent = thingspace_session.login()
response = parent.get(ACCOUNTS)
def child():
    global parent, response
    del parent, response
    gc.collect()
in_child(child)
print(parent.get(ACCOUNTS).status_code, response.headers["content-type"] != "")
"""
    finish(python(BEGIN + script), "200 True\n")


def test_a_child_reads_an_inherited_answer(python: Start) -> None:
    script = """
session = thingspace_session.login()
good, bad = session.get(ACCOUNTS), session.get("/m2m/v1/accounts/none-of-mine")
def child():
    print(good.headers["Content-Type"], good.raise_for_status() is good)
    try:
        bad.raise_for_status()
    except thingspace_session.PlatformError as error:
        print(error.http_status)
in_child(child)
"""
    finish(python(BEGIN + script), "application/json True\n400\n")


def test_forking_while_other_threads_are_in_calls(python: Start, sandbox: Sandbox) -> None:
    script = """
parent = thingspace_session.login()
stop = threading.Event()
def ask():
    while not stop.is_set():
        parent.get(ACCOUNTS)
        parent.token
threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
def child():
    with thingspace_session.login(realm=str(os.getpid())) as own:
        assert own.get(ACCOUNTS).ok
for _ in range(10):
    in_child(child)
stop.set()
for thread in threads:
    thread.join()
print(parent.get(ACCOUNTS).status_code)
"""
    process = python(
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + BEGIN + script
    )
    finish(process, "200\n")
    assert sandbox.counters()["login"] == 11
