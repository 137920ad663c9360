"""The end of the interpreter and fork: nothing crashes, nothing hangs, nothing is said on stderr."""

from __future__ import annotations

import subprocess
from typing import Callable

import pytest

from sandbox import Sandbox

Start = Callable[..., "subprocess.Popen[str]"]

BEGIN = """
import atexit, gc, logging, os, sys, threading
import tsm
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
        "session = tsm.login(); response = session.get(ACCOUNTS)",
        "cycle = [tsm.login()]; cycle += [cycle, cycle[0].get(ACCOUNTS)]",
        "sys.modules['tsm'].session = tsm.login()",
        "atexit.register(tsm.login().get, ACCOUNTS)",
        "session = tsm.login(); del sys.modules['tsm'], sys.modules['tsm._library']; gc.collect()",
        "class Last:\n    def __del__(self): self.session.close()\nlast = Last(); last.session = tsm.login()",
        "session = tsm.login(); thread = threading.Thread(target=session.get, args=[ACCOUNTS]); thread.start()",
        "sessions = [tsm.login() for _ in range(20)]; sys.exit()",
        "tsm.Session.__new__(tsm.Session); tsm.Response.__new__(tsm.Response)",
    ],
)
def test_the_interpreter_exits_quietly(python: Start, script: str) -> None:
    finish(python(BEGIN + script))


@pytest.mark.parametrize("level", ["CRITICAL", "DEBUG"])
def test_daemon_threads_in_calls_do_not_hold_the_exit(python: Start, sandbox: Sandbox, level: str) -> None:
    script = f"""
logging.basicConfig(level=logging.{level}, stream=open(os.devnull, "w"))
session = tsm.login()
def ask():
    while True:
        session.get(ACCOUNTS)
for _ in range(8):
    threading.Thread(target=ask, daemon=True).start()
held = tsm.login()
threading.Thread(target=lambda: held.get(ACCOUNTS, headers={{"X-Held": "1"}}), daemon=True).start()
sys.stdin.readline()
"""
    sandbox.fault("api", "hold", skip=30)
    process = python(BEGIN + script, PYTHONWARNINGS="ignore")
    sandbox.wait_until_arrived("api", 31)
    process.communicate("", timeout=60)
    assert process.returncode == 0


def test_a_child_gets_forked_and_makes_its_own(python: Start) -> None:
    script = """
parent = tsm.login()
token = parent.token
response = parent.get(ACCOUNTS)
def child():
    for use in (lambda: parent.token, lambda: parent.get(ACCOUNTS), parent.relogin, parent.info):
        try:
            use()
        except tsm.Forked:
            print("forked")
    parent.close()
    with tsm.login() as own:
        print(own.get(ACCOUNTS).status_code)
in_child(child)
print(parent.get(ACCOUNTS).status_code, parent.token == token, response.json() is not None)
"""
    finish(python(BEGIN + script), "forked\nforked\nforked\nforked\n200\n200 True True\n")


def test_a_child_that_collects_an_inherited_session_harms_nobody(python: Start) -> None:
    script = """
parent = tsm.login()
response = parent.get(ACCOUNTS)
def child():
    global parent, response
    del parent, response
    gc.collect()
in_child(child)
print(parent.get(ACCOUNTS).status_code, response.headers["content-type"] != "")
"""
    finish(python(BEGIN + script), "200 True\n")


def test_forking_while_other_threads_are_in_calls(python: Start, sandbox: Sandbox) -> None:
    script = """
parent = tsm.login()
stop = threading.Event()
def ask():
    while not stop.is_set():
        parent.get(ACCOUNTS)
        parent.token
threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
def child():
    with tsm.login(realm=str(os.getpid())) as own:
        assert own.get(ACCOUNTS).ok
for _ in range(10):
    in_child(child)
stop.set()
for thread in threads:
    thread.join()
print(parent.get(ACCOUNTS).status_code)
"""
    process = python("import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + BEGIN + script)
    finish(process, "200\n")
    assert sandbox.counters()["login"] == 11
