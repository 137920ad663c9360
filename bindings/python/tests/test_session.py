"""The session as a program uses it: log in, ask, expire, log out."""

from __future__ import annotations

import copy
import encodings.aliases
import io
import json
import pickle
import uuid
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, Sandbox

SOAP_BODY = '<v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"><v2:Input/></v2:GetDeviceList>'


def test_a_session_asks_with_both_tokens(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    response = session.post(DEVICES, json={"accountName": "0000123456-00001", "note": "ümlaut"})
    assert response.status_code == 200
    assert response.ok
    assert response.raise_for_status() is response
    assert response.json()["devices"]
    sent = sandbox.log("api")[-1]
    assert sent["session_token"] == session.token
    assert sent["api_token"] == session.api_token
    assert sent["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_each_verb_sends_its_method(
    session: thingspace_session.Session, sandbox: Sandbox, method: str
) -> None:
    getattr(session, method)(ACCOUNTS)
    session.request(method, ACCOUNTS)
    assert [line["method"] for line in sandbox.control("GET", "/log")[-2:]] == [method.upper()] * 2


def test_data_goes_as_it_is(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    given: list[Any] = [b"{}", bytearray(b"{}"), memoryview(b"{}"), "{}"]
    given += [io.BytesIO(b"{}"), io.StringIO("{}"), iter([b"{", b"}"]), [b"{", bytearray(b"}")]]
    for data in given:
        assert session.post(DEVICES, data=data).ok
    assert [line["body_bytes"] for line in sandbox.log("api")] == [2] * len(given)


def test_a_file_or_a_generator_is_sent_again(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    given: list[Any] = [io.BytesIO(b"{}"), (part for part in (b"{", b"}"))]
    for data in given:
        sandbox.expire()
        assert session.post(DEVICES, data=data).ok
    assert [line["body_bytes"] for line in sandbox.log("api")] == [2] * 4


def test_json_is_compact_utf8(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    assert session.post(DEVICES, json={"a": ["ü", 1]}).ok
    assert sandbox.log("api")[-1]["body_bytes"] == len('{"a":["ü",1]}'.encode())


def test_headers_go_along(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    session.get(ACCOUNTS, headers={"X-One": "1"})
    assert sandbox.log("api")[-1]["headers"]["x-one"] == "1"
    session.get(ACCOUNTS, headers=[("X-One", "1"), ("X-Two", "zwei")])
    assert sandbox.log("api")[-1]["headers"]["x-two"] == "zwei"


def test_headers_by_default(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    def sent(name: str) -> Any:
        return sandbox.log("api")[-1]["headers"].get(name)

    defaults: list[Any] = [
        {"X-One": "1", "Accept": "application/xml"},
        [("X-One", "1"), ("Accept", "application/xml")],
    ]
    for headers in defaults:
        with thingspace_session.login(**options, headers=headers) as session:
            session.get(ACCOUNTS)
            assert (sent("x-one"), sent("accept")) == ("1", "application/xml")
            session.get(ACCOUNTS, headers={"ACCEPT": "text/html", "X-Two": "2"})
            assert (sent("x-one"), sent("accept"), sent("x-two")) == ("1", "text/html", "2")
    wrong: list[Any] = ["X-One: 1", {"X-One": 1}, [1]]
    for headers in wrong:
        with pytest.raises(TypeError):
            thingspace_session.login(**options, headers=headers)


@pytest.mark.parametrize("begin", [thingspace_session.login, thingspace_session.open_session])
@pytest.mark.parametrize(
    ("name", "value"),
    [("X\0", "1"), ("X One", "1"), ("X-One", "1\r\nX: 2"), ("Host", "other")],
    ids=ascii,
)
def test_headers_by_default_that_cannot_be_sent_cost_no_login(
    options: thingspace_session.Options, sandbox: Sandbox, begin: Any, name: str, value: str
) -> None:
    with pytest.raises(thingspace_session.InvalidArgument):
        begin(**options, headers={name: value})
    assert sandbox.counters()["requests"] == 0


def test_a_soap_session_takes_no_headers(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["protocol"] = "soap"
    with pytest.raises(thingspace_session.InvalidArgument, match="headers are for"):
        thingspace_session.login(**options, headers={"X-One": "1"})
    assert sandbox.counters()["requests"] == 0


def test_a_response_knows_where_it_came_from_and_how_long_it_took(
    session: thingspace_session.Session, options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    response = session.get(ACCOUNTS, params={"a": "b c"})
    assert response.url == f"{sandbox.base_url}{ACCOUNTS}?a=b%20c"
    assert response.elapsed > timedelta(0)
    options["protocol"] = "soap"
    with thingspace_session.login(**options) as soap:
        response = soap.soap("DeviceService", "GetDeviceList", SOAP_BODY)
    assert response.url == f"{sandbox.soap_url}/DeviceService.svc"


def test_a_response_can_be_made_by_hand() -> None:
    response = thingspace_session.Response(
        200,
        content='{"a": 1}',
        headers=[("X-Many", "a"), ("X-Many", "b")],
        url="https://elsewhere.invalid/",
        elapsed=timedelta(seconds=1.5),
    )
    assert response.raise_for_status().json() == {"a": 1}
    assert response.headers.get_list("x-many") == ["a", "b"]
    assert response.headers == {"X-MANY": "a, b"}
    assert response.headers == thingspace_session.Headers([("x-many", "a"), ("X-many", "b")])
    assert response.headers != {"X-Many": "a"}
    assert response.headers != "X-Many"
    assert (response.url, response.elapsed.total_seconds()) == ("https://elsewhere.invalid/", 1.5)
    with pytest.raises(thingspace_session.PlatformError) as caught:
        thingspace_session.Response(400, content=b'{"errorCode": "A.B"}').raise_for_status()
    assert caught.value.code == "A.B"
    with pytest.raises(thingspace_session.RateLimited) as limited:
        thingspace_session.Response(429, headers={"Retry-After": "7"}).raise_for_status()
    assert limited.value.retry_after == 7.0
    with pytest.raises(thingspace_session.InvalidArgument):
        thingspace_session.Response(0)


def test_a_response_is_complete_after_its_session_is_closed(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    sandbox.fault(
        "api", "answer", status=200, body='{"name": "Ü"}',
        headers=[["Content-Type", "application/json"], ["X-Many", "a"], ["X-Many", "b"]],
    )  # fmt: skip
    with thingspace_session.login(**options) as session:
        response = session.get(ACCOUNTS)
    assert response.headers["content-TYPE"] == "application/json"
    assert "X-MANY" in response.headers
    assert response.headers["x-many"] == "a, b"
    assert response.headers.get_list("X-Many") == ["a", "b"]
    assert response.headers.get("X-None") is None
    assert response.headers.get_list("X-None") == []
    no_names: list[Any] = [None, 1, b"X-Many"]
    for no_name in no_names:
        assert no_name not in response.headers
        assert response.headers.get(no_name) is None
        assert response.headers.get_list(no_name) == []
        with pytest.raises(KeyError):
            response.headers[no_name]
    with pytest.raises(KeyError):
        response.headers["X-None"]
    assert len(response.headers) == len(list(response.headers))
    assert response.content == '{"name": "Ü"}'.encode()
    assert response.text == '{"name": "Ü"}'
    assert response.json() == {"name": "Ü"}
    assert response.json(parse_int=str) == {"name": "Ü"}
    assert repr(response) == "<Response [200]>"


def test_text_follows_the_charset(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    for charset in ("text/plain; charset=nonsense", "text/plain", 'text/plain; Charset="UTF-8"'):
        sandbox.fault("api", "answer", status=200, body="Ü", headers=[["Content-Type", charset]])
        assert session.get(ACCOUNTS).text == "Ü"
    sandbox.fault(
        "api",
        "answer",
        status=200,
        body="Ü",
        headers=[["Content-Type", "text/plain; charset=latin-1"]],
    )
    assert session.get(ACCOUNTS).text == "Ã\x9c"


@pytest.mark.parametrize("charset", ["idna", "undefined", "hex", "ü", "a b", "''"])
def test_a_charset_that_is_none_is_utf8(
    session: thingspace_session.Session, sandbox: Sandbox, charset: str
) -> None:
    content_type = f"text/plain; charset={charset}"
    sandbox.fault("api", "answer", status=200, body="Ü", headers=[["Content-Type", content_type]])
    assert session.get(ACCOUNTS).text == "Ü"


def test_json_that_is_no_utf8_follows_the_charset() -> None:
    def answer(content_type: str) -> thingspace_session.Response:
        headers = {"Content-Type": content_type}
        return thingspace_session.Response(
            200, content='{"a":"ü"}'.encode("cp1252"), headers=headers
        )

    for charset in ("iso-8859-1", "Windows-1252"):
        assert answer(f"application/json; charset={charset}").json() == {"a": "ü"}
    for content_type in ("application/json", "application/json; charset=utf-8", "a; charset=b"):
        with pytest.raises(ValueError):
            answer(content_type).json()


def test_text_never_raises() -> None:
    for charset in {*encodings.aliases.aliases.values(), "punycode"}:
        response = thingspace_session.Response(
            200,
            content=b"a\xff\0\xd8",
            headers={"Content-Type": f"text/plain; charset={charset}"},
        )
        assert isinstance(response.text, str)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda response: pickle.loads(pickle.dumps(response))]
)
def test_a_response_can_be_copied_and_cross_processes(
    session: thingspace_session.Session, sandbox: Sandbox, copied: Any
) -> None:
    good = session.get(ACCOUNTS)
    again = copied(good)
    assert (again.status_code, again.content, again.headers) == (200, good.content, good.headers)
    assert (again.url, again.elapsed) == (good.url, good.elapsed)
    assert copied(good).headers == good.headers  # read by now
    assert again.raise_for_status() is again
    sandbox.fault("api", "status", status=429, retry_after=7)
    with pytest.raises(thingspace_session.RateLimited) as caught:
        copied(session.get(ACCOUNTS)).raise_for_status()
    assert caught.value.retry_after == 7.0


def test_each_error_of_a_response_is_its_own(session: thingspace_session.Session) -> None:
    response = session.get("/m2m/v1/accounts/none-of-mine")
    errors = []
    for _ in range(2):
        with pytest.raises(thingspace_session.PlatformError) as caught:
            response.raise_for_status()
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


@pytest.mark.parametrize(
    ("path", "params", "sent"),
    [
        ("/a", None, "/a"),
        ("/a", {}, "/a"),
        ("/a", {"b": "c d/e&f=ü"}, "/a?b=c%20d%2Fe%26f%3D%C3%BC"),
        ("/a?b=1", {"c": 2}, "/a?b=1&c=2"),
        ("/a", [("b", 1), ("b", 1.5), ("c", "")], "/a?b=1&b=1.5&c="),
        (
            "/a",
            {"b": True, "c": False, "d": None, "e": ["f", None, 2], "g": ()},
            "/a?b=true&c=false&e=f&e=2",
        ),
        ("/a", {"ü b": "%41"}, "/a?%C3%BC%20b=%2541"),
        ("/a", {"b": range(2), "c": HTTPStatus.OK}, "/a?b=0&b=1&c=200"),
    ],
)
def test_params_become_the_query(
    session: thingspace_session.Session, sandbox: Sandbox, path: str, params: Any, sent: str
) -> None:
    for method in (session.get, session.post, session.put, session.delete):
        method(path, params=params)
        line = sandbox.control("GET", "/log")[-1]
        assert line["path"].endswith(sent)


def test_params_of_mixed_values_are_typed(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    assert session.get(ACCOUNTS, params={"a": [1, "b"], "c": None, "d": True}).ok
    assert session.get(ACCOUNTS, params=(("a", each) for each in "bc")).ok
    assert session.get(ACCOUNTS, params={"a": "b"}.items()).ok
    sent = [line["path"].partition("?")[2] for line in sandbox.log("api")]
    assert sent == ["a=1&a=b&d=true", "a=b&a=c", "a=b"]


def test_an_answer_that_is_no_json_is_a_value_error(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "html")
    with pytest.raises(ValueError):
        session.get(ACCOUNTS).json()


def test_a_bad_answer_is_an_answer_until_asked(session: thingspace_session.Session) -> None:
    response = session.get("/m2m/v1/accounts/none-of-mine")
    assert not response.ok
    with pytest.raises(thingspace_session.PlatformError) as caught:
        response.raise_for_status()
    assert caught.value.code
    assert caught.value.http_status == response.status_code
    assert caught.value.response is response
    assert pickle.loads(pickle.dumps(response)).content == response.content


def test_an_expired_token_is_renewed_once(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    before = session.token
    sandbox.expire()
    assert session.get(ACCOUNTS).ok
    assert session.token != before
    counters = sandbox.counters()
    assert (counters["login"], counters["api"], counters["api_expired"]) == (2, 2, 1)
    assert session.info()["logins"] == 2


def test_the_documented_pattern_by_hand(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["auto_relogin"] = False
    with thingspace_session.login(**options) as session:
        before = session.token
        sandbox.expire()
        with pytest.raises(thingspace_session.SessionTokenExpired) as caught:
            session.get(ACCOUNTS)
        assert caught.value.token == before
        assert "SessionToken.Expired" in caught.value.code
        assert caught.value.http_status == 400
        session.relogin(caught.value.token)
        assert session.get(ACCOUNTS).ok
        session.relogin(caught.value.token)  # late: another token is held by now
        assert sandbox.counters()["login"] == 2


def test_api_token_is_renewed(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    sandbox.expire("api_token")
    assert session.get(ACCOUNTS).ok
    assert sandbox.counters()["oauth"] == 2
    session.renew_api_token("not the one held")
    assert sandbox.counters()["oauth"] == 2


def test_logout_and_back(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    session.logout()
    for act in (session.logout, lambda: session.token, lambda: session.get(ACCOUNTS)):
        with pytest.raises(thingspace_session.NotLoggedIn, match="log in again"):
            act()
    session.relogin()
    assert session.get(ACCOUNTS).ok
    counters = sandbox.counters()
    assert (counters["login"], counters["logout"]) == (2, 1)


def test_closing_sends_nothing(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    session = thingspace_session.login(**options)
    with session as same:
        assert same is session
        assert sandbox.base_url in repr(session)
    session.close()
    assert "closed" in repr(session)
    assert sandbox.counters()["logout"] == 0


def test_a_closed_session_says_so(options: thingspace_session.Options) -> None:
    session = thingspace_session.login(**options)
    session.close()
    uses: list[Any] = [
        lambda: session.token,
        lambda: session.api_token,
        lambda: session.get(ACCOUNTS),
        lambda: session.get(ACCOUNTS, timeout=1),
        lambda: session.soap("DeviceService", "GetDeviceList", SOAP_BODY),
        session.relogin,
        session.renew_api_token,
        session.logout,
        session.info,
        session.cancel,
    ]
    for use in uses:
        with pytest.raises(thingspace_session.SessionClosed, match="^the session is closed$"):
            use()


def test_info_holds_no_secret(session: thingspace_session.Session) -> None:
    info = session.info()
    assert info["store"]
    text = json.dumps(info)
    for secret in (session.token, session.api_token, "IMgr8", "secret"):
        assert secret not in text
        assert secret not in repr(session)


def test_soap(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["protocol"] = "soap"
    with thingspace_session.login(**options) as session:
        sandbox.expire()
        response = session.soap("DeviceService", "GetDeviceList", SOAP_BODY)
        assert b"GetDeviceListResponse" in response.content
        assert session.soap("DeviceService", "GetDeviceList", SOAP_BODY.encode(), timeout=30).ok
        with pytest.raises(thingspace_session.PlatformError) as caught:
            session.soap("DeviceService", "NoSuchOperation", "<a xmlns='b'/>").raise_for_status()
        assert "ActionNotSupported" in caught.value.code
        for call in (
            lambda: session.get(ACCOUNTS),
            lambda: session.api_token,
            session.renew_api_token,
        ):
            with pytest.raises(thingspace_session.InvalidArgument):
                call()
        assert session.base_url == sandbox.soap_url
        assert sandbox.soap_url in repr(session)
    counters = sandbox.counters()
    assert (counters["soap_login"], counters["soap_call_expired"]) == (2, 1)


def test_soap_by_hand(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["protocol"], options["auto_relogin"] = "soap", False
    with thingspace_session.login(**options) as session:
        sandbox.expire()
        with pytest.raises(thingspace_session.SessionTokenExpired, match="Expired") as caught:
            session.soap("DeviceService", "GetDeviceList", SOAP_BODY)
        session.relogin(caught.value.token)
        assert session.soap("DeviceService", "GetDeviceList", SOAP_BODY).ok


def test_the_environment_fills_in_and_the_hand_wins(
    options: thingspace_session.Options, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"TSM_{name.upper()}", str(value))
    monkeypatch.setenv("TSM_USERNAME", "somebody-else")
    with thingspace_session.login(username="zbeeblebrox", password=None) as session:
        assert session.base_url == sandbox.base_url
        assert session.get(ACCOUNTS).ok
    with pytest.raises(thingspace_session.InvalidArgument, match="username"):
        thingspace_session.login(load_env=False)
    monkeypatch.setenv("TSM_TIMEOUT_MS", "abc")
    with pytest.raises(thingspace_session.InvalidArgument, match="TSM_TIMEOUT_MS"):
        thingspace_session.login(username="zbeeblebrox")
    thingspace_session.login(username="zbeeblebrox", timeout=5).close()


def test_a_wrong_password_is_sent_once_and_unblock_forgets(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["password"] = "wrong"
    with pytest.raises(thingspace_session.CredentialsRejected) as rejected:
        thingspace_session.login(**options)
    assert rejected.value.http_status == 400
    for _ in range(3):
        with pytest.raises(thingspace_session.LoginBlocked, match="unblock the account"):
            thingspace_session.login(**options)
    assert sandbox.counters()["login"] == 1
    thingspace_session.unblock(**options)
    with pytest.raises(thingspace_session.CredentialsRejected):
        thingspace_session.login(**options)
    assert sandbox.counters()["login"] == 2


def test_a_file_store_shares_its_token(
    options: thingspace_session.Options, sandbox: Sandbox, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    options["store"], options["share_token"] = f"file:{tmp_path}", True
    with (
        thingspace_session.login(**options) as first,
        thingspace_session.login(**options) as second,
    ):
        assert first.token == second.token
    assert sandbox.counters()["login"] == 1


def test_tls_is_verified(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["base_url"], options["ca_file"] = sandbox.tls_base_url, Path(sandbox.ca_file)
    with thingspace_session.login(**options) as session:
        assert session.get(ACCOUNTS).ok
    options["base_url"], options["realm"] = sandbox.bad_tls_base_url, uuid.uuid4().hex
    with pytest.raises(thingspace_session.TLSError):
        thingspace_session.login(**options)


def test_versions() -> None:
    assert thingspace_session.version == thingspace_session.__version__


def test_a_page_is_no_success(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    sandbox.fault("api", "html")
    answer = session.get(ACCOUNTS)
    assert answer.ok
    with pytest.raises(thingspace_session.ProtocolError, match="an HTML page"):
        answer.raise_for_status()
