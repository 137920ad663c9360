"""The session in asyncio programs: calls go to threads, one session serves any number of loops."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, Sandbox


def test_a_loop_goes_on_while_a_call_waits(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def run() -> int:
        call = asyncio.create_task(asyncio.to_thread(patient.get, ACCOUNTS))
        await asyncio.to_thread(sandbox.wait_until_arrived, "api")
        assert not call.done()
        await asyncio.to_thread(sandbox.control, "DELETE", "/faults")
        return (await call).status_code

    sandbox.fault("api", "hold")
    assert asyncio.run(run()) == 200


def test_two_loops_share_a_session_and_one_login(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def run() -> list[int]:
        calls = (asyncio.to_thread(session.post, DEVICES, json={}) for _ in range(16))
        return [response.status_code for response in await asyncio.gather(*calls)]

    sandbox.expire()
    with ThreadPoolExecutor(2) as loops:
        results = [
            future.result(60) for future in [loops.submit(asyncio.run, run()) for _ in range(2)]
        ]
    assert results == [[200] * 16] * 2
    assert sandbox.counters()["login"] == 2


def test_a_cancelled_task_can_end_its_call(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    async def get(path: str) -> thingspace_session.Response:
        cancel = thingspace_session.Cancellation()
        try:
            return await asyncio.to_thread(patient.get, path, cancel=cancel)
        finally:
            cancel.cancel()

    async def run() -> None:
        task = asyncio.create_task(get(ACCOUNTS))
        await asyncio.to_thread(sandbox.wait_until_arrived, "api")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await get(ACCOUNTS)).ok

    sandbox.fault("api", "hold")
    asyncio.run(run())  # would wait for a day for the thread
