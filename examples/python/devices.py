"""Log in, list devices, let the session token expire twice - mended once by the library and once by
hand - and log out.

Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY,
TSM_APP_SECRET, TSM_BASE_URL, … The token expires because TSM_SANDBOX_CONTROL names the sandbox's
control port; without it the token just stays valid.
"""

import os
import urllib.request

import thingspace_session

ACCOUNT = "0000123456-00001"


def list_devices(session: thingspace_session.Session) -> int:
    answer = session.post("/m2m/v1/devices/actions/list", json={"accountName": ACCOUNT})
    return len(answer.raise_for_status().json()["devices"])


def let_the_token_expire() -> None:
    control = os.environ.get("TSM_SANDBOX_CONTROL")
    if control:
        urllib.request.urlopen(control + "/expire", data=b'{"what": "session"}').close()


def main() -> None:
    # The usual way: nothing to think of.
    with thingspace_session.login() as session:
        print("logged in;", list_devices(session), "devices")
        let_the_token_expire()
        print("the token expired and was renewed;", list_devices(session), "devices")
        session.logout()

    # The platform's documented pattern, by hand.
    with thingspace_session.login(auto_relogin=False) as session:
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
