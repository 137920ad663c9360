"""A program that keeps its zeep proxies: the library supplies the token of the SOAP header, and a
new one when it expired.

Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_SOAP_URL, … The token
expires because TSM_SANDBOX_CONTROL names the sandbox's control port; without it the token just
stays valid.
"""

import os
import urllib.request
from pathlib import Path
from typing import Any, Callable

import requests
import zeep
import zeep.exceptions

import thingspace_session

NAMESPACE = "http://nphase.com/unifiedwebservice/v2"


def call(
    session: thingspace_session.Session, operation: Callable[..., Any], **arguments: Any
) -> Any:
    """Calls an operation of a zeep proxy with the session's token; logs in again once if the token
    expired."""
    token = session.token
    try:
        return operation(**arguments, _soapheaders={"token": token})
    except zeep.exceptions.Fault as fault:
        if "SessionToken.Expired" not in (fault.code or ""):
            raise
    session.relogin(token)  # returns at once if another thread already did
    return operation(**arguments, _soapheaders={"token": session.token})


def transport() -> zeep.Transport:
    """Follows no redirect, which would carry the token to wherever it points."""
    http = requests.Session()
    http.max_redirects = 0
    return zeep.Transport(session=http)


def let_the_token_expire() -> None:
    control = os.environ.get("TSM_SANDBOX_CONTROL")
    if control:
        urllib.request.urlopen(control + "/expire", data=b'{"what": "session"}').close()


def main() -> None:
    wsdl = str(Path(__file__).with_name("device_service.wsdl"))
    client = zeep.Client(wsdl, transport=transport())

    with thingspace_session.login(protocol="soap") as session:
        service = client.create_service(
            f"{{{NAMESPACE}}}DeviceService", session.base_url + "/DeviceService.svc"
        )
        devices = call(session, service.GetDeviceList, Input={"AccountName": "0000123456-00001"})
        print("logged in;", len(devices), "devices")
        let_the_token_expire()
        devices = call(session, service.GetDeviceList, Input={"AccountName": "0000123456-00001"})
        print("the token expired and was renewed;", len(devices), "devices")
        session.logout()


if __name__ == "__main__":
    main()
