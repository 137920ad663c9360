"""Many POSTs at once from one event loop: ``AsyncSession`` and the middleware for ``aiohttp``,
beside bare ``aiohttp``.

The same device list request as in ``post.py``, with as many tasks as ``--tasks`` says. The clients
take turns in short rounds, so that whatever else the machine does meets them all. Prints a JSON
object a line: ``{"name": …, "wall_us": …, "cpu_us": …}``, one a round and client; on a terminal a
table of medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable

import post  # which finds the library, the package and the sandbox

import aiohttp  # isort: skip
import clients  # isort: skip
import thingspace_session  # isort: skip
from sandbox import DEVICES, Sandbox  # isort: skip
from thingspace_session.aiohttp import ThingSpaceMiddleware  # isort: skip

Call = Callable[[], Awaitable[None]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--posts", type=int, default=600, help="by each client in a round")
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()

    with Sandbox() as sandbox:
        sandbox.settings(api_answer_bytes=options.bytes)
        port = (sandbox.tls_base_url if options.tls else sandbox.base_url).rsplit(":", 1)[1]
        origin = f"https://localhost:{port}" if options.tls else f"http://127.0.0.1:{port}"
        place = clients.Place(origin, sandbox.ca_file, options.bytes)
        with place.login() as session:
            results = asyncio.run(compare(session, place, options))
    if sys.stdout.isatty():
        post.show(results, "AsyncSession.post")
    else:
        for result in results:
            print(json.dumps(result))


async def compare(
    session: thingspace_session.Session, place: clients.Place, options: argparse.Namespace
) -> list[dict[str, str | float]]:
    ours = thingspace_session.AsyncSession(session)
    bare = http(place, headers=clients.tokens(session))
    mended = http(place, middlewares=[ThingSpaceMiddleware(ours)])

    async def by_session() -> None:
        clients.expect((await ours.post(DEVICES, json=place.body)).status_code)

    def by(client: aiohttp.ClientSession) -> Call:
        async def call() -> None:
            async with client.post(place.url, json=place.body) as answer:
                await answer.read()
                clients.expect(answer.status)

        return call

    async with bare, mended:
        calls = {
            "AsyncSession.post": by_session,
            "aiohttp.post": by(bare),
            "aiohttp.post with the middleware": by(mended),
        }
        return await measure(calls, options)


def http(place: clients.Place, **arguments: object) -> aiohttp.ClientSession:
    tls = place.trust() if place.url.startswith("https") else True
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    return aiohttp.ClientSession(connector=connector, **arguments)  # type: ignore[arg-type]


async def measure(
    calls: dict[str, Call], options: argparse.Namespace
) -> list[dict[str, str | float]]:
    each = max(options.posts // options.tasks, 1)

    async def repeat(call: Call) -> None:
        for _ in range(each):
            await call()

    results: list[dict[str, str | float]] = []
    order = list(calls)
    for done in range(options.rounds + 1):
        for name in order:
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            await asyncio.gather(*(repeat(calls[name]) for _ in range(options.tasks)))
            wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
            if done:  # the first one makes connections and threads
                count = each * options.tasks * 1000
                results.append({"name": name, "wall_us": wall / count, "cpu_us": cpu / count})
        order.append(order.pop(0))
        gc.collect()
    return results


if __name__ == "__main__":
    main()
