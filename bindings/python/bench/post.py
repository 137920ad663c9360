"""What one POST costs: ``session.post`` beside ``requests``, ``httpx`` and Verizon's own SDK; and
reading the token.

The same device list request of 1 KiB, answered with 1 KiB of JSON by the sandbox over one kept
connection on loopback. The clients take turns, so that whatever else the machine does meets them
all; each number is the median of the rounds. CPU time is this process's own. (The SDK also makes
its model of the answer's JSON; the others leave that to the caller.)

Prints one JSON object, ``{name: {"wall_us": …, "cpu_us": …}}``; on a terminal a table. Progress
goes to standard error. Needs ``requirements-test.txt``. The sandbox is the release build, else
found as by the tests. ``--rounds`` and ``--posts`` set the size.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "tests")]

from sandbox import ACCOUNT, DEVICES, REPOSITORY, Sandbox, binary  # noqa: E402

RELEASE = REPOSITORY / "target" / "release"
os.environ.setdefault("TSM_LIBRARY", str(RELEASE / "libthingspace_session.so"))
if (RELEASE / "thingspace-sandbox").is_file():
    os.environ.setdefault("TSM_SANDBOX", str(RELEASE / "thingspace-sandbox"))

import httpx  # noqa: E402
import requests  # noqa: E402
from verizon.configuration import Configuration, Environment, Server  # noqa: E402
from verizon.http.auth.thingspace_oauth import ThingspaceOauthCredentials  # noqa: E402
from verizon.http.auth.vz_m2m_token import VZM2mTokenCredentials  # noqa: E402
from verizon.models.account_device_list_request import AccountDeviceListRequest  # noqa: E402
from verizon.models.oauth_token import OauthToken  # noqa: E402
from verizon.verizon_client import VerizonClient  # noqa: E402

import thingspace_session  # noqa: E402

GROUP = "g" * (1024 - len(json.dumps({"accountName": ACCOUNT, "groupName": ""})))
BODY = {"accountName": ACCOUNT, "groupName": GROUP}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--posts", type=int, default=200)
    options = parser.parse_args()

    with Sandbox() as sandbox:
        sandbox.settings(api_answer_bytes=1024)
        credentials: thingspace_session.Options = {
            "username": "zbeeblebrox",
            "password": "IMgr8",
            "app_key": "key",
            "app_secret": "secret",
            "base_url": sandbox.base_url,
            "store": "memory:",
        }
        with thingspace_session.login(load_env=False, **credentials) as session:
            results = measure(clients(session, sandbox.base_url), options.rounds, options.posts)
    if sys.stdout.isatty():
        show(results)
    else:
        print(json.dumps(results))


def clients(
    session: thingspace_session.Session, base_url: str
) -> dict[str, tuple[Callable[[], object], int]]:
    """Each client's one POST, and reading the token; with how many times it is done where a POST is
    done once."""
    tokens = {"Authorization": f"Bearer {session.api_token}", "VZ-M2M-Token": session.token}
    plain = requests.Session()
    plain.headers.update(tokens)
    modern = httpx.Client(headers=tokens)
    devices = verizon(session, base_url).device_management
    request = AccountDeviceListRequest(account_name=ACCOUNT, group_name=GROUP)
    url = base_url + DEVICES

    return {
        "thingspace_session.post": (
            lambda: expect(session.post(DEVICES, json=BODY).status_code),
            1,
        ),
        "requests.post": (lambda: expect(plain.post(url, json=BODY).status_code), 1),
        "httpx.post": (lambda: expect(modern.post(url, json=BODY).status_code), 1),
        "verizon-sdk.post": (
            lambda: expect(devices.list_devices_information(request).status_code),
            1,
        ),
        "thingspace_session.token": (lambda: session.token, 50),
    }


def verizon(session: thingspace_session.Session, base_url: str) -> Any:
    """Verizon's SDK with its table of servers pointed at the sandbox, and tokens that it need not
    fetch."""
    Configuration.environments[Environment.PRODUCTION][Server.THINGSPACE] = base_url
    token = OauthToken(access_token=session.api_token, token_type="Bearer")
    return VerizonClient(
        thingspace_oauth_credentials=ThingspaceOauthCredentials("key", "secret", oauth_token=token),
        vz_m2m_token_credentials=VZM2mTokenCredentials(session.token),
    )


def expect(status: int) -> None:
    if status != 200:
        raise RuntimeError(f"the sandbox answered {status}")


def measure(
    contenders: dict[str, tuple[Callable[[], object], int]], rounds: int, posts: int
) -> dict[str, dict[str, float]]:
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for function, _ in contenders.values():
        for _ in range(20):
            function()
    gc.collect()
    for done in range(rounds):
        for name in order:
            function, factor = contenders[name]
            times = posts * factor
            cpu_start, start = time.process_time_ns(), time.perf_counter_ns()
            for _ in range(times):
                function()
            took, burnt = time.perf_counter_ns() - start, time.process_time_ns() - cpu_start
            wall[name].append(took / times / 1000)
            cpu[name].append(burnt / times / 1000)
        order.append(order.pop(0))
        print(f"round {done + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        name: {
            "wall_us": round(statistics.median(wall[name]), 3),
            "cpu_us": round(statistics.median(cpu[name]), 3),
        }
        for name in contenders
    }


def show(results: dict[str, dict[str, float]]) -> None:
    print(
        f"{'':18}{'wall µs':>10}{'CPU µs':>10}{'wall, times thingspace_session.post':>24}"
        f"    sandbox: {binary()}"
    )
    for name, result in results.items():
        ratio = result["wall_us"] / results["thingspace_session.post"]["wall_us"]
        print(f"{name:18}{result['wall_us']:10.2f}{result['cpu_us']:10.2f}{ratio:24.2f}")


if __name__ == "__main__":
    main()
