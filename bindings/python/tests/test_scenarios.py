"""Runs the scenarios that all languages share: ``tests/scenarios/*.json`` of the repository, by the
requests of a session of either kind, and by each adapter."""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any, Callable, Optional, Union

import aiohttp
import httpx
import pytest
import requests

import thingspace_session
import thingspace_session.aiohttp
import thingspace_session.httpx
import thingspace_session.requests
from sandbox import REPOSITORY, Sandbox

SCENARIOS = sorted((REPOSITORY / "tests" / "scenarios").glob("*.json"))

Answer = Union[thingspace_session.Response, requests.Response, httpx.Response]
Outcome = Union[Answer, str, dict[str, Any], None]
Send = Callable[[thingspace_session.Session, str, str, dict[str, str], bytes], Answer]


def by_requests(
    session: thingspace_session.Session, method: str, path: str, headers: Any, body: bytes
) -> requests.Response:
    auth = thingspace_session.requests.ThingSpaceAuth(session)
    return requests.request(
        method,
        session.base_url + path,
        headers=headers,
        data=body,
        auth=auth,
        allow_redirects=False,
        timeout=60,
    )


def by_httpx(
    session: thingspace_session.Session, method: str, path: str, headers: Any, body: bytes
) -> httpx.Response:
    auth = thingspace_session.httpx.ThingSpaceAuth(session)
    with httpx.Client(auth=auth, timeout=60) as client:
        return client.request(method, session.base_url + path, headers=headers, content=body)


def by_async_httpx(
    session: thingspace_session.Session, method: str, path: str, headers: Any, body: bytes
) -> httpx.Response:
    async def run() -> httpx.Response:
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        async with httpx.AsyncClient(auth=auth, timeout=60) as client:
            url = session.base_url + path
            return await client.request(method, url, headers=headers, content=body)

    return asyncio.run(run())


def by_aiohttp(
    session: thingspace_session.Session, method: str, path: str, headers: Any, body: bytes
) -> thingspace_session.Response:
    async def run() -> thingspace_session.Response:
        middleware = thingspace_session.aiohttp.ThingSpaceMiddleware(session)
        async with aiohttp.ClientSession(middlewares=[middleware]) as http:
            url = session.base_url + path
            async with http.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                content = await answer.read()
                return thingspace_session.Response(answer.status, content=content)

    return asyncio.run(run())


class OnLoops:
    """An ``AsyncSession`` behind the methods of a ``Session``: each call in a loop of its own."""

    def __init__(self, session: thingspace_session.AsyncSession) -> None:
        self._session = session

    @classmethod
    def login(cls, **options: Any) -> OnLoops:
        return cls(asyncio.run(thingspace_session.login_async(**options)))

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._session, {"close": "aclose"}.get(name, name))
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        def run(*arguments: Any, **named: Any) -> Any:
            return asyncio.run(attribute(*arguments, **named))

        return run() if name == "api_token" else run


WAYS: dict[str, dict[str, tuple[Callable[..., Any], Optional[Send]]]] = {
    "session": {
        "by_session": (thingspace_session.login, None),
        "by_async_session": (OnLoops.login, None),
    },
    "adapter": {
        send.__name__: (thingspace_session.login, send)
        for send in (by_requests, by_httpx, by_async_httpx, by_aiohttp)
    },
}
"""Who logs in, and who sends the requests, if it is not the session itself."""


def runs() -> list[Any]:
    """Each scenario in each way."""
    runs = []
    for path in SCENARIOS:
        scenario = json.loads(path.read_text())
        has_requests = any(step["do"] == "request" for step in scenario["steps"])
        for way in scenario.get("via", ["session", "adapter"] if has_requests else ["session"]):
            for name, (login, send) in WAYS[way].items():
                runs.append(pytest.param(scenario, login, send, id=f"{path.stem}-{name}"))
    return runs


@pytest.mark.parametrize(("scenario", "login", "send"), runs())
def test_scenario(
    scenario: dict[str, Any], login: Callable[..., Any], send: Optional[Send], tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    with Sandbox() as sandbox:
        run = Run(sandbox, tmp_path, scenario.get("options", {}), login, send)
        try:
            for step in scenario["steps"]:
                run.step(step)
        finally:
            run.close()
        counters = sandbox.counters()
        wire = scenario.get("wire", {})
        assert {name: counters[name] for name in wire} == wire
        assert run.events == scenario.get("events", run.events)


class Run:
    def __init__(
        self,
        sandbox: Sandbox,
        temp: Path,
        options: dict[str, Optional[str]],
        login: Callable[..., Any],
        send: Optional[Send],
    ) -> None:
        self._sandbox = sandbox
        self._login = login
        self._send = send
        self._names = {
            "{{base_url}}": sandbox.base_url,
            "{{soap_url}}": sandbox.soap_url,
            "{{temp}}": str(temp),
            "{{padding}}": "x" * 100_000,
        }
        self._options = {
            "base_url": sandbox.base_url,
            "soap_url": sandbox.soap_url,
            "username": "zbeeblebrox",
            "password": "IMgr8",
            "app_key": "key",
            "app_secret": "secret",
            "store": "memory:",
            **options,
        }
        self._sessions: dict[str, thingspace_session.Session] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._last_error: Optional[thingspace_session.Error] = None
        self.events: list[str] = []

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def step(self, step: dict[str, Any]) -> None:
        expect = step.get("expect", {})
        try:
            outcome = getattr(self, "do_" + step["do"])(step)
        except thingspace_session.Error as error:
            if "error" not in expect:
                raise AssertionError(f"{step} failed: {error.status_name} {error}") from error
            self._last_error = error
            self._compare_error(error, expect, step)
        else:
            assert "error" not in expect, f"{step} succeeded"
            self._compare(outcome, expect, step)

    def _compare_error(
        self, error: thingspace_session.Error, expect: dict[str, Any], step: dict[str, Any]
    ) -> None:
        token = getattr(error, "token", None)
        got = {
            "error": error.status_name,
            "code": error.code,
            "http": error.http_status or 0,
            "retryable": error.retryable,
            "retry_after_ms": -1 if error.retry_after is None else round(error.retry_after * 1000),
            "refused_token": token is not None,
        }
        by_adapter = self._send is not None and step["do"] == "request"
        for key, value in expect.items():
            if key == "message_has":
                assert value in str(error), step
            elif by_adapter and key in ("retry_after_ms", "refused_token"):
                pass  # made by a check, which saw neither the answer's headers nor the tokens
            else:
                assert got[key] == value, (step, got)

    def _compare(self, outcome: Outcome, expect: dict[str, Any], step: dict[str, Any]) -> None:
        for key, value in expect.items():
            if key == "http":
                assert not isinstance(outcome, (str, dict, type(None)))
                assert outcome.status_code == value, (step, outcome.text)
            elif key == "body_has":
                assert not isinstance(outcome, (str, dict, type(None)))
                assert value in outcome.text, step
            elif key == "info":
                assert isinstance(outcome, dict)
                assert {name: outcome[name] for name in value} == value, step
            else:
                assert key in ("same_token", "new_token"), key
        if step["do"] in ("token", "api_token"):
            assert isinstance(outcome, str)
            kind = step.get("as", "main"), step["do"]
            if "same_token" in expect:
                assert (outcome == self._tokens[kind]) is expect["same_token"], step
            if "new_token" in expect:
                assert (outcome != self._tokens[kind]) is expect["new_token"], step
            self._tokens[kind] = outcome

    def _session(self, step: dict[str, Any]) -> thingspace_session.Session:
        return self._sessions[step.get("as", "main")]

    def _login_options(self, step: dict[str, Any]) -> dict[str, Any]:
        merged = {**self._options, **step.get("options", {})}
        return dict(self._option(name, value) for name, value in merged.items())

    def _option(self, name: str, value: Optional[str]) -> tuple[str, Any]:
        """An option as Python names it, with a value of its type."""
        table = thingspace_session._options.TABLE.items()
        ours, kind = next((ours, kind) for ours, (theirs, kind, _) in table if theirs == name)
        if value is None:
            return ours, None
        value = self._filled(value)
        if kind is float:
            return ours, int(value) / 1000
        if kind is bool:
            return ours, {"true": True, "false": False}[value]
        return ours, int(value) if kind is int else value

    def _filled(self, text: str) -> str:
        for placeholder, real in self._names.items():
            text = text.replace(placeholder, real)
        return text

    def _token_of(self, step: dict[str, Any]) -> Optional[str]:
        named = step.get("token", "held")
        if named == "refused":
            assert isinstance(
                self._last_error,
                (thingspace_session.SessionTokenExpired, thingspace_session.ApiTokenError),
            )
            assert self._last_error.token is not None
            return self._last_error.token
        return None if named == "held" else str(named)

    def do_login(self, step: dict[str, Any]) -> None:
        session = self._login(load_env=False, on_event=self._on_event, **self._login_options(step))
        self._sessions[step.get("as", "main")] = session

    def _on_event(self, event: thingspace_session.Event) -> None:
        words = f"{event.kind} {event.detail or ''}".rstrip()
        # Whether the lease is free yet when the next login wants it is chance.
        if words != "waited lease":
            self.events.append(words)

    def do_sandbox(self, step: dict[str, Any]) -> None:
        body = json.loads(self._filled(json.dumps(step.get("body"))))
        self._sandbox.control(step["method"], step["path"], body)

    def do_request(self, step: dict[str, Any]) -> Answer:
        session, method, path = self._session(step), step["method"], step["path"]
        headers = {
            name: value.strip()
            for name, _, value in (line.partition(":") for line in step.get("headers", []))
        }
        if self._send is None:
            response = session.request(method, path, data=step.get("body"), headers=headers)
            return response.raise_for_status() if step.get("check") else response
        body = step.get("body", "").encode()
        if body:
            headers = {"Content-Type": "application/json", **headers}
        answer = self._send(session, method, path, headers, body)
        try:
            thingspace_session.check(answer.status_code, answer.content)
        except (thingspace_session.SessionTokenExpired, thingspace_session.ApiTokenError):
            raise
        except thingspace_session.Error:
            if step.get("check"):
                raise
        return answer

    def do_soap(self, step: dict[str, Any]) -> thingspace_session.Response:
        response = self._session(step).soap(step["service"], step["operation"], step["body"])
        return response.raise_for_status() if step.get("check") else response

    def do_relogin(self, step: dict[str, Any]) -> None:
        self._session(step).relogin(self._token_of(step))

    def do_renew_api_token(self, step: dict[str, Any]) -> None:
        self._session(step).renew_api_token(self._token_of(step))

    def do_token(self, step: dict[str, Any]) -> str:
        return self._session(step).token

    def do_api_token(self, step: dict[str, Any]) -> str:
        return self._session(step).api_token

    def do_logout(self, step: dict[str, Any]) -> None:
        self._session(step).logout()

    def do_cancel(self, step: dict[str, Any]) -> None:
        self._session(step).cancel()

    def do_free(self, step: dict[str, Any]) -> None:
        self._session(step).close()

    def do_info(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._session(step).info()

    def do_check(self, step: dict[str, Any]) -> None:
        thingspace_session.check(step["http"], step["body"])

    def do_unblock(self, step: dict[str, Any]) -> None:
        thingspace_session.unblock(load_env=False, **self._login_options(step))
