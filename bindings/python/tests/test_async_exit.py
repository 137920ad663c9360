"""The end of the interpreter and fork, with calls of event loops under way: nothing crashes,
nothing hangs, nothing is said on stderr."""

from __future__ import annotations

import subprocess
from typing import Callable

import pytest

from sandbox import Sandbox

Start = Callable[..., "subprocess.Popen[str]"]

BEGIN = """
import asyncio, atexit, logging, os, sys, threading
import thingspace_session
from thingspace_session import AsyncSession, login_async
ACCOUNTS = "/m2m/v1/accounts/0000123456-00001"
"""


def finish(process: subprocess.Popen[str], expected: str = "") -> None:
    out, err = process.communicate("", timeout=60)
    assert (out, err, process.returncode) == (expected, "", 0)


@pytest.mark.parametrize(
    "script",
    [
        "session = asyncio.run(login_async())",
        "loop = asyncio.new_event_loop()\n"
        "session = loop.run_until_complete(login_async())\n"
        "loop.run_until_complete(asyncio.wait_for(session.get(ACCOUNTS), 60)); loop.close()",
        "session = AsyncSession(thingspace_session.login()); cycle = [session]; cycle += [cycle]\n"
        "async def ask():\n    await asyncio.gather(*(session.get(ACCOUNTS) for _ in range(32)))\n"
        "asyncio.run(ask())",
    ],
)
def test_the_interpreter_exits_quietly(python: Start, script: str) -> None:
    finish(python(BEGIN + script))


DEBUG = """
logging.basicConfig(level=logging.DEBUG, stream=open(os.devnull, "w"))
logging.raiseExceptions = False
"""


@pytest.mark.parametrize("logging", ["", DEBUG], ids=["as it comes", "DEBUG"])
def test_loops_of_daemon_threads_do_not_hold_the_exit(
    python: Start, sandbox: Sandbox, logging: str
) -> None:
    script = """
async def ask(session):
    while True:
        await session.get(ACCOUNTS)
async def main():
    sessions = [await login_async() for _ in range(3)]
    await asyncio.gather(*(ask(session) for session in sessions for _ in range(8)))
for _ in range(2):
    threading.Thread(target=asyncio.run, args=[main()], daemon=True).start()
sys.stdin.readline()
"""
    sandbox.fault("api", "hold", skip=100, times=20)
    process = python(BEGIN + logging + script, PYTHONWARNINGS="ignore", TSM_TIMEOUT_MS="86400000")
    sandbox.wait_until_arrived("api", 120)
    finish(process)


def test_a_loop_that_is_left_with_calls_under_way_does_not_hold_the_exit(
    python: Start, sandbox: Sandbox
) -> None:
    script = """
async def main():
    session = await login_async()
    tasks = [asyncio.ensure_future(session.get(ACCOUNTS)) for _ in range(8)]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return session, tasks
loop = asyncio.new_event_loop()
left = loop.run_until_complete(main())
"""
    sandbox.fault("api", "hold", times=8)
    process = python(BEGIN + script, PYTHONWARNINGS="ignore", TSM_TIMEOUT_MS="86400000")
    sandbox.wait_until_arrived("api", 8)
    out, err = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == ("", 0)
    # asyncio's own words about tasks that were left; none of ours.
    assert "thingspace" not in err.replace("thingspace_session/_async.py", "")


def test_a_handler_of_the_exit_is_told_that_it_is_too_late(python: Start) -> None:
    script = """
import asyncio, atexit
async def ask():
    try:
        print((await session.get("/m2m/v1/accounts/0000123456-00001")).status_code)
    except (thingspace_session.Cancelled, RuntimeError) as error:
        print(type(error).__name__)
atexit.register(lambda: asyncio.run(ask()))
import thingspace_session
session = asyncio.run(thingspace_session.login_async())
"""
    process = python(script)
    out, err = process.communicate("", timeout=60)
    assert out in ("Cancelled\n", "RuntimeError\n")
    assert (err, process.returncode) == ("", 0)


def test_handlers_registered_later_may_use_a_session(python: Start) -> None:
    script = """
async def ask():
    print((await session.get(ACCOUNTS)).status_code)
session = asyncio.run(login_async())
asyncio.run(ask())
atexit.register(lambda: asyncio.run(ask()))
"""
    finish(python(BEGIN + script), "200\n200\n")


def test_a_child_gets_forked_and_makes_its_own(python: Start) -> None:
    script = """
async def ask():
    await asyncio.gather(*(session.get(ACCOUNTS) for _ in range(16)))
session = asyncio.run(login_async())
asyncio.run(ask())          # its threads wait for more
async def child():
    try:
        await session.get(ACCOUNTS)
    except thingspace_session.Forked:
        print("forked", flush=True)
    await session.aclose()
    async with login_async() as own:
        print((await own.get(ACCOUNTS)).status_code, flush=True)
pid = os.fork()
if not pid:
    asyncio.run(child())
    os._exit(0)
_, status = os.waitpid(pid, 0)
assert status == 0, status
asyncio.run(ask())
print("parent")
"""
    begin = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + BEGIN
    finish(python(begin + script), "forked\n200\nparent\n")


def test_a_child_of_a_running_loop(python: Start) -> None:
    script = """
async def main():
    async with login_async() as session:
        calls = [asyncio.ensure_future(session.get(ACCOUNTS)) for _ in range(16)]
        await asyncio.wait(calls, timeout=0)
        pid = os.fork()
        if not pid:
            threading.Thread(target=lambda: (asyncio.run(own()), os._exit(0))).start()
            threading.Event().wait()
        await asyncio.gather(*calls)
        _, status = await asyncio.get_running_loop().run_in_executor(None, os.waitpid, pid, 0)
        assert status == 0, status
async def own():
    async with login_async(realm="child") as session:
        await asyncio.gather(*(session.get(ACCOUNTS) for _ in range(16)))
asyncio.run(main())
"""
    begin = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + BEGIN
    finish(python(begin + script))
