"""thingspace_session keeps a ThingSpace Connectivity Management session alive for a program.

It logs in once, hands out the session token, logs in again only when the platform says the token
expired, sends again what was refused, and never lets the account be locked::

    import thingspace_session

    with thingspace_session.login(
        username="…", password="…", app_key="…", app_secret="…"
    ) as session:
        devices = session.post("/m2m/v1/devices/actions/list", json={"accountName": "…"}).json()

``login_async`` is the same for asyncio; ``open_session`` gives a session that logs in when it is
first needed. ``thingspace_session.requests``, ``thingspace_session.httpx`` and
``thingspace_session.aiohttp`` hold adapters for those clients, ``thingspace_session.opentelemetry``
metrics and spans.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, get_type_hints

from . import _errors, _library
from ._async import AsyncExchange, AsyncLogin, AsyncSession, login_async, open_session_async
from ._call import Cancellation
from ._error import GuardWarning
from ._errors import *  # noqa: F403 - a list that is generated
from ._event import Event
from ._exchange import Exchange, Tokens
from ._options import Options
from ._response import Headers, Response, check
from ._session import Session, login, open_session, unblock

if TYPE_CHECKING:
    from . import aiohttp as aiohttp
    from . import httpx as httpx
    from . import opentelemetry as opentelemetry
    from . import requests as requests

__all__ = [
    "AsyncExchange",
    "AsyncLogin",
    "AsyncSession",
    "Cancellation",
    "Event",
    "Exchange",
    "GuardWarning",
    "Headers",
    "Options",
    "Response",
    "Session",
    "Tokens",
    "check",
    "login",
    "login_async",
    "open_session",
    "open_session_async",
    "unblock",
    "version",
]
__all__ += _errors.__all__

version: str = _library.version().decode()
"""The version of the loaded library."""

__version__ = "0.1.0"

for _public in map(globals().__getitem__, __all__):
    # Tracebacks and help() should say thingspace_session.Timeout, and pickles should not name the
    # file it lives in. The names in a class's hints are those of that file, so they go first.
    if isinstance(_public, type):
        _public.__annotations__ = get_type_hints(_public)
    if callable(_public):
        _public.__module__ = "thingspace_session"


_ADAPTERS = ("aiohttp", "httpx", "opentelemetry", "requests")


def __getattr__(name: str) -> Any:
    if name not in _ADAPTERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ImportError as error:
        raise AttributeError(str(error)) from error


def __dir__() -> list[str]:
    return [*__all__, *_ADAPTERS, *(name for name in globals() if name.startswith("__"))]
