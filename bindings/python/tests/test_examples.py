"""The examples of the repository, run as a reader would run them."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep

import thingspace_session
from sandbox import REPOSITORY, Sandbox

EXAMPLES = REPOSITORY / "examples" / "python"
PACKAGE = Path(__file__).resolve().parents[1] / "src"


@pytest.mark.parametrize(
    ("script", "counters"),
    [
        ("devices.py", {"login": 4, "api": 5, "api_expired": 2, "logout": 2}),
        ("devices_async.py", {"login": 2, "logout": 1}),
        (
            "devices_soap.py",
            {"soap_login": 4, "soap_call": 5, "soap_call_expired": 2, "soap_logout": 2},
        ),
        (
            "zeep_session.py",
            {"soap_login": 2, "soap_call": 3, "soap_call_expired": 1, "soap_logout": 1},
        ),
    ],
)
def test_example(
    script: str, counters: dict[str, int], sandbox: Sandbox, options: thingspace_session.Options
) -> None:
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), "TSM_SANDBOX_CONTROL": sandbox.control_url}
    env.update({f"TSM_{name.upper()}": str(value) for name, value in options.items()})
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / script)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "the token expired and was renewed; 2 devices" in run.stdout
    arrived = sandbox.counters()
    assert {name: arrived[name] for name in counters} == counters


@pytest.mark.parametrize("status", [302, 307, 308])
def test_the_zeep_example_takes_the_token_nowhere_else(
    status: int, sandbox: Sandbox, options: thingspace_session.Options
) -> None:
    names = runpy.run_path(str(EXAMPLES / "zeep_session.py"))
    wsdl = str(EXAMPLES / "device_service.wsdl")
    client: Any = zeep.Client  # its types are not written down
    devices = client(wsdl, transport=names["transport"]())
    options["protocol"] = "soap"
    with thingspace_session.login(**options) as session, Sandbox() as other:
        place = "/DeviceService.svc"
        service = devices.create_service(
            f"{{{names['NAMESPACE']}}}DeviceService", session.base_url + place
        )
        sandbox.fault("soap_call", "redirect", status=status, location=other.soap_url + place)
        with pytest.raises(requests.TooManyRedirects):
            names["call"](session, service.GetDeviceList, Input={"AccountName": "1-1"})
        assert other.counters()["soap_call"] == 0
