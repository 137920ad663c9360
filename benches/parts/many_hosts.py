"""Many processes with one token on Redis: taking over a token that is there, and many that meet one
expiry."""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from figures import Aim, Part, Table, number
from programs import Measured
from scene import Sandbox, say

PROCESSES = 64
COMMANDS = 12
AWAKE_MS = 100
ADOPTIONS = 9
# Long enough for all of them to wait for the one that logs in.
ALL_WAIT_SECONDS = 1.5


class Redis:
    """A server of our own on a socket, which counts what clients ask of it."""

    def __init__(self, folder):
        self.path = str(folder / "redis")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        self.commands = 0
        while not Path(self.path).exists():
            if self.process.poll() is not None:
                raise SystemExit("redis-server ended at once")
            time.sleep(0.01)
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(self.path)
        self.monitor.sendall(b"MONITOR\r\n")
        threading.Thread(target=self.count, daemon=True).start()

    def count(self):
        for line in self.monitor.makefile("r", errors="replace"):
            # What a script does is told too, and is no round trip.
            self.commands += line.startswith("+1") and " lua]" not in line

    def asked(self):
        """How many commands there were, once the last of them has been told."""
        time.sleep(0.2)
        return self.commands

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def measure(programs, scale):
    if not shutil.which("redis-server"):
        say("many hosts are left out: no redis-server on PATH")
        return Part()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(Redis(folder))
        sandbox = stack.enter_context(Sandbox())

        def host(name):
            return {
                **sandbox.environment(),
                "TSM_STORE": f"redis+unix://{redis.path}",
                "TSM_SHARE_TOKEN": "true",
                "XDG_STATE_HOME": str(folder / name),
            }

        say("Redis: taking over a token ...")
        first = run_login(programs, host("first"))
        runs = scale.rounds(ADOPTIONS)
        before = redis.asked()
        adopted = run_logins(programs, [host(f"adopts-{n}") for n in range(runs)])
        commands = (redis.asked() - before) / runs
        say(f"Redis: {PROCESSES} processes meet one expiry ...")
        hosts = [host(f"host-{n}") for n in range(PROCESSES)]
        expiry = meet_one_expiry(programs, sandbox, redis, hosts)
    return part(first, adopted, commands, expiry)


def run_logins(programs, environments):
    lines = []
    for environment in environments:
        done = subprocess.run(
            [programs.c, "login", "tsm"],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines += done.stdout.splitlines()
    return Measured(lines)


def run_login(programs, environment):
    return run_logins(programs, [environment])


def meet_one_expiry(programs, sandbox, redis, hosts):
    """How many logins that cost, how many commands each, and when the last had its token."""
    processes = [
        subprocess.Popen(
            [programs.c, "expiry"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for environment in hosts
    ]
    for process in processes:
        process.stdout.readline()
    sandbox.control("POST", "/expire", {"what": "session"})
    sandbox.control("POST", "/faults", {"on": "login", "fault": "hold"})
    logins = sandbox.control("GET", "/state")["counters"]["login"]
    commands = redis.asked()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    sandbox.control("POST", "/await", {"counter": "held", "at_least": 1})
    time.sleep(ALL_WAIT_SECONDS)
    answered = time.monotonic()
    sandbox.control("POST", "/release", {})
    awake = [json.loads(process.stdout.readline())["at_s"] for process in processes]
    for process in processes:
        process.communicate()
    return {
        "logins": sandbox.control("GET", "/state")["counters"]["login"] - logins,
        "commands": (redis.asked() - commands) / len(hosts),
        "last_ms": (max(awake) - answered) * 1000,
    }


def part(first, adopted, commands, expiry):
    def row(title, measured, more):
        times = [measured.median("tsm_login", unit) for unit in ("wall_ms", "cpu_ms")]
        return [title, *map(number, times), more]

    return Part(
        [
            Table(
                "A cold start with a shared token on Redis",
                ["", "wall ms", "CPU ms until the token is there", "commands"],
                [
                    row("the first: a login", first, ""),
                    row("the others: the token is taken over", adopted, number(commands)),
                ],
            ),
            Table(
                f"{PROCESSES} processes meet one expiry",
                [
                    "logins",
                    "commands a process",
                    "ms after the login's answer until the last goes on",
                ],
                [[expiry["logins"], number(expiry["commands"]), number(expiry["last_ms"])]],
            ),
        ],
        [
            Aim(
                f"logins when {PROCESSES} processes meet one expiry",
                expiry["logins"],
                1,
                exact=True,
            ),
            Aim("commands to Redis a process then", expiry["commands"], COMMANDS),
            Aim("until the last goes on", expiry["last_ms"], AWAKE_MS, unit="ms"),
        ],
    )
