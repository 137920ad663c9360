"""Runs the sandbox, a local ThingSpace, as a process and talks to its control port. The benchmark
uses it too."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Optional
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[3]
ACCOUNT = "0000123456-00001"
DEVICES = "/m2m/v1/devices/actions/list"
ACCOUNTS = f"/m2m/v1/accounts/{ACCOUNT}"


def binary() -> Path:
    """The sandbox's program: what TSM_SANDBOX names, else the newest build of the repository."""
    named = os.environ.get("TSM_SANDBOX")
    if named:
        return Path(named)
    name = "thingspace-sandbox.exe" if os.name == "nt" else "thingspace-sandbox"
    built = [
        path
        for kind in ("debug", "release")
        if (path := REPOSITORY / "target" / kind / name).is_file()
    ]
    if not built:
        raise FileNotFoundError(
            "there is no thingspace-sandbox: build it with `cargo build -p thingspace-sandbox` "
            "or set TSM_SANDBOX"
        )
    return max(built, key=lambda path: path.stat().st_mtime)


class Sandbox:
    """A sandbox of one's own, for as long as it is entered. It ends with this process, however that
    ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(binary()), "--json", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        addresses = json.loads(self._process.stdout.readline())
        self.base_url: str = addresses["base_url"]
        self.soap_url: str = addresses["soap_url"]
        self.tls_base_url: str = addresses["tls_base_url"]
        self.bad_tls_base_url: str = addresses["bad_tls_base_url"]
        self.ca_file: str = addresses["ca_file"]
        self.control_url: str = addresses["control_url"]

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._process.communicate()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.control_url).netloc, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = json.loads(answer.read() or b"null")
        finally:
            connection.close()
        assert answer.status == 200, content
        return content

    def counters(self) -> dict[str, int]:
        counters: dict[str, int] = self.control("GET", "/state")["counters"]
        return counters

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What arrived of one kind, in order."""
        return [line for line in self.control("GET", "/log") if line["kind"] == kind]

    def expire(self, what: str = "session") -> None:
        self.control("POST", "/expire", {"what": what})

    def fault(self, on: str, fault: str, **parameters: Any) -> None:
        self.control("POST", "/faults", {"on": on, "fault": fault, **parameters})

    def settings(self, **settings: Any) -> None:
        self.control("POST", "/settings", settings)

    def wait_until_arrived(self, kind: str, count: int = 1) -> None:
        """Asks until that many requests of a kind are in the log, answered or not."""
        patience = time.monotonic() + 60
        while len(self.log(kind)) < count:
            assert time.monotonic() < patience, f"{count} requests of the kind {kind} never arrived"
