"""The same story as in devices.py, for asyncio: many calls at once meet an expired token, and one
login mends them all."""

import asyncio
import os
import urllib.request

import thingspace_session

ACCOUNT = "0000123456-00001"


async def list_devices(session: thingspace_session.AsyncSession) -> int:
    answer = await session.post("/m2m/v1/devices/actions/list", json={"accountName": ACCOUNT})
    return len(answer.raise_for_status().json()["devices"])


def let_the_token_expire() -> None:
    control = os.environ.get("TSM_SANDBOX_CONTROL")
    if control:
        urllib.request.urlopen(control + "/expire", data=b'{"what": "session"}').close()


async def main() -> None:
    async with thingspace_session.login_async() as session:
        print("logged in;", await list_devices(session), "devices")
        await asyncio.to_thread(let_the_token_expire)
        devices = await asyncio.gather(*(list_devices(session) for _ in range(10)))
        print("the token expired and was renewed;", max(devices), "devices")
        await session.logout()


if __name__ == "__main__":
    asyncio.run(main())
