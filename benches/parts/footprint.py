"""What a login costs a process in processor time and memory, beside libcurl; and how large the
library is."""

import subprocess
import tempfile
from pathlib import Path

from figures import Aim, Part, Table, number
from programs import Measured
from scene import RELEASE, ROOT, Sandbox, say

RUNS = 21
HASH = "(the password's hash takes 19 MiB for a moment, once the token is out, and is meant to)"
UNITS = {
    "cpu_ms": "CPU ms until the token is there",
    "wall_ms": "wall ms until then",
    "all_cpu_ms": "CPU ms until it rests",
    "rss_mb": "memory then, MB",
    "most_mb": "at most, MB",
}
LOGIN_CPU_MS = 1.0
MORE_MB = 3.0
# 2.5 without the store for many hosts, and 0.3 for that.
SIZE_MB = 2.5 + 0.3


def measure(programs, scale):
    rows, aims = [], []
    with Sandbox() as sandbox:
        for tls in (False, True):
            place = "TLS, by name" if tls else "plain, by address"
            say(f"C: a login, {place} ...")
            environment = sandbox.environment(tls, tls)
            measured = Measured(logins(programs, environment, scale.rounds(RUNS)))
            for name in ("tsm_login", "libcurl"):
                medians = (f"{measured.median(name, unit):.2f}" for unit in UNITS)
                rows.append((f"{name}, {place}", *medians))
            if not tls:
                cpu = measured.median("tsm_login", "cpu_ms")
                aims.append(Aim(f"CPU of a login, {place}", cpu, LOGIN_CPU_MS, unit="ms"))
                continue
            for unit, what, why in (("rss_mb", "after a login", ""), ("most_mb", "at most", HASH)):
                more = measured.median("tsm_login", unit) - measured.median("libcurl", unit)
                what = f"memory {what}, more than libcurl"
                aims.append(Aim(what, more, MORE_MB, unit="MB", why=why))
    megabytes, crates = size()
    aims.append(
        Aim("stripped library, with the store for many hosts", megabytes, SIZE_MB, unit="MB")
    )
    return Part(
        tables=[
            Table(
                "One cold login, OAuth2 included, in a process of its own",
                ("", *UNITS.values()),
                rows,
            ),
            Table(
                "Size",
                ("stripped libthingspace_session.so", "crates"),
                [(f"{number(megabytes)} MB", crates)],
            ),
        ],
        aims=aims,
    )


def logins(programs, environment, runs):
    """In turns, each in a process of its own."""
    lines = []
    for _ in range(runs):
        for client in ("tsm", "libcurl"):
            command = [programs.c, "login", client]
            done = subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            lines += done.stdout.splitlines()
    return lines


def size():
    with tempfile.NamedTemporaryFile() as stripped:
        strip = ["strip", "-o", stripped.name, RELEASE / "libthingspace_session.so"]
        subprocess.run(strip, check=True)
        megabytes = Path(stripped.name).stat().st_size / 1e6
    tree = ["cargo", "tree", "-p", "thingspace-session", "-e", "normal", "--prefix", "none"]
    listed = subprocess.run(tree, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    crates = {line.split(" (")[0] for line in listed.splitlines() if line} - {""}
    return megabytes, len(crates)
