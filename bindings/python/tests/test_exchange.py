"""Exchanges, through a plain HTTP client: what an adapter for any other client is made of."""

from __future__ import annotations

import copy
import http.client
import pickle
import threading
from typing import Any, Callable
from urllib.parse import urlsplit

import pytest

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, REPOSITORY, Sandbox

EXPIRED = b'{"errorCode": "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}'


def send(url: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=60)
    try:
        connection.request("POST" if body else "GET", target.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def fetch(session: thingspace_session.Session, url: str) -> tuple[int, bytes]:
    """The loop of the documentation."""
    with session.exchange(url) as exchange:
        while True:
            tokens = exchange.tokens()
            if tokens is not None:
                status, body = send(url, tokens.headers)
                if not exchange.answered(status, body):
                    return status, body
            exchange.renew()


def test_the_example_of_the_readme(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    readme = (REPOSITORY / "bindings" / "python" / "README.md").read_text()
    example = next(
        part for part in readme.split("```python\n") if part.startswith("import urllib3")
    )
    names: dict[str, Any] = {}
    exec(example.partition("```")[0], names)
    sandbox.expire("all")
    assert names["request"](session, "POST", DEVICES, body=b"{}").status == 200
    names["http"].clear()


@pytest.mark.parametrize("what", ["session", "api_token", "all"])
def test_what_expired_is_mended(
    session: thingspace_session.Session, sandbox: Sandbox, what: str
) -> None:
    sandbox.expire(what)
    status, _ = fetch(session, session.base_url + ACCOUNTS)
    assert status == 200
    counters = sandbox.counters()
    assert counters["login"] == (1 if what == "api_token" else 2)
    assert counters["oauth"] == (1 if what == "session" else 2)


def test_there_are_no_tokens_while_a_renewal_is_due(session: thingspace_session.Session) -> None:
    with session.exchange() as exchange:
        sent = exchange.tokens()
        assert exchange.answered(400, EXPIRED)
        assert exchange.tokens() is None
        exchange.renew()
        assert exchange.tokens() != sent


def test_the_tokens_to_send(session: thingspace_session.Session) -> None:
    tokens = session.exchange().tokens()
    assert tokens is not None
    assert (tokens.session_token, tokens.api_token) == (session.token, session.api_token)
    assert tokens.headers == {
        "Authorization": f"Bearer {session.api_token}",
        "VZ-M2M-Token": session.token,
    }
    assert session.token not in repr(tokens)


def test_the_header_of_the_session_token_is_an_option(
    options: thingspace_session.Options,
) -> None:
    options["session_token_header"] = "SessionToken"
    with thingspace_session.login(**options) as session:
        assert session.session_token_header == "SessionToken"
        tokens = session.exchange().tokens()
        assert tokens is not None
        assert tokens.headers["SessionToken"] == session.token


def test_soap_has_no_headers(options: thingspace_session.Options) -> None:
    options["protocol"] = "soap"
    with (
        thingspace_session.login(**options) as session,
        session.exchange(session.base_url + "/DeviceService.svc") as exchange,
    ):
        tokens = exchange.tokens()
        assert tokens is not None
        assert (tokens.session_token, tokens.api_token) == (session.token, "")
        assert tokens.headers == {}


def test_only_a_bad_answer_needs_its_body(session: thingspace_session.Session) -> None:
    with session.exchange() as exchange:
        assert exchange.body_max(200) == 0
        assert exchange.body_max(400) > 100_000
        assert exchange.tokens()
        assert not exchange.answered(200)


def test_another_origin_gets_no_exchange(session: thingspace_session.Session) -> None:
    with pytest.raises(thingspace_session.InvalidArgument, match="nowhere else"):
        session.exchange("https://elsewhere.invalid/")


def test_a_body_that_cannot_be_sent_again(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    with session.exchange(session.base_url + DEVICES) as exchange:
        tokens = exchange.tokens()
        assert tokens is not None
        assert exchange.answered(400, EXPIRED)
        with pytest.raises(thingspace_session.SessionTokenExpired, match="renewed") as caught:
            exchange.renew(can_resend=False)
        assert caught.value.token == tokens.session_token
        assert caught.value.retryable
    assert session.token != tokens.session_token
    assert sandbox.counters()["login"] == 2


def test_a_logout_is_not_undone(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    with session.exchange() as exchange:
        assert exchange.tokens()
        session.logout()
        assert exchange.answered(400, EXPIRED)
        with pytest.raises(thingspace_session.NotLoggedIn):
            exchange.renew()
    with pytest.raises(thingspace_session.NotLoggedIn):
        session.exchange().tokens()
    assert sandbox.counters()["login"] == 1


def test_a_renewal_can_be_cancelled(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    sandbox.fault("login", "hold")
    cancel = thingspace_session.Cancellation()
    with session.exchange() as exchange:
        assert exchange.tokens()
        assert exchange.answered(400, EXPIRED)
        ended: list[BaseException] = []

        def renew() -> None:
            try:
                exchange.renew(cancel=cancel)
            except thingspace_session.Error as error:
                ended.append(error)

        thread = threading.Thread(target=renew)
        thread.start()
        sandbox.wait_until_arrived("login", 2)
        with pytest.raises(thingspace_session.InvalidArgument, match="in use"):
            exchange.tokens()
        cancel.cancel()
        thread.join(60)
    assert [type(error) for error in ended] == [thingspace_session.Cancelled]


def test_closing_the_session_ends_its_exchanges(options: thingspace_session.Options) -> None:
    with thingspace_session.login(**options) as session:
        exchange = session.exchange()
        assert exchange.tokens()
    calls: list[Callable[[], Any]] = [
        exchange.tokens,
        lambda: exchange.answered(400, EXPIRED),
        exchange.renew,
        session.exchange,
    ]
    for call in calls:
        with pytest.raises(thingspace_session.SessionClosed):
            call()


def test_a_closed_exchange_says_so(session: thingspace_session.Session) -> None:
    exchange = session.exchange()
    exchange.close()
    exchange.close()
    for call in (exchange.tokens, exchange.renew):
        with pytest.raises(thingspace_session.SessionClosed):
            call()


def test_things_go_in_turn(session: thingspace_session.Session) -> None:
    with session.exchange() as exchange:
        with pytest.raises(thingspace_session.InvalidArgument):
            exchange.answered(200)  # nothing was sent
        assert exchange.tokens()
        with pytest.raises(thingspace_session.InvalidArgument):
            exchange.renew()  # nothing was refused
        assert not exchange.answered(200)
        with pytest.raises(thingspace_session.InvalidArgument):
            exchange.tokens()  # it is over


def test_bad_arguments(session: thingspace_session.Session) -> None:
    exchange = session.exchange()
    assert exchange.tokens()
    calls: list[tuple[type[Exception], Callable[[], Any]]] = [
        (TypeError, lambda: session.exchange(1)),  # type: ignore[arg-type]
        (ValueError, lambda: session.exchange("a\0b")),
        (TypeError, lambda: exchange.answered("400", b"")),  # type: ignore[arg-type]
        (TypeError, lambda: exchange.answered(400, None)),  # type: ignore[arg-type]
        (ValueError, lambda: exchange.answered(0)),
        (ValueError, lambda: exchange.answered(2**32 + 200)),
        (TypeError, lambda: copy.copy(exchange)),
        (TypeError, lambda: pickle.dumps(exchange)),
    ]
    for kind, call in calls:
        with pytest.raises(kind):
            call()
    assert not exchange.answered(200)
