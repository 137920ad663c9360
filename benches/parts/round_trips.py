"""Round trips: what a cold start and every kind of expiry cost over TLS by name, counted by a proxy
that makes the sandbox far away. The time each took, in round trips of the proxy, stands beside it
and tells whether the count is right."""

import contextlib
import subprocess
import time

from figures import Aim, Bars, Part, Table
from scene import Distance, Sandbox, say

MILLISECONDS = 20
# The shortest that the library keeps an API token, and a little more.
RUN_OUT_SECONDS = 5.3

COLD = "cold: login and first request"
STEPS = {
    COLD: 5,
    "session expired": 3,
    "API token refused": 3,
    "API token run out": 2,
    "both expired": 5,
    "SOAP cold": 4,
    "SOAP expired": 3,
}
OURS, PEER = "tsm_request", "libcurl, by hand"
CLIENTS = [
    ("C", "tsm", OURS),
    ("C", "libcurl", PEER),
    ("Python", "thingspace_session", "Python, ours"),
    ("Python", "requests", "requests, by hand"),
    ("Python", "httpx", "httpx, by hand"),
    ("C#", "Session", "C#, ours"),
    ("C#", "ThingSpaceHandler", "ThingSpaceHandler"),
    ("C#", "HttpClient", "HttpClient, by hand"),
]


class Client:
    """A program that does one step after the other, and what each cost."""

    def __init__(self, command, sandbox, distance, **more):
        self.sandbox, self.distance = sandbox, distance
        environment = sandbox.environment(tls=True, by_name=True, port=distance.port)
        self.process = subprocess.Popen(
            command,
            env={**environment, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.expect("ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def expect(self, word):
        if self.process.stdout.readline() != word + "\n":
            raise SystemExit(f"{self.process.args} is not {word}")

    def step(self, name, expire=None):
        if expire:
            self.sandbox.control("POST", "/expire", {"what": expire})
        before, start = self.distance.counted(), time.monotonic()
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        self.expect("done")
        took = (time.monotonic() - start) / self.distance.round_trip
        after = self.distance.counted()
        return {**{what: after[what] - before[what] for what in after}, "by_time": took}


def measure(programs, scale):
    del scale  # Counts are the same however often.
    found = {}
    for language, name, title in CLIENTS:
        if language == "C#" and not programs.csharp:
            continue
        say(f"round trips: {title} ...")
        command = programs.trips(language, name)
        found[title] = rest(command)
        if language == "C":
            found[title]["API token run out"] = run_out(command, wait=name == "tsm")
        if name == "tsm":
            found[title].update(soap(command))
    return part(found)


@contextlib.contextmanager
def far_away(command, settings=None, **environment):
    """The client of that command, and a sandbox far away from it."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        sandbox.control("POST", "/settings", settings or {})
        distance = stack.enter_context(Distance(sandbox, MILLISECONDS))
        yield stack.enter_context(Client(command, sandbox, distance, **environment))


def rest(command):
    with far_away(command) as client:
        return {
            COLD: client.step("cold"),
            "session expired": client.step("request", expire="session"),
            "API token refused": client.step("request", expire="api_token"),
            "both expired": client.step("request", expire="all"),
        }


def run_out(command, wait):
    with far_away(command, {"expires_in": 0}) as client:
        client.step("cold")
        if wait:
            time.sleep(RUN_OUT_SECONDS)
        return client.step("run_out")


def soap(command):
    with far_away(command, TSM_PROTOCOL="soap") as client:
        return {
            "SOAP cold": client.step("cold"),
            "SOAP expired": client.step("request", expire="session"),
        }


def part(found):
    return Part([steps_table(found), connections_table(found)], list(aims(found)), [plot(found)])


def steps_table(found):
    rows = [
        [step, *(told(steps.get(step)) for steps in found.values()), floor]
        for step, floor in STEPS.items()
    ]
    note = (
        f"Over TLS 1.3 and by name, the sandbox {MILLISECONDS} ms away each way. Time includes "
        "what the machines do meanwhile. HttpClient with our handler keeps connections of its own."
    )
    return Table("Round trips, counted (and by time)", ["step", *found, "floor"], rows, note)


def connections_table(found):
    counted = ("connections", "full_handshakes", "resumed_handshakes")
    rows = [[title, *(steps[COLD][what] for what in counted)] for title, steps in found.items()]
    return Table("A cold start", ["", "connections", "full handshakes", "resumed"], rows)


def aims(found):
    for step, floor in STEPS.items():
        counted = found[OURS][step]["round_trips"]
        yield Aim(f"round trips, {step}", counted, floor, exact=True)


def plot(found):
    groups = []
    for step, floor in STEPS.items():
        peer = found[PEER].get(step)
        counted = found[OURS][step]["round_trips"], peer and peer["round_trips"], floor
        groups.append((step, list(counted)))
    return Bars("round-trips.svg", "Round trips over TLS 1.3", [OURS, PEER, "floor"], groups)


def told(step):
    return "" if step is None else f"{step['round_trips']} ({step['by_time']:.1f})"
