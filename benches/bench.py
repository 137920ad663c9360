"""Speed and size beside peers, in the same run against the same sandbox: libcurl from C, requests,
httpx and Verizon's SDK from Python, HttpClient from C#.

`make bench` calls it. Rounds of the library and its peers take turns; medians are shown, and the
ratio to the peer. Below 1 is faster.

Requests are measured twice. On one core, client and sandbox share it: that is the work itself, and
it repeats. On all cores the scheduler places them, and a client that falls asleep before its answer
is there pays for being woken on another core; on a virtual machine that can cost more than the
request.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "target" / "release"
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_core():
    """Keeps what is started meanwhile on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# Where requests are measured, and how to get there.
PLACES = [("all cores", contextlib.nullcontext)]
if hasattr(os, "sched_setaffinity"):
    PLACES.insert(0, ("one core", one_core))


class Sandbox:
    def __enter__(self):
        self.process = subprocess.Popen(
            [RELEASE / "thingspace-sandbox", "--json", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.where = json.loads(self.process.stdout.readline())
        self.control("POST", "/settings", {"api_answer_bytes": 1024})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            urllib.request.Request(self.where["control_url"] + path, data=data, method=method)
        ) as answer:
            return json.load(answer)

    def environment(self):
        return {
            **os.environ,
            "TSM_BASE_URL": self.where["base_url"],
            "TSM_USERNAME": "zbeeblebrox",
            "TSM_PASSWORD": "IMgr8",
            "TSM_APP_KEY": "key",
            "TSM_APP_SECRET": "secret",
            "TSM_STORE": "memory:",
            "TSM_SANDBOX": str(RELEASE / "thingspace-sandbox"),
            "TSM_SANDBOX_CONTROL": self.where["control_url"],
            "TSM_LIBRARY": str(RELEASE / "libthingspace_session.so"),
            "BENCH_PATH": "/m2m/v1/devices/actions/list",
            "LD_LIBRARY_PATH": str(RELEASE),
        }


def table(title, head, rows):
    widths = [max(len(str(row[n])) for row in [head, *rows]) for n in range(len(head))]
    print(f"\n{BOLD}{title}{PLAIN}")
    for row in [head, *rows]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def medians(lines):
    """From measurements, a line each, to the median of every number by name."""
    found = {}
    for line in lines:
        measured = json.loads(line)
        name = measured.pop("name")
        for unit, value in measured.items():
            found.setdefault(name, {}).setdefault(unit, []).append(value)
    return {
        name: {
            unit: statistics.median(values)
            for unit, values in units.items()
            if isinstance(values[0], (int, float))
        }
        for name, units in found.items()
    }


def beside(title, ours, measured):
    """Everything beside ours: how many times as long a peer takes."""
    mine = measured[ours]
    rows = [(ours, f"{mine['wall_us']:.1f}", f"{mine['cpu_us']:.1f}", "", "")]
    for name, peer in measured.items():
        if name == ours or "wall_us" not in peer or name == "warm":
            continue
        rows.append(
            (
                name,
                f"{peer['wall_us']:.1f}",
                f"{peer['cpu_us']:.1f}",
                f"{mine['wall_us'] / peer['wall_us']:.2f}",
                f"{mine['cpu_us'] / peer['cpu_us']:.2f}",
            )
        )
    table(title, ("", "wall µs", "CPU µs", "ours / theirs, wall", "CPU"), rows)


def build_c(folder):
    program = Path(folder) / "bench"
    compiler = os.environ.get("CC", "cc")
    say("building the C bench (libcurl's headers are needed: libcurl4-openssl-dev) ...")
    subprocess.run(
        [
            compiler,
            "-O2",
            "-I",
            ROOT / "include",
            ROOT / "benches" / "c" / "bench.c",
            "-L",
            RELEASE,
            "-lthingspace_session",
            "-lcurl",
            "-lpthread",
            "-o",
            program,
        ],
        check=True,
    )
    return program


def run_c(sandbox, program, *arguments):
    say(f"C: {' '.join(arguments)} ...")
    out = subprocess.run(
        [program, *arguments],
        env=sandbox.environment(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return medians(out.splitlines())


def tokens_and_storm(sandbox, program):
    tokens = run_c(sandbox, program, "token")
    one, two = tokens["token_1"]["ns"], tokens["token_2"]["ns"]
    table(
        "tsm_token from C",
        ("threads", "ns a read", "reads a second"),
        [(1, f"{one:.1f}", ""), (2, f"{two:.1f}", f"{one / two:.2f} times those of one thread")],
    )
    before = sandbox.control("GET", "/state")["counters"]["login"]
    storm = run_c(sandbox, program, "storm", "256")
    logins = sandbox.control("GET", "/state")["counters"]["login"] - before
    table(
        "256 threads meet one expired token",
        ("ms until all go on", "logins an expiry"),
        [(f"{storm['storm_256']['ms']:.1f}", f"{(logins - 1) / 9:.2f}")],
    )


def run_python(sandbox):
    say("Python: session.post beside requests, httpx and Verizon's SDK ...")
    out = subprocess.run(
        [sys.executable, ROOT / "bindings" / "python" / "bench" / "post.py"],
        env=sandbox.environment(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return json.loads(out)


def run_csharp(sandbox):
    if not shutil.which("dotnet"):
        say("C#: no dotnet on PATH, left out")
        return None
    say("C#: Session.Send beside HttpClient ...")
    project = ROOT / "bindings" / "csharp" / "bench" / "ThingSpace.Bench.csproj"
    out = subprocess.run(
        ["dotnet", "run", "-c", "Release", "--project", project],
        env=sandbox.environment(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return json.loads(out.strip().splitlines()[-1])


def size(folder):
    stripped = Path(folder) / "libthingspace_session.so"
    subprocess.run(["strip", "-o", stripped, RELEASE / "libthingspace_session.so"], check=True)
    tree = subprocess.run(
        ["cargo", "tree", "-p", "thingspace-session", "-e", "normal", "--prefix", "none"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    crates = {line.split(" (")[0] for line in tree.splitlines() if line} - {""}
    table(
        "Size",
        ("stripped libthingspace_session.so", "crates"),
        [(f"{stripped.stat().st_size / 1e6:.2f} MB", len(crates))],
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = build_c(folder)
        with Sandbox() as sandbox:
            tokens_and_storm(sandbox, program)
        requests = (
            ("C", "tsm_request", lambda sandbox: run_c(sandbox, program, "request", "15", "3000")),
            ("Python", "thingspace_session.post", run_python),
            ("C#", "csharp_session_send", run_csharp),
        )
        reads = []
        for place, enter in PLACES:
            say(f"requests, on {place}")
            with enter(), Sandbox() as sandbox:
                for language, ours, run in requests:
                    measured = run(sandbox)
                    if measured:
                        beside(
                            f"The same 1 KiB POST from {language}, {place}",
                            ours,
                            {
                                name: units
                                for name, units in measured.items()
                                if "token" not in name
                            },
                        )
                        reads += [
                            (name, place, f"{units['wall_us'] * 1000:.0f}")
                            for name, units in measured.items()
                            if "token" in name
                        ]
        table("A token read", ("", "", "ns"), sorted(reads))
        size(folder)


if __name__ == "__main__":
    main()
