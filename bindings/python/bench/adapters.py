"""What the adapters cost: ``requests`` and ``httpx`` with a session's tokens beside the same
clients with tokens given by hand.

The same device list request as in ``post.py``, by as many threads (``httpx.AsyncClient``: tasks) as
``--at-once`` says. The clients take turns in short rounds, so that whatever else the machine does
meets them all. Prints a JSON object a line: ``{"name": …, "wall_us": …, "cpu_us": …}``, one a round
and client; on a terminal a table of medians, each adapter as a multiple of its bare client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
from typing import Any, Callable

import post  # which finds the library, the package and the sandbox

import httpx  # isort: skip
import requests  # isort: skip
import clients  # isort: skip
import thingspace_session  # isort: skip
import thingspace_session.httpx  # isort: skip
import thingspace_session.requests  # isort: skip
from sandbox import Sandbox  # isort: skip

BARE = {
    "requests with ThingSpaceAuth": "requests",
    "httpx with ThingSpaceAuth": "httpx",
    "httpx with ThingSpaceTransport": "httpx",
    "async httpx with ThingSpaceAuth": "async httpx",
    "async httpx with AsyncThingSpaceTransport": "async httpx",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--posts", type=int, default=256, help="by each client in a round")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=1024)
    options = parser.parse_args()

    with Sandbox() as sandbox:
        sandbox.settings(api_answer_bytes=options.bytes)
        place = clients.Place(sandbox.base_url, sandbox.ca_file, options.bytes)
        with place.login() as session:
            crowds = runners(session, place, options.at_once)
            results = post.measure(crowds, options.rounds, options.posts)
    if sys.stdout.isatty():
        show(results)
    else:
        for result in results:
            print(json.dumps(result))


def runners(
    session: thingspace_session.Session, place: clients.Place, at_once: int
) -> dict[str, post.Runner]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    given: dict[str, Any] = {"timeout": 60, "trust_env": False}
    tokens = clients.tokens(session)
    auth = thingspace_session.httpx.ThingSpaceAuth(session)
    beneath = thingspace_session.httpx.ThingSpaceTransport(
        session, httpx.HTTPTransport(limits=limits)
    )
    beneath_async = thingspace_session.httpx.AsyncThingSpaceTransport(
        session, httpx.AsyncHTTPTransport(limits=limits)
    )
    ways: dict[str, httpx.Client] = {
        "httpx": httpx.Client(headers=tokens, limits=limits, **given),
        "httpx with ThingSpaceAuth": httpx.Client(auth=auth, limits=limits, **given),
        "httpx with ThingSpaceTransport": httpx.Client(transport=beneath, **given),
    }
    async_ways: dict[str, Callable[[], httpx.AsyncClient]] = {
        "async httpx": lambda: httpx.AsyncClient(headers=tokens, limits=limits, **given),
        "async httpx with ThingSpaceAuth": lambda: httpx.AsyncClient(
            auth=auth, limits=limits, **given
        ),
        "async httpx with AsyncThingSpaceTransport": lambda: httpx.AsyncClient(
            transport=beneath_async, **given
        ),
    }

    def by_requests(with_auth: bool) -> Callable[[], object]:
        own = requests.Session()
        own.trust_env = False
        if with_auth:
            own.auth = thingspace_session.requests.ThingSpaceAuth(session)
        else:
            own.headers.update(tokens)
        return lambda: clients.expect(own.post(place.url, json=place.body).status_code)

    def by_httpx(client: httpx.Client) -> Callable[[], object]:
        return lambda: clients.expect(client.post(place.url, json=place.body).status_code)

    return {
        "requests": post.Crowd(lambda: by_requests(False), at_once),
        "requests with ThingSpaceAuth": post.Crowd(lambda: by_requests(True), at_once),
        **{
            name: post.Crowd(lambda client=client: by_httpx(client), at_once)  # type: ignore[misc]
            for name, client in ways.items()
        },
        **{name: Tasks(make(), place, at_once) for name, make in async_ways.items()},
    }


class Tasks:
    """As many tasks as the others have threads, in one loop that stands between rounds."""

    def __init__(self, client: httpx.AsyncClient, place: clients.Place, tasks: int) -> None:
        self.client, self.place, self.tasks = client, place, tasks
        self.loop = asyncio.new_event_loop()

    def run(self, calls: int) -> None:
        self.loop.run_until_complete(self.share(calls // self.tasks))

    async def share(self, each: int) -> None:
        await asyncio.gather(*(self.repeat(each) for _ in range(self.tasks)))

    async def repeat(self, calls: int) -> None:
        for _ in range(calls):
            answer = await self.client.post(self.place.url, json=self.place.body)
            clients.expect(answer.status_code)


def show(results: list[dict[str, str | float]]) -> None:
    rounds: dict[str, dict[str, list[float]]] = {}
    for result in results:
        times = rounds.setdefault(str(result["name"]), {"wall_us": [], "cpu_us": []})
        for unit, each in times.items():
            each.append(float(result[unit]))
    print(f"{'':44}{'wall µs':>10}{'CPU µs':>10}{'times the bare client':>26}")
    for name, times in rounds.items():
        line = f"{name:44}" + "".join(f"{statistics.median(each):10.1f}" for each in times.values())
        if name in BARE:
            bare = rounds[BARE[name]]
            for unit, each in times.items():
                ratio = statistics.median(ours / theirs for ours, theirs in zip(each, bare[unit]))
                line += f"{ratio:13.3f}"
        print(line)


if __name__ == "__main__":
    main()
