"""Where it is measured: the sandbox, near or far away, on one core or on all."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "target" / "release"


def say(text):
    """Progress."""
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


# On one core, client and sandbox share it: that is the work itself, and it repeats. On all cores
# the scheduler places them, and who falls asleep before its answer is there pays for being woken
# on another core; on a virtual machine that can cost more than the request.
CORES = {"all cores": contextlib.nullcontext}
if hasattr(os, "sched_setaffinity"):
    CORES = {"one core": one_core, **CORES}


class Sandbox:
    def __enter__(self):
        self.process = subprocess.Popen(
            [RELEASE / "thingspace-sandbox", "--json", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.where = json.loads(self.process.stdout.readline())
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

    def answer_with(self, length):
        self.control("POST", "/settings", {"api_answer_bytes": length})

    def port(self, tls):
        url = self.where["tls_base_url" if tls else "base_url"]
        return int(url.rsplit(":", 1)[1].split("/")[0])

    def environment(self, tls=False, by_name=False, port=None):
        """What a client needs to reach it, directly or at another port."""
        host = "localhost" if by_name else "127.0.0.1"
        base = f"{'https' if tls else 'http'}://{host}:{port or self.port(tls)}/api"
        return {
            **os.environ,
            "TSM_BASE_URL": base,
            "TSM_SOAP_URL": base + "/v2",
            "TSM_USERNAME": "zbeeblebrox",
            "TSM_PASSWORD": "IMgr8",
            "TSM_APP_KEY": "key",
            "TSM_APP_SECRET": "secret",
            "TSM_CA_FILE": self.where["ca_file"],
            "TSM_STORE": "memory:",
            "TSM_SANDBOX": str(RELEASE / "thingspace-sandbox"),
            "TSM_LIBRARY": str(RELEASE / "libthingspace_session.so"),
            "BENCH_PATH": "/m2m/v1/devices/actions/list",
            "LD_LIBRARY_PATH": str(RELEASE),
        }


class Distance:
    """A port that leads to the sandbox's over TLS, so many milliseconds away."""

    def __init__(self, sandbox, milliseconds):
        self.round_trip = 2 * milliseconds / 1000
        self.process = subprocess.Popen(
            [RELEASE / "thingspace-delay-proxy", str(sandbox.port(tls=True)), str(milliseconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = json.loads(self.process.stdout.readline())["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def counted(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
