"""What a program may get wrong: Python's own kind of error, never a crash, a hang, or a secret in
the words."""

from __future__ import annotations

import copy
import datetime
import pickle
import threading
import traceback
from typing import Any

import pytest

import thingspace_session
from sandbox import ACCOUNTS, DEVICES, Sandbox

SURROGATE = "\ud800"
CYCLE: list[Any] = []
CYCLE.append(CYCLE)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("username", 1),
        ("username", b"bytes"),
        ("password", ["list"]),
        ("base_url", object()),
        ("ca_file", 3),
        ("auto_relogin", "true"),
        ("auto_relogin", 1),
        ("share_token", 0),
        ("timeout", "30"),
        ("timeout", True),
        ("connect_timeout", datetime.timedelta(seconds=5)),
        ("ca_file", b"bytes"),
        ("max_login_failures", "3"),
    ],
)
def test_options_of_a_wrong_type(
    options: thingspace_session.Options, name: str, value: Any
) -> None:
    wanted = "str or a path" if name == "ca_file" else ""
    with pytest.raises(TypeError, match=f"{name} must be {wanted}"):
        thingspace_session.login(**{**options, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("username", f"z{SURROGATE}"),
        ("username", "z\0"),
        ("username", ""),
        ("protocol", "ftp"),
        ("base_url", "http://thingspace.verizon.com/api"),
        ("max_login_failures", 5),
        ("timeout", -1),
        ("timeout", 0),
        ("timeout", float("nan")),
        ("timeout", 10**30),
        ("connect_timeout", 86_401),
        ("store", "floppy:"),
    ],
)
def test_options_of_a_wrong_value(
    options: thingspace_session.Options, sandbox: Sandbox, name: str, value: Any
) -> None:
    with pytest.raises(thingspace_session.InvalidArgument, match=name):
        thingspace_session.login(**{**options, name: value})
    assert sandbox.counters()["requests"] == 0


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("pasword", "'password' (text)"),
        ("timeout_ms", "'timeout' (seconds, 0.001 to 86400)"),
        ("conect_timeout_ms", "'connect_timeout' (seconds, 0.001 to 86400)"),
        ("max_failures", "'max_login_failures' (1 to 4)"),
        ("TIMEOUT", "'timeout' (seconds, 0.001 to 86400)"),
        ("loadenv", "'load_env'?"),
    ],
)
def test_an_unknown_option_names_the_nearest(
    options: thingspace_session.Options, name: str, nearest: str
) -> None:
    for function in (thingspace_session.login, thingspace_session.unblock):
        with pytest.raises(thingspace_session.InvalidArgument) as caught:
            function(**options, **{name: 5})  # type: ignore[arg-type]
        assert f"there is no option {name!r}; did you mean {nearest}" in str(caught.value)


@pytest.mark.parametrize(
    ("function", "name", "hint"),
    [
        ("login", "on_events", "did you mean 'on_event'?"),
        ("open_session", "header", "did you mean 'headers'?"),
        ("login", "canceled", "did you mean 'cancel'?"),
        ("login", "verify", "help(thingspace_session.login) lists them"),
        ("unblock", "cancel", "help(thingspace_session.unblock) lists them"),
        ("unblock", SURROGATE, "help(thingspace_session.unblock) lists them"),
    ],
    ids=ascii,
)
def test_an_unknown_option_names_what_the_function_takes(
    options: thingspace_session.Options, function: str, name: str, hint: str
) -> None:
    with pytest.raises(thingspace_session.InvalidArgument) as caught:
        getattr(thingspace_session, function)(**options, **{name: 5})
    assert str(caught.value) == f"there is no option {name!a}; {hint}"


@pytest.mark.parametrize("function", ["login", "open_session", "unblock"])
def test_whether_to_load_the_environment_is_a_bool(
    options: thingspace_session.Options, function: str
) -> None:
    with pytest.raises(TypeError, match="load_env must be bool, not str"):
        getattr(thingspace_session, function)(**options, load_env="false")


def test_an_option_out_of_bounds_says_its_unit(options: thingspace_session.Options) -> None:
    options["timeout"] = 86_401
    with pytest.raises(thingspace_session.InvalidArgument) as caught:
        thingspace_session.login(**options)
    assert str(caught.value) == "timeout must be a number of seconds, 0.001 to 86400"


def test_options_that_are_none_are_not_given(options: thingspace_session.Options) -> None:
    options["password"] = None
    with pytest.raises(thingspace_session.InvalidArgument, match="password"):
        thingspace_session.login(**options)


def test_a_bad_password_is_in_no_traceback(options: thingspace_session.Options) -> None:
    options["password"] = f"hunter2{SURROGATE}"
    with pytest.raises(thingspace_session.InvalidArgument) as caught:
        thingspace_session.login(**options)
    assert "hunter2" not in "".join(
        traceback.format_exception(caught.type, caught.value, caught.tb)
    )
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": None},
        {"path": b"/bytes"},
        {"method": None},
        {"method": 1},
        {"headers": "X-One: 1"},
        {"headers": [1]},
        {"headers": 1},
        {"headers": ["X-One: 1"]},
        {"headers": [("X-One", "1", "2")]},
        {"params": 1},
        {"params": ["ab"]},
        {"params": ["a=b"]},
        {"headers": {"X-One": 1}},
        {"headers": {"X-One": None}},
        {"headers": {b"X-One": "1"}},
        {"params": "a=1"},
        {"params": [1]},
        {"params": {1: "a"}},
        {"params": {"a": b"1"}},
        {"params": {"a": {"b": "c"}}},
        {"params": {"a": [["b"]]}},
        {"data": 1},
        {"data": {"form": "field"}},
        {"data": ["list"]},
        {"data": [1]},
        {"data": object()},
        {"json": object()},
        {"json": {1, 2}},
        {"timeout": "1"},
        {"timeout": True},
        {"timeout": (1, 2)},
        {"cancel": threading.Event()},
    ],
    ids=str,
)
def test_arguments_of_a_wrong_type(
    session: thingspace_session.Session, sandbox: Sandbox, arguments: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        session.request(**{"method": "POST", "path": DEVICES, **arguments})
    assert sandbox.counters()["api"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": f"/{SURROGATE}"},
        {"path": "/a\0b"},
        {"path": "/a\r\nX: b"},
        {"path": "//host/a"},
        {"path": "@host/a"},
        {"path": "https://host/a"},
        {"path": ""},
        {"method": ""},
        {"method": "GET\r\nX: b"},
        {"method": "G\0T"},
        {"headers": {"X\0": "1"}},
        {"headers": {"X": "1\0"}},
        {"headers": {"": "1"}},
        {"headers": {"X: Y": "1"}},
        {"headers": {"X": f"{SURROGATE}"}},
        {"headers": {"X": "1\r\nY: 2"}},
        {"headers": {"Authorization": "Bearer mine"}},
        {"headers": {"vz-m2m-token": "mine"}},
        {"headers": [("Host", "other")]},
        {"headers": {"Content-Length": "1"}},
        {"params": {"a": SURROGATE}},
        {"params": {SURROGATE: "a"}},
        {"data": SURROGATE},
        {"json": {"a": SURROGATE}},
        {"json": float("nan")},
        {"json": {"a": [float("-inf")]}},
        {"json": CYCLE},
        {"json": DEEP},
        {"json": {}, "data": b""},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"timeout": 10**400},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_arguments_of_a_wrong_value(
    session: thingspace_session.Session, sandbox: Sandbox, arguments: dict[str, Any]
) -> None:
    with pytest.raises(thingspace_session.InvalidArgument):
        session.request(**{"method": "POST", "path": DEVICES, **arguments})
    assert sandbox.counters()["api"] == 0
    assert session.get(ACCOUNTS).ok


def test_a_parameter_of_a_wrong_type_says_which_are_right(
    session: thingspace_session.Session,
) -> None:
    params: Any = {"since": datetime.date(2026, 1, 1)}
    with pytest.raises(TypeError, match=r"str, int, float, bool, None or a sequence .* not date"):
        session.get(ACCOUNTS, params=params)


@pytest.mark.parametrize("data", [["a"], {"a"}, [("name", "value")], iter([1])], ids=ascii)
def test_a_body_of_wrong_parts_is_named(
    session: thingspace_session.Session, sandbox: Sandbox, data: Any
) -> None:
    with pytest.raises(TypeError, match=r"data must be an iterable of bytes: .* found"):
        session.post(DEVICES, data=data)
    assert sandbox.counters()["api"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": 5},
        {"headers": ["ab"]},
        {"headers": {"Retry-After": 5}},
        {"headers": {1: "a"}},
        {"elapsed": 0.5},
        {"content": {}},
    ],
    ids=str,
)
def test_a_response_of_a_wrong_type(arguments: dict[str, Any]) -> None:
    (name,) = arguments
    with pytest.raises(TypeError, match=f"{name[:6]}.* must be "):
        thingspace_session.Response(200, **arguments)


def test_other_calls_of_a_wrong_type(session: thingspace_session.Session) -> None:
    calls: list[Any] = [
        lambda: session.relogin(1),  # type: ignore[arg-type]
        lambda: session.relogin(b"token"),  # type: ignore[arg-type]
        lambda: session.renew_api_token(1),  # type: ignore[arg-type]
        lambda: session.logout(timeout="1"),  # type: ignore[arg-type]
        lambda: session.soap(None, "a", "b"),  # type: ignore[arg-type]
        lambda: session.soap("a", "b", None),  # type: ignore[arg-type]
        lambda: thingspace_session.check("200", b""),  # type: ignore[arg-type]
        lambda: thingspace_session.check(True, b""),
        lambda: thingspace_session.check(400, None),  # type: ignore[arg-type]
        lambda: thingspace_session.check(400, {}),  # type: ignore[arg-type]
        lambda: thingspace_session.check(429, b"", retry_after=7),  # type: ignore[arg-type]
        thingspace_session.Session,
        lambda: thingspace_session.Session.__new__(thingspace_session.Session),
        lambda: copy.copy(session),
        lambda: pickle.dumps(session),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_other_calls_of_a_wrong_value(session: thingspace_session.Session) -> None:
    calls: list[Any] = [
        lambda: session.relogin("a\0b"),
        lambda: session.relogin(SURROGATE),
        lambda: session.renew_api_token("a\0b"),
        lambda: session.soap("a/b", "c", "<d/>"),
        lambda: session.soap("DeviceService", "GetDeviceList", "<not xml"),
        lambda: thingspace_session.check(-1, b""),
        lambda: thingspace_session.check(2**40, b""),
        lambda: thingspace_session.check(400, SURROGATE),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()


def test_a_huge_body_is_sent_whole(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    session.post(DEVICES, data=b"{}" + b" " * 999_998)
    assert sandbox.log("api")[-1]["body_bytes"] == 1_000_000


def test_an_answer_past_the_limit_is_refused(
    options: thingspace_session.Options, sandbox: Sandbox
) -> None:
    options["max_response_bytes"] = 10_000
    with thingspace_session.login(**options) as session:
        for fault in ({"fault": "huge", "bytes": 20_000}, {"fault": "endless"}):
            sandbox.fault("api", **fault)
            with pytest.raises(thingspace_session.ProtocolError):
                session.get(ACCOUNTS)


def test_a_large_answer_arrives_whole(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.settings(api_answer_bytes=5_000_000)
    assert len(session.post(DEVICES, json={}).content) == 5_000_000
