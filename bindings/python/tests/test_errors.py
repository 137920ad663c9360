"""The exceptions: their kinds, what they carry, and that they travel."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest

import thingspace_session
from sandbox import ACCOUNTS, REPOSITORY, Sandbox

EXPIRED = (
    '{"errorCode": "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", '
    '"errorMessage": "Gone."}'
)
KINDS = [
    kind
    for kind in vars(thingspace_session).values()
    if isinstance(kind, type) and issubclass(kind, thingspace_session.Error)
]


def test_every_status_of_the_header_has_its_kind() -> None:
    header = (REPOSITORY / "include" / "tsm.h").read_text()
    statuses = {
        int(number): name for name, number in re.findall(r"#define (TSM_E_\w+)\s+(\d+)", header)
    }
    named = {kind._STATUS: kind().status_name for kind in KINDS}
    # A buffer too small cannot happen to Python.
    assert {
        number: name for number, name in statuses.items() if name != "TSM_E_BUFFER_TOO_SMALL"
    } == named


def test_errors_are_pythons_own_kinds_too() -> None:
    assert issubclass(thingspace_session.Timeout, TimeoutError)
    assert issubclass(thingspace_session.InvalidArgument, ValueError)
    assert all(kind.__module__ == "thingspace_session" for kind in KINDS)


def test_check_types_an_answer() -> None:
    thingspace_session.check(200, EXPIRED)  # a 2xx of JSON is a success whatever it says
    with pytest.raises(thingspace_session.SessionTokenExpired) as expired:
        thingspace_session.check(400, EXPIRED)
    assert expired.value.http_status == 400
    assert expired.value.code == "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"
    assert expired.value.token is None
    assert expired.value.status == 13
    assert expired.value.status_name == "TSM_E_SESSION_EXPIRED"
    for body in (b'{"fault": {"code": "900901"}}', bytearray(b'{"fault": {"code": 900901}}')):
        with pytest.raises(thingspace_session.ApiTokenError):
            thingspace_session.check(401, body)
    with pytest.raises(thingspace_session.PlatformError):
        thingspace_session.check(
            400, '{"errorCode": "REQUEST_FAILED.AccountNotFound", "errorMessage": ""}'
        )
    with pytest.raises(thingspace_session.Unavailable) as unavailable:
        thingspace_session.check(503, "")
    assert unavailable.value.retryable
    assert unavailable.value.code == ""
    assert unavailable.value.retry_after is None
    with pytest.raises(thingspace_session.RateLimited) as limited:
        thingspace_session.check(429, "", retry_after="7")
    assert limited.value.retry_after == 7.0


def test_rate_limit_carries_its_wait(session: thingspace_session.Session, sandbox: Sandbox) -> None:
    sandbox.fault("api", "status", status=429, retry_after=7)
    with pytest.raises(thingspace_session.RateLimited) as caught:
        session.get(ACCOUNTS).raise_for_status()
    assert caught.value.retry_after == 7.0
    assert caught.value.retryable


def test_a_timeout_is_in_seconds_and_for_this_call(
    patient: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "hold")
    with pytest.raises(TimeoutError) as caught:
        patient.get(ACCOUNTS, timeout=0.2)
    assert isinstance(caught.value, thingspace_session.Timeout)
    assert "0.2 s" in str(caught.value)
    assert "timeout_ms" not in str(caught.value)
    sandbox.control("DELETE", "/faults")
    assert patient.get(ACCOUNTS).ok


def test_a_broken_connection_is_a_network_error(
    session: thingspace_session.Session, sandbox: Sandbox
) -> None:
    sandbox.fault("api", "reset_before", times=-1)
    with pytest.raises(thingspace_session.NetworkError) as caught:
        session.get(ACCOUNTS)
    assert caught.value.http_status is None


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_can_be_copied_and_cross_processes(copied: Any) -> None:
    with pytest.raises(thingspace_session.SessionTokenExpired) as caught:
        thingspace_session.check(400, EXPIRED)
    caught.value.token = "t"
    again = copied(caught.value)
    assert type(again) is thingspace_session.SessionTokenExpired
    assert str(again) == str(caught.value)
    assert {**vars(again)} == {**vars(caught.value)}
    timeout = copied(thingspace_session.Timeout("late", retryable=True))
    assert (str(timeout), timeout.retryable) == ("late", True)


def test_no_error_shows_a_token(options: thingspace_session.Options, sandbox: Sandbox) -> None:
    options["auto_relogin"] = False
    with thingspace_session.login(**options) as session:
        sandbox.expire()
        with pytest.raises(thingspace_session.SessionTokenExpired) as caught:
            session.get(ACCOUNTS)
        assert session.token not in str(caught.value) + repr(caught.value)
