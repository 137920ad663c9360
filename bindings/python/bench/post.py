"""What one POST costs: ``session.post`` beside ``requests``, ``httpx``, ``aiohttp`` and Verizon's
own SDK; and reading the token.

The same device list request, answered by the sandbox with as many bytes of JSON as it has itself,
over kept connections on loopback. The clients take turns, so that whatever else the machine does
meets them all. CPU time is this process's own. (The SDK also makes its model of the answer's JSON;
the others leave that to the caller.) On several threads ``requests`` and the SDK have a session
each; ``aiohttp`` has as many tasks in one loop. With ``--after-load`` ours is measured once more
after a thousand threads have come and gone.

Prints a JSON object a line: ``{"name": …, "wall_us": …, "cpu_us": …}``, one a round and client; on
a terminal a table of medians. Progress goes to standard error. Needs ``requirements-test.txt``. The
sandbox is the release build, else found as by the tests.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Protocol

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "tests")]

from sandbox import REPOSITORY, Sandbox, binary  # noqa: E402

RELEASE = REPOSITORY / "target" / "release"
os.environ.setdefault("TSM_LIBRARY", str(RELEASE / "libthingspace_session.so"))
if (RELEASE / "thingspace-sandbox").is_file():
    os.environ.setdefault("TSM_SANDBOX", str(RELEASE / "thingspace-sandbox"))

import clients  # noqa: E402

import thingspace_session  # noqa: E402

TOKEN_READS = 50
PASSING_THREADS = 1000
AT_ONCE = 250


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--posts", type=int, default=200, help="by each client in a round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--name", action="store_true", help="localhost instead of 127.0.0.1")
    parser.add_argument("--after-load", action="store_true", help="once more after 1,000 threads")
    options = parser.parse_args()

    with Sandbox() as sandbox:
        sandbox.settings(api_answer_bytes=options.bytes)
        port = (sandbox.tls_base_url if options.tls else sandbox.base_url).rsplit(":", 1)[1]
        scheme = "https" if options.tls else "http"
        host = "localhost" if options.name else "127.0.0.1"
        place = clients.Place(f"{scheme}://{host}:{port}", sandbox.ca_file, options.bytes)
        with place.login() as session:
            crowds: dict[str, Runner] = {
                name: Crowd(make, options.threads)
                for name, make in clients.makers(session, place).items()
            }
            tasks = clients.AioHttp(session, place, options.threads)
            crowds["aiohttp.post"] = tasks
            crowds["thingspace_session.token"] = Crowd(lambda: lambda: session.token, 1)
            results = measure(crowds, options.rounds, options.posts)
            tasks.close()
            if options.after_load:
                come_and_go(session, place)
                ours = ("thingspace_session.post", "thingspace_session.token")
                again = {name + " after load": crowds[name] for name in ours}
                results += measure(again, options.rounds, options.posts)
    if sys.stdout.isatty():
        show(results, "thingspace_session.post")
    else:
        for result in results:
            print(json.dumps(result))


class Runner(Protocol):
    def run(self, calls: int) -> None: ...


class Crowd:
    """Threads that share so many calls; each makes its caller for itself, once."""

    def __init__(self, make: Callable[[], Callable[[], object]], threads: int) -> None:
        self.callers = [make() for _ in range(threads)]

    def run(self, calls: int) -> None:
        if len(self.callers) == 1:
            repeat(self.callers[0], calls)
        else:
            each = calls // len(self.callers)
            together([threading.Thread(target=repeat, args=(one, each)) for one in self.callers])


def repeat(once: Callable[[], object], calls: int) -> None:
    for _ in range(calls):
        once()


def together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def come_and_go(session: thingspace_session.Session, place: clients.Place) -> None:
    """All threads of a burst have called before the first of them ends."""
    barrier = threading.Barrier(AT_ONCE)

    def call() -> None:
        place.post(session)
        barrier.wait()

    for _ in range(PASSING_THREADS // AT_ONCE):
        together([threading.Thread(target=call) for _ in range(AT_ONCE)])


def measure(crowds: dict[str, Runner], rounds: int, posts: int) -> list[dict[str, str | float]]:
    results: list[dict[str, str | float]] = []
    order = list(crowds)
    for crowd in crowds.values():
        crowd.run(max(posts // 10, 16))
    gc.collect()
    for done in range(rounds):
        for name in order:
            calls = posts * TOKEN_READS if ".token" in name else posts
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            crowds[name].run(calls)
            wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
            results.append(
                {"name": name, "wall_us": wall / calls / 1000, "cpu_us": cpu / calls / 1000}
            )
        order.append(order.pop(0))
        if sys.stderr.isatty():
            print(f"round {done + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
    return results


def show(results: list[dict[str, str | float]], own: str) -> None:
    medians: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(str(result["name"]) for result in results):
        medians[name] = {
            unit: statistics.median(
                float(result[unit]) for result in results if result["name"] == name
            )
            for unit in ("wall_us", "cpu_us")
        }
    ours = medians[own]["wall_us"]
    print(f"{'':36}{'wall µs':>10}{'CPU µs':>10}{'times ours':>12}    sandbox: {binary()}")
    for name, median in medians.items():
        ratio = median["wall_us"] / ours
        print(f"{name:36}{median['wall_us']:10.2f}{median['cpu_us']:10.2f}{ratio:12.2f}")


if __name__ == "__main__":
    main()
