"""The adapter for ``requests``."""

from __future__ import annotations

import gzip
import io
import pickle
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

import thingspace_session
import thingspace_session.requests
from sandbox import ACCOUNTS, DEVICES, Sandbox

SESSION = "vz-m2m-token"


@pytest.fixture
def http(session: thingspace_session.Session) -> Iterator[requests.Session]:
    with requests.Session() as http:
        http.auth = thingspace_session.requests.ThingSpaceAuth(session)
        yield http


def test_both_tokens_go_along(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    response = http.post(session.base_url + DEVICES, json={})
    assert response.status_code == 200
    sent = sandbox.log("api")[-1]
    assert (sent["session_token"], sent["api_token"]) == (session.token, session.api_token)


def test_the_auth_can_be_given_to_one_request(session: thingspace_session.Session) -> None:
    auth = thingspace_session.requests.ThingSpaceAuth(session)
    assert requests.get(session.base_url + ACCOUNTS, auth=auth, timeout=60).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/m2m/v1/Session/LogIn?x=y", "/m2m/v1/session/%256Cogin", "/v2/SessionService.SVC"],
)
def test_a_login_is_refused_by_an_adapter_that_has_served_others(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox, path: str
) -> None:
    for _ in range(2):
        assert http.get(session.base_url + ACCOUNTS, timeout=60).status_code == 200
    with pytest.raises(thingspace_session.InvalidArgument):
        http.post(session.base_url + path, json={}, timeout=60)
    assert sandbox.counters()["login"] == 1


@pytest.mark.parametrize("shape", ["errorCode", "proxied", "bare401"])
def test_an_expiry_is_mended_once(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox, shape: str
) -> None:
    sandbox.settings(expired_shape=shape)
    sandbox.expire()
    response = http.post(session.base_url + DEVICES, json={"a": 1}, timeout=60)
    assert response.status_code == 200
    assert response.elapsed > timedelta(0)
    # A bare 401 does not say which token it is about, and the API token's renewal risks no login:
    # that comes first.
    refused = 2 if shape == "bare401" else 1
    assert [answer.status_code >= 400 for answer in response.history] == [True] * refused
    assert [sent["body_bytes"] for sent in sandbox.log("api")] == [8] * (refused + 1)
    assert sandbox.counters()["login"] == 2


def test_a_bare_401_with_a_fixed_api_token_renews_the_session(
    options: thingspace_session.Options, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    fixed: thingspace_session.Options = {
        **options,
        "api_token": session.api_token,
        "app_key": None,
        "app_secret": None,
    }
    sandbox.settings(expired_shape="bare401")
    with thingspace_session.login(load_env=False, **fixed) as other, requests.Session() as http:
        http.auth = thingspace_session.requests.ThingSpaceAuth(other)
        sandbox.expire()
        response = http.post(other.base_url + DEVICES, json={"a": 1}, timeout=60)
        assert response.status_code == 200
        assert len(response.history) == 1


def test_the_adapter_renews_whatever_auto_relogin_says(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["auto_relogin"] = False
    with thingspace_session.login(load_env=False, **options) as session, requests.Session() as http:
        http.auth = thingspace_session.requests.ThingSpaceAuth(session)
        sandbox.expire("all")
        response = http.post(session.base_url + DEVICES, json={}, timeout=60)
        assert response.status_code == 200
        assert sandbox.counters()["login"] == 2


@pytest.mark.parametrize("number", ["string", "number"])
def test_a_rejected_api_token_is_renewed(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox, number: str
) -> None:
    sandbox.settings(gateway_code_type=number)
    sandbox.expire("api_token")
    assert http.get(session.base_url + ACCOUNTS).status_code == 200
    counters = sandbox.counters()
    assert (counters["oauth"], counters["login"], counters["api"]) == (2, 1, 2)


def test_both_tokens_are_renewed(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire("all")
    response = http.get(session.base_url + ACCOUNTS)
    assert response.status_code == 200
    assert len(response.history) == 2
    counters = sandbox.counters()
    assert (counters["oauth"], counters["login"], counters["api"]) == (2, 2, 3)


def test_a_logout_is_not_undone(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    prepared = http.prepare_request(requests.Request("GET", session.base_url + ACCOUNTS))
    assert http.send(prepared).status_code == 200
    session.logout()
    with pytest.raises(thingspace_session.NotLoggedIn) as caught:
        http.send(prepared)  # its tokens are those from before
    assert caught.value.response.status_code == 400
    assert sandbox.counters()["login"] == 1


def test_there_is_no_loop(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "expired", times=-1)
    response = http.get(session.base_url + ACCOUNTS)
    assert response.status_code == 400
    assert "SessionToken.Expired" in response.json()["errorCode"]
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 2)


def test_a_bare_401_renews_each_token_once(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "status", status=401, times=-1)
    assert http.get(session.base_url + ACCOUNTS).status_code == 401
    counters = sandbox.counters()
    assert (counters["login"], counters["oauth"], counters["api"]) == (2, 2, 3)


def test_other_answers_are_left_alone(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    assert http.get(session.base_url + "/m2m/v1/accounts/none-of-mine").status_code == 400
    sandbox.fault("api", "status", status=503)
    assert http.get(session.base_url + ACCOUNTS).status_code == 503
    sandbox.fault("api", "status", status=429, retry_after=7)
    assert http.get(session.base_url + ACCOUNTS).headers["Retry-After"] == "7"
    assert sandbox.counters()["api"] == 3


def test_a_file_is_sent_again_from_where_it_began(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "body.json"
    path.write_bytes(b"skip{}    ")
    for body in (path.open("rb"), io.BytesIO(b"skip{}    ")):
        with body:
            body.seek(4)
            sandbox.expire()
            sandbox.control("DELETE", "/log")
            assert http.post(session.base_url + DEVICES, data=body).status_code == 200
            assert [line["body_bytes"] for line in sandbox.log("api")] == [6, 6]


def test_a_stream_is_an_error_that_keeps_the_answer(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    url = session.base_url + DEVICES
    assert (
        http.post(url, data=iter([b"{", b"}"])).status_code == 200
    )  # no harm while nothing expires
    expired = session.token
    sandbox.expire()
    with pytest.raises(
        thingspace_session.SessionTokenExpired, match="cannot be sent again"
    ) as caught:
        http.post(url, data=iter([b"{", b"}"]))
    assert caught.value.token == expired
    assert "SessionToken.Expired" in caught.value.response.json()["errorCode"]
    session.relogin(caught.value.token)  # the documented pattern; it was done already
    assert http.post(url, data=iter([b"{", b"}"])).status_code == 200
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 3)


def test_a_failed_renewal_is_an_error_that_keeps_the_answer(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    sandbox.control("POST", "/contacts", {"username": "zbeeblebrox", "password": "changed"})
    with pytest.raises(thingspace_session.CredentialsRejected) as caught:
        http.get(session.base_url + ACCOUNTS)
    assert "SessionToken.Expired" in caught.value.response.json()["errorCode"]
    with pytest.raises(thingspace_session.LoginBlocked):
        http.get(session.base_url + ACCOUNTS)
    assert sandbox.counters()["login"] == 2


def test_a_streamed_answer_stays_a_stream(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.settings(api_answer_bytes=300_000)
    sandbox.expire()
    with http.post(session.base_url + DEVICES, json={}, stream=True) as response:
        assert sum(map(len, response.iter_content(4096))) == 300_000
    sandbox.fault("api", "answer", status=400, body='{"errorCode": "X.Y", "errorMessage": ""}')
    with http.post(session.base_url + DEVICES, json={}, stream=True) as response:
        assert b"".join(response.iter_content(4096)).startswith(b'{"errorCode"')


def test_a_long_streamed_refusal_stays_whole(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    url = session.base_url + ACCOUNTS
    sandbox.fault("api", "huge", bytes=1_000_000, status=400)
    with http.get(url, stream=True, timeout=60) as response:
        assert sum(map(len, response.iter_content(4096))) == 1_000_000
    sandbox.fault("api", "huge", bytes=1_000_000, status=401)
    with http.get(url, stream=True, timeout=60) as response:
        assert response.status_code == 200


class Canned(requests.adapters.HTTPAdapter):
    """Answers every request with a body of one's own."""

    def __init__(self, status: int, body: Any, headers: dict[str, str]) -> None:
        super().__init__()
        self._answer = status, body, headers

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        status, body, headers = self._answer
        raw = urllib3.HTTPResponse(body(), headers, status=status, preload_content=False)
        return self.build_response(request, raw)


class Endless(io.RawIOBase):
    def readinto(self, buffer: Any) -> int:
        buffer[:] = b" " * len(buffer)
        return len(buffer)


@pytest.mark.parametrize("status", [200, 400])
def test_an_endless_streamed_answer_is_handed_on(
    session: thingspace_session.Session, status: int
) -> None:
    with requests.Session() as http:
        http.mount("http://", Canned(status, Endless, {}))
        http.auth = thingspace_session.requests.ThingSpaceAuth(session)
        with http.get(session.base_url + ACCOUNTS, stream=True) as response:
            assert response.status_code == status
            assert next(response.iter_content(1000)) == b" " * 1000


@pytest.mark.parametrize("size", [100, 1_000_000])
@pytest.mark.parametrize("stream", [False, True])
def test_a_compressed_answer_stays_whole(
    session: thingspace_session.Session, size: int, stream: bool
) -> None:
    body = random.Random(1).randbytes(size)
    packed = gzip.compress(body)
    with requests.Session() as http:
        http.mount("http://", Canned(400, lambda: io.BytesIO(packed), {"Content-Encoding": "gzip"}))
        http.auth = thingspace_session.requests.ThingSpaceAuth(session)
        with http.get(session.base_url + ACCOUNTS, stream=stream) as response:
            assert response.content == body


@pytest.mark.parametrize("expired", [False, True])
def test_the_session_token_header_is_an_option(
    options: thingspace_session.Options, sandbox: Sandbox, expired: bool
) -> None:
    options["session_token_header"] = "SessionToken"
    sandbox.control(
        "POST", "/answers", {"path": "/m2m/v1/sms", "session_token_header": "SessionToken"}
    )
    with thingspace_session.login(**options) as session, requests.Session() as http:
        http.auth = thingspace_session.requests.ThingSpaceAuth(session)
        if expired:
            sandbox.expire()
        assert http.get(session.base_url + "/m2m/v1/sms").status_code == 200
        sent = sandbox.log("api")[-1]["headers"]
        assert "sessiontoken" in sent
        assert SESSION not in sent
        with Sandbox() as other:
            sandbox.fault("api", "redirect", location=other.base_url + ACCOUNTS)
            assert http.get(session.base_url + "/m2m/v1/sms").status_code == 401
            assert "sessiontoken" not in other.log("api")[-1]["headers"]


def test_tokens_go_to_no_other_origin(
    http: requests.Session,
    session: thingspace_session.Session,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Sandbox() as other:
        assert http.get(other.base_url + ACCOUNTS).status_code == 401
        sent = other.control("GET", "/log")[-1]
        assert (sent["session_token"], sent["api_token"]) == (None, None)
    assert "without tokens" in caplog.text
    assert f"are for {sandbox.base_url.removesuffix('/api')} and nowhere else" in caplog.text
    assert sandbox.counters()["api"] == 0


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("expired", [False, True])
def test_tokens_follow_no_redirect(
    http: requests.Session,
    session: thingspace_session.Session,
    sandbox: Sandbox,
    status: int,
    expired: bool,
) -> None:
    with Sandbox() as other:
        if expired:
            sandbox.expire()
        for target in (other, sandbox):
            location = target.base_url + ACCOUNTS
            sandbox.fault(
                "api", "redirect", location=location, status=status, skip=1 if expired else 0
            )
            response = http.get(session.base_url + ACCOUNTS, timeout=60)
            assert response.url == location
            sent = target.control("GET", "/log")[-1]
            tokens = (sent["session_token"], sent["api_token"])
            if target is other:
                assert (response.status_code, tokens) == (401, (None, None))
            else:
                assert (response.status_code, tokens) == (200, (session.token, session.api_token))
            expired = False
        assert other.counters()["requests"] == 1
    assert sandbox.counters()["login"] <= 2


def test_what_a_redirect_within_the_origin_leads_to_is_mended(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "redirect", location=session.base_url + ACCOUNTS)
    sandbox.fault("api", "expired")
    response = http.get(session.base_url + ACCOUNTS, timeout=60)
    assert response.status_code == 200
    assert [answer.status_code for answer in response.history] == [302]
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 3)


class Copying(requests.adapters.HTTPAdapter):
    """Sends a copy of each request, as adapters do that sign or change it."""

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> Any:
        return super().send(request.copy(), *given, **named)


class Rebuilding(requests.adapters.HTTPAdapter):
    """Sends a request made anew of each request's parts."""

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> Any:
        new = requests.Request(
            request.method, request.url, headers=dict(request.headers), data=request.body
        )
        return super().send(new.prepare(), *given, **named)


class Wrapped:
    """What mocks put around a request, for their lists of what was sent."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


class Wrapping(requests.adapters.HTTPAdapter):
    """Names a wrapped request in its answers, as requests_mock does."""

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> Any:
        response: Any = super().send(request, *given, **named)
        response.request = Wrapped(request)
        return response


def test_what_wraps_a_request_stays_what_it_is(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    http.mount("http://", Wrapping())
    sandbox.expire()
    response = http.get(session.base_url + ACCOUNTS)
    assert response.status_code == 200
    (refused,) = response.history
    wrapped: Any = refused.request
    assert type(wrapped) is Wrapped
    assert wrapped.url == response.url


@pytest.mark.parametrize("kind", [Copying, Rebuilding])
def test_copies_have_the_tokens(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox, kind: Any
) -> None:
    http.mount("http://", kind())
    for _ in range(2):
        assert http.post(session.base_url + DEVICES, json={"a": 1}).status_code == 200
        sandbox.expire()
    assert sandbox.counters()["login"] == 2
    with Sandbox() as other:
        location = other.base_url + ACCOUNTS
        sandbox.fault("api", "redirect", location=location)
        assert http.get(session.base_url + ACCOUNTS).status_code == 401
        sent = other.log("api")[-1]
        assert (sent["session_token"], sent["api_token"]) == (None, None)


def test_a_prepared_request_can_be_sent_again_and_again(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    request = http.prepare_request(requests.Request("POST", session.base_url + DEVICES, json={}))
    for renewals in range(1, 4):
        assert [http.send(request).status_code for _ in range(2)] == [200, 200]
        assert sandbox.counters()["login"] == renewals
        sandbox.expire()
    sandbox.fault("api", "redirect", location=session.base_url + DEVICES, status=307, skip=1)
    assert http.send(request).status_code == 200
    sandbox.expire()
    assert http.send(request).status_code == 200
    assert sandbox.counters()["login"] == 5


def test_a_prepared_request_with_an_old_token_costs_no_login(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    request = http.prepare_request(requests.Request("POST", session.base_url + DEVICES, json={}))
    assert http.send(request).status_code == 200
    sandbox.expire()
    session.relogin(session.token)
    assert http.send(request).status_code == 200
    counters = sandbox.counters()
    assert (counters["login"], counters["api"]) == (2, 3)


def test_an_answer_can_be_pickled(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    for _ in range(2):
        answer = http.post(session.base_url + DEVICES, json={})
        again = pickle.loads(pickle.dumps(answer))
        assert again.json() == answer.json()
        assert len(again.history) == len(answer.history)
        sandbox.expire()
    assert http.send(again.request).status_code == 400  # without its session nothing is renewed


def test_a_cookie_given_by_hand_is_sent_again(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    http.post(session.base_url + DEVICES, json={}, headers={"Cookie": "mine=1"})
    assert [line["headers"]["cookie"] for line in sandbox.log("api")] == ["mine=1", "mine=1"]


def test_a_session_that_an_adapter_cannot_use(options: thingspace_session.Options) -> None:
    with pytest.raises(TypeError, match="thingspace_session.Session"):
        thingspace_session.requests.ThingSpaceAuth("session")  # type: ignore[arg-type]
    options["protocol"] = "soap"
    with (
        thingspace_session.login(**options) as session,
        pytest.raises(thingspace_session.InvalidArgument, match="rest"),
    ):
        thingspace_session.requests.ThingSpaceAuth(session)


def test_an_async_session_will_do(session: thingspace_session.Session) -> None:
    auth = thingspace_session.requests.ThingSpaceAuth(thingspace_session.AsyncSession(session))
    assert requests.get(session.base_url + ACCOUNTS, auth=auth, timeout=60).ok


def test_after_a_logout_there_is_no_request(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    session.logout()
    with pytest.raises(thingspace_session.NotLoggedIn):
        http.get(session.base_url + ACCOUNTS)
    assert sandbox.counters()["api"] == 0


def test_a_redirect_not_followed_is_an_answer(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "redirect", location="https://elsewhere.invalid/")
    assert http.get(session.base_url + ACCOUNTS, allow_redirects=False).status_code == 302


def test_a_storm_through_the_adapter_logs_in_once(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    auth = thingspace_session.requests.ThingSpaceAuth(session)
    ready = threading.Barrier(32)

    def ask(_: int) -> int:
        with requests.Session() as http:
            ready.wait(60)
            return http.post(session.base_url + DEVICES, json={}, auth=auth, timeout=60).status_code

    sandbox.expire()
    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(32))) == {200}
    assert sandbox.counters()["login"] == 2


def test_a_closed_session_is_an_error(
    http: requests.Session, session: thingspace_session.Session
) -> None:
    url = session.base_url + ACCOUNTS
    session.close()
    with pytest.raises(thingspace_session.SessionClosed):
        http.get(url)


def test_hooks_of_others_still_run(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    seen: list[Any] = []
    sandbox.expire()
    http.get(
        session.base_url + ACCOUNTS,
        hooks={"response": lambda response, **_: seen.append(response.status_code)},
    )
    assert len(seen) == 1


def test_a_hook_that_raises_sees_the_mended_answer(
    http: requests.Session, session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.expire()
    http.hooks["response"] = [lambda response, **_: response.raise_for_status()]
    assert http.get(session.base_url + ACCOUNTS).status_code == 200
