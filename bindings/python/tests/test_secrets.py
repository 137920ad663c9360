"""No frame of the library's that a traceback keeps shows a secret: what crash reporters and
``pytest -l`` print of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Optional

import pytest

import thingspace_session
import thingspace_session.httpx
import thingspace_session.requests
from sandbox import ACCOUNTS, DEVICES, Sandbox

PACKAGE = str(Path(thingspace_session.__file__).parent)


def frames(error: Optional[BaseException]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The locals of our frames that an error keeps, its causes' included."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        error = pending.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        pending += [error.__cause__, error.__context__]
        trace: Optional[TracebackType] = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename.startswith(PACKAGE):
                yield f"{code.co_filename}:{code.co_name}", trace.tb_frame.f_locals
            trace = trace.tb_next


def shown(value: Any, depth: int = 0) -> str:
    """What a value shows, and what it holds shows."""
    text = repr(value)
    if depth < 3 and isinstance(value, (list, tuple, set, frozenset)):
        text += "".join(shown(each, depth + 1) for each in value)
    if depth < 3 and isinstance(value, dict):
        text += "".join(shown(each, depth + 1) for each in value.values())
    return text


def fails_without(call: Callable[[], Any], *secrets: Optional[str]) -> BaseException:
    """Calls what must fail, with none of the secrets in sight."""
    try:
        call()
    except BaseException as error:
        for where, variables in frames(error):
            for name, value in variables.items():
                for secret in secrets:
                    assert secret
                    assert secret not in shown(value), f"{where} shows a secret as {name}"
        return error
    raise AssertionError("it did not fail")


def test_frames_are_found(options: thingspace_session.Options) -> None:
    with pytest.raises(thingspace_session.InvalidArgument) as caught:
        thingspace_session.login(**options, unknown=1)  # type: ignore[call-arg]
    assert any(where.endswith(":login") for where, _ in frames(caught.value))
    assert "hunter2" in shown([{"password": ("hunter2",)}])


SECRETS = {
    "password": "hunter2-password",
    "app_secret": "hunter2-app-secret",
    "api_token": "hunter2-api-token",
    "store_password": "hunter2-store",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"username": "\ud800"},
        {"username": 1},
        {"unknown": 1},
        {"base_url": "http://thingspace.verizon.com"},
        {"timeout": "1"},
        {"headers": 1},
        {"cancel": 1},
        {"password": "hunter2-password\0"},
        {"password": "hunter2-password\ud800"},
        {"password": b"hunter2-password"},
        {"proxy": "https://user:hunter2-proxy@proxy.invalid"},
    ],
    ids=ascii,
)
@pytest.mark.parametrize("function", [thingspace_session.login, thingspace_session.unblock])
def test_options_that_are_refused(
    options: thingspace_session.Options, function: Any, wrong: dict[str, Any]
) -> None:
    if function is thingspace_session.unblock:
        wrong = {"store": "floppy:", **wrong}
    given = {**options, **SECRETS, **wrong}
    fails_without(lambda: function(**given), *SECRETS.values(), "hunter2-proxy")


def test_a_session_that_is_made_like_another_librarys() -> None:
    made: Any = thingspace_session.Session
    for call in (lambda: made(**SECRETS), lambda: made("hunter2-user", "hunter2-password")):
        error = fails_without(call, *SECRETS.values(), "hunter2-user")
        assert isinstance(error, TypeError)
        assert "made by thingspace_session.login" in str(error)


def test_a_login_that_fails(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["password"] = "hunter2-password"
    error = fails_without(lambda: thingspace_session.login(**options), "hunter2-password")
    assert isinstance(error, thingspace_session.CredentialsRejected)


def test_an_async_session_that_fails(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    given: Any = {**options, "password": "hunter2-password"}

    async def log_in() -> None:
        await thingspace_session.login_async(**given)

    fails_without(lambda: asyncio.run(log_in()), "hunter2-password")
    wrong: Any = {**options, **SECRETS, "timeout": "1"}

    async def refused() -> None:
        await thingspace_session.login_async(**wrong)

    fails_without(lambda: asyncio.run(refused()), *SECRETS.values())
    tokens: list[str] = []

    async def relogin(options: thingspace_session.Options) -> None:
        async with thingspace_session.login_async(**options) as session:
            tokens.extend([session.token, await session.api_token()])
            sandbox.fault("login", "status", status=503)
            await session.relogin(session.token)

    options["realm"] = "another"
    fails_without(lambda: asyncio.run(relogin(options)), "IMgr8")
    # Those are known only now.
    options["realm"] = "yet another"
    try:
        asyncio.run(relogin(options))
    except thingspace_session.Error as error:
        for where, variables in frames(error):
            for value in variables.values():
                assert not any(token in shown(value) for token in tokens), where


def test_a_login_that_is_interrupted(
    options: thingspace_session.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(thingspace_session._library, "login", interrupted)
    fails_without(lambda: thingspace_session.login(**options), options["password"])


@pytest.fixture
def refused(session: thingspace_session.Session, sandbox: Sandbox) -> thingspace_session.Session:
    """A session whose token expired, and whose password was changed meanwhile."""
    sandbox.expire()
    sandbox.control("POST", "/contacts", {"username": "zbeeblebrox", "password": "changed"})
    return session


def test_renewals_that_fail(refused: thingspace_session.Session) -> None:
    token, api_token = refused.token, refused.api_token
    calls: list[Callable[[], Any]] = [
        lambda: refused.relogin(refused.token),
        lambda: refused.get(ACCOUNTS),
        lambda: refused.relogin(token + "\ud800"),
        lambda: refused.renew_api_token(api_token + "\ud800"),
        lambda: refused.relogin(token.encode()),  # type: ignore[arg-type]
        lambda: refused.renew_api_token(refused.api_token, timeout=-1),
        lambda: refused.relogin(refused.token, timeout=-1),
    ]
    for call in calls:
        fails_without(call, token, api_token, "IMgr8")


def test_an_exchange_that_fails(refused: thingspace_session.Session) -> None:
    token, api_token = refused.token, refused.api_token

    def exchange() -> None:
        with refused.exchange() as exchange:
            exchange.tokens()
            exchange.answered(401)
            exchange.answered(401)

    fails_without(exchange, token, api_token)

    def renew() -> None:
        with refused.exchange() as exchange:
            exchange.tokens()
            assert exchange.answered(401)
            for _ in range(2):
                exchange.renew()

    fails_without(renew, token, api_token, "IMgr8")


def test_the_manual_pattern(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["auto_relogin"] = False
    with thingspace_session.login(**options) as session:
        sandbox.expire()
        error = fails_without(lambda: session.get(ACCOUNTS), session.token, session.api_token)
        assert getattr(error, "token", None) == session.token


def by_requests(session: thingspace_session.Session, url: str, **given: Any) -> None:
    requests = sys.modules["requests"]
    auth = thingspace_session.requests.ThingSpaceAuth(session)
    requests.post(url, auth=auth, timeout=60, **given)


def by_httpx(session: thingspace_session.Session, url: str, **given: Any) -> None:
    httpx = sys.modules["httpx"]
    if "data" in given:
        given = {"content": given["data"]}
    with httpx.Client(auth=thingspace_session.httpx.ThingSpaceAuth(session)) as client:
        client.post(url, timeout=60, **given)


def by_transport(session: thingspace_session.Session, url: str, **given: Any) -> None:
    httpx = sys.modules["httpx"]
    if "data" in given:
        given = {"content": given["data"]}
    transport = thingspace_session.httpx.ThingSpaceTransport(session)
    with httpx.Client(transport=transport) as client:
        client.post(url, timeout=60, **given)


def by_async_httpx(session: thingspace_session.Session, url: str, **given: Any) -> None:
    httpx = sys.modules["httpx"]

    async def parts() -> Any:
        yield b"{}"

    async def post() -> None:
        more = {"content": parts()} if "data" in given else given
        auth = thingspace_session.httpx.ThingSpaceAuth(session)
        async with httpx.AsyncClient(auth=auth) as client:
            await client.post(url, timeout=60, **more)

    asyncio.run(post())


@pytest.mark.parametrize("send", [by_requests, by_httpx, by_transport, by_async_httpx])
def test_adapters_that_fail(
    session: thingspace_session.Session, sandbox: Sandbox, send: Callable[..., None]
) -> None:
    """A refused stream, a broken connection, a failed renewal, and one that is not tried again."""
    token, api_token, url = session.token, session.api_token, session.base_url + DEVICES
    sandbox.expire()
    fails_without(lambda: send(session, url, data=iter([b"{}"])), token, api_token, session.token)
    token = session.token
    sandbox.fault("api", "reset_before", times=-1)
    fails_without(lambda: send(session, url, json={}), token, api_token)
    sandbox.control("DELETE", "/faults")
    sandbox.expire()
    sandbox.control("POST", "/contacts", {"username": "zbeeblebrox", "password": "changed"})
    for kind in (thingspace_session.CredentialsRejected, thingspace_session.LoginBlocked):
        error = fails_without(lambda: send(session, url, json={}), token, api_token, "IMgr8")
        assert isinstance(error, kind)
