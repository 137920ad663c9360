"""The clients that the benchmark compares: each does one POST with tokens that it has."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from typing import Any, Callable

import aiohttp
import httpx
import requests
from verizon.configuration import Configuration, Environment, Server
from verizon.http.auth.thingspace_oauth import ThingspaceOauthCredentials
from verizon.http.auth.vz_m2m_token import VZM2mTokenCredentials
from verizon.models.account_device_list_request import AccountDeviceListRequest
from verizon.models.oauth_token import OauthToken
from verizon.verizon_client import VerizonClient

import thingspace_session
from sandbox import ACCOUNT, DEVICES


class Place:
    """Where the platform is, whom to trust, and how long the request and its answer are."""

    def __init__(self, origin: str, ca_file: str, length: int) -> None:
        self.base_url = origin if origin.endswith("/api") else origin + "/api"
        self.url = self.base_url + DEVICES
        self.ca_file = ca_file
        # For requests it goes before a session's own, and the SDK knows no other.
        os.environ["REQUESTS_CA_BUNDLE"] = ca_file
        filler = length - len(json.dumps({"accountName": ACCOUNT, "groupName": ""}))
        self.group = "g" * filler
        self.body = {"accountName": ACCOUNT, "groupName": self.group}

    def login(self) -> thingspace_session.Session:
        return thingspace_session.login(
            load_env=False,
            username="zbeeblebrox",
            password="IMgr8",
            app_key="key",
            app_secret="secret",
            base_url=self.base_url,
            ca_file=self.ca_file,
            store="memory:",
        )

    def post(self, session: thingspace_session.Session) -> None:
        expect(session.post(DEVICES, json=self.body).status_code)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


def tokens(session: thingspace_session.Session) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.api_token}", "VZ-M2M-Token": session.token}


def makers(
    session: thingspace_session.Session, place: Place
) -> dict[str, Callable[[], Callable[[], object]]]:
    """By name, what makes a thread's caller."""
    shared = httpx.Client(headers=tokens(session), verify=place.trust())

    def with_requests() -> Callable[[], object]:
        own = requests.Session()
        own.headers.update(tokens(session))
        return lambda: expect(own.post(place.url, json=place.body).status_code)

    def with_sdk() -> Callable[[], object]:
        devices = verizon(session, place).device_management
        request = AccountDeviceListRequest(account_name=ACCOUNT, group_name=place.group)
        return lambda: expect(devices.list_devices_information(request).status_code)

    return {
        "thingspace_session.post": lambda: lambda: place.post(session),
        "requests.post": with_requests,
        "httpx.post": lambda: lambda: expect(shared.post(place.url, json=place.body).status_code),
        "verizon-sdk.post": with_sdk,
    }


def verizon(session: thingspace_session.Session, place: Place) -> Any:
    """Verizon's SDK with its table of servers pointed at the sandbox, and tokens that it need not
    fetch."""
    Configuration.environments[Environment.PRODUCTION][Server.THINGSPACE] = place.base_url
    token = OauthToken(access_token=session.api_token, token_type="Bearer")
    return VerizonClient(
        thingspace_oauth_credentials=ThingspaceOauthCredentials("key", "secret", oauth_token=token),
        vz_m2m_token_credentials=VZM2mTokenCredentials(session.token),
    )


class AioHttp:
    """As many tasks as the others have threads, in one loop that stands between rounds."""

    def __init__(self, session: thingspace_session.Session, place: Place, tasks: int) -> None:
        self.place, self.tasks = place, tasks
        self.loop = asyncio.new_event_loop()
        self.session = self.loop.run_until_complete(self.open(tokens(session)))

    async def open(self, headers: dict[str, str]) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self.place.trust())
        return aiohttp.ClientSession(headers=headers, connector=connector)

    def run(self, calls: int) -> None:
        self.loop.run_until_complete(self.share(calls // self.tasks))

    def close(self) -> None:
        self.loop.run_until_complete(self.session.close())
        self.loop.close()

    async def share(self, each: int) -> None:
        await asyncio.gather(*(self.repeat(each) for _ in range(self.tasks)))

    async def repeat(self, calls: int) -> None:
        for _ in range(calls):
            async with self.session.post(self.place.url, json=self.place.body) as answer:
                await answer.read()
                expect(answer.status)


def expect(status: int) -> None:
    if status != 200:
        raise RuntimeError(f"the sandbox answered {status}")
