"""Says ``ready``, then does the steps that standard input names, a line each, and answers ``done``
to each, so that who drives it can count what went over the wire meanwhile: ``cold`` is a login and
the first request, ``request`` one request that is mended where the platform refuses a token.
``trips.py CLIENT`` does it with ``thingspace_session``, or by the documented pattern with
``requests`` or ``httpx``.

The platform is named by ``TSM_*`` in the environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "tests")]

import clients  # noqa: E402
import httpx  # noqa: E402
import requests  # noqa: E402


class Client(Protocol):
    def cold(self) -> None: ...
    def request(self) -> None: ...


class Ours:
    def __init__(self, place: clients.Place) -> None:
        self.place = place

    def cold(self) -> None:
        self.session = self.place.login()
        self.request()

    def request(self) -> None:
        self.place.post(self.session)


class ByHand:
    """The platform's documented pattern. ``http`` is a session of requests or a client of httpx;
    both are called alike."""

    def __init__(self, place: clients.Place, http: Any) -> None:
        self.place, self.http = place, http
        self.api_token = self.token = ""

    def cold(self) -> None:
        self.fetch_api_token()
        self.log_in()
        self.request()

    def fetch_api_token(self) -> None:
        url = self.place.base_url + "/ts/v1/oauth2/token"
        form = {"grant_type": "client_credentials"}
        self.api_token = self.http.post(url, data=form, auth=("key", "secret")).json()[
            "access_token"
        ]

    def log_in(self) -> None:
        url = self.place.base_url + "/m2m/v1/session/login"
        answer = self.http.post(
            url,
            json={"username": "zbeeblebrox", "password": "IMgr8"},
            headers={"Authorization": f"Bearer {self.api_token}"},
        )
        self.token = answer.json()["sessionToken"]

    def request(self) -> None:
        for _ in range(3):
            headers = {"Authorization": f"Bearer {self.api_token}", "VZ-M2M-Token": self.token}
            answer = self.http.post(self.place.url, json=self.place.body, headers=headers)
            if answer.status_code == 200:
                return
            if "900901" in answer.text:
                self.fetch_api_token()
            else:
                self.log_in()
        raise RuntimeError(f"the sandbox answered {answer.status_code}")


def client(name: str) -> Client:
    place = clients.Place(os.environ["TSM_BASE_URL"], os.environ["TSM_CA_FILE"], 1024)
    if name == "thingspace_session":
        return Ours(place)
    if name == "requests":
        return ByHand(place, requests.Session())
    return ByHand(place, httpx.Client(verify=place.trust()))


def main() -> None:
    chosen = client(sys.argv[1])
    print("ready", flush=True)
    for step in sys.stdin:
        if step.strip() == "cold":
            chosen.cold()
        else:
            chosen.request()
        print("done", flush=True)


if __name__ == "__main__":
    main()
