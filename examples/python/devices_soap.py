"""The story of devices.py over SOAP: what changes is the option, and how a call is made.

Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_SOAP_URL, … The token
expires because TSM_SANDBOX_CONTROL names the sandbox's control port; without it the token just
stays valid.
"""

import os
import urllib.request
import xml.etree.ElementTree as ET

import thingspace_session

# What goes into the envelope's body. The envelope and its header with the token are made by
# thingspace_session.
GET_DEVICE_LIST = """
<v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"
    xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService">
  <v2:Input><nph:AccountName>0000123456-00001</nph:AccountName></v2:Input>
</v2:GetDeviceList>
"""


def list_devices(session: thingspace_session.Session) -> int:
    answer = session.soap("DeviceService", "GetDeviceList", GET_DEVICE_LIST).raise_for_status()
    return len(ET.fromstring(answer.content).findall(".//{*}DeviceInformation"))


def let_the_token_expire() -> None:
    control = os.environ.get("TSM_SANDBOX_CONTROL")
    if control:
        urllib.request.urlopen(control + "/expire", data=b'{"what": "session"}').close()


def main() -> None:
    # The usual way: nothing to think of.
    with thingspace_session.login(protocol="soap") as session:
        print("logged in;", list_devices(session), "devices")
        let_the_token_expire()
        print("the token expired and was renewed;", list_devices(session), "devices")
        session.logout()

    # The platform's documented pattern, by hand: a fault whose code contains SessionToken.Expired.
    with thingspace_session.login(protocol="soap", auto_relogin=False) as session:
        let_the_token_expire()
        try:
            devices = list_devices(session)
        except thingspace_session.SessionTokenExpired as expired:
            session.relogin(expired.token)
            devices = list_devices(session)
        print("the token expired and was renewed by hand;", devices, "devices")
        session.logout()


if __name__ == "__main__":
    main()
