"""The sandbox's WSDL as a generator of proxies reads it: zeep logs in, calls and logs out by it."""

from __future__ import annotations

from typing import Any

import pytest
import zeep
import zeep.exceptions

from sandbox import ACCOUNT, Sandbox


def proxy(sandbox: Sandbox, service: str) -> Any:
    client: Any = zeep.Client  # its types are not written down
    return client(f"{sandbox.soap_url}/{service}.svc?wsdl").service


@pytest.mark.parametrize("prefixes", ["documented", "odd"])
def test_zeep_keeps_a_session_by_the_wsdl(sandbox: Sandbox, prefixes: str) -> None:
    sandbox.settings(soap_prefixes=prefixes)
    sessions = proxy(sandbox, "SessionService")
    devices = proxy(sandbox, "DeviceService")

    answer = sessions.LogIn(Input={"Username": "zbeeblebrox", "Password": "IMgr8"})
    token = answer.header.token
    assert answer.body.Output.SessionToken == token

    header = {"token": token}
    found = devices.GetDeviceList(Input={"AccountName": ACCOUNT}, _soapheaders=header)
    assert [device.AccountName for device in found] == [ACCOUNT, ACCOUNT]
    identifier = {"Identifier": "990013907835573", "Kind": "IMEI"}
    found = devices.GetDeviceInformation(Input={"Device": identifier}, _soapheaders=header)
    assert found[0].DeviceIdentifierCollection.DeviceIdentifier[0].Kind == "IMEI"

    assert sessions.LogOut(Input={"SessionToken": token}, _soapheaders=header) == token
    with pytest.raises(zeep.exceptions.Fault) as refused:
        devices.GetDeviceList(Input={}, _soapheaders=header)
    assert "SessionToken.Expired" in refused.value.code


def test_zeep_sees_a_wrong_password_as_a_fault(sandbox: Sandbox) -> None:
    with pytest.raises(zeep.exceptions.Fault) as refused:
        proxy(sandbox, "SessionService").LogIn(
            Input={"Username": "zbeeblebrox", "Password": "wrong"}
        )
    assert "InvalidUserNameOrPassword" in refused.value.code
    assert sandbox.counters()["max_strikes"] == 1
