"""The public API as its readers meet it: hints, help, copies, and words for what is not there."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pickle
import pydoc
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

import thingspace_session
import thingspace_session.aiohttp
import thingspace_session.httpx
import thingspace_session.opentelemetry
import thingspace_session.requests

PACKAGE = Path(__file__).resolve().parents[1] / "src"
MODULES = [
    thingspace_session,
    thingspace_session.aiohttp,
    thingspace_session.httpx,
    thingspace_session.opentelemetry,
    thingspace_session.requests,
]


def public() -> Iterator[tuple[str, Any]]:
    """Everything that a program may name, methods and properties included."""
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value):
                yield f"{module.__name__}.{name}", value
            for inner, member in vars(value).items() if isinstance(value, type) else ():
                function = getattr(member, "fget", getattr(member, "__func__", member))
                if not inner.startswith("_") and inspect.isfunction(function):
                    yield f"{module.__name__}.{name}.{inner}", function


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_type_hints_resolve(name: str) -> None:
    hints = typing.get_type_hints(PUBLIC[name])
    if inspect.isfunction(PUBLIC[name]):
        named = set(inspect.signature(PUBLIC[name]).parameters) - {"self", "cls"}
        assert named <= set(hints)


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_has_its_documentation(name: str) -> None:
    assert inspect.getdoc(PUBLIC[name])


@pytest.mark.parametrize(
    "function",
    [
        thingspace_session.login,
        thingspace_session.login_async,
        thingspace_session.open_session,
        thingspace_session.open_session_async,
        thingspace_session.unblock,
    ],
)
def test_help_lists_every_option_with_its_unit(function: Any) -> None:
    text = pydoc.plain(pydoc.render_doc(function))
    for option, hint in typing.get_type_hints(thingspace_session.Options).items():
        assert f"\n        {option}: " in text
        assert inspect.signature(function).parameters[option].annotation == hint
    assert "seconds, 0.001 to 86400; default 30" in " ".join(text.split())
    assert typing.get_type_hints(function)["timeout"] == Optional[float]


def test_the_signature_of_login_is_what_it_takes(options: thingspace_session.Options) -> None:
    signature = inspect.signature(thingspace_session.login)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    signature.bind(**options, headers=None, load_env=True, cancel=None)
    with pytest.raises(TypeError):
        signature.bind(timeout_ms=1)


def test_what_lists_names_shows_the_public_ones() -> None:
    names = {name for name in dir(thingspace_session) if not name.startswith("_")}
    adapters = {"aiohttp", "httpx", "opentelemetry", "requests"}
    assert names == set(thingspace_session.__all__) | adapters
    assert {"__version__", "__doc__"} <= set(dir(thingspace_session))


def test_a_program_without_asyncio_does_not_load_it() -> None:
    script = "import sys, thingspace_session; sys.exit('asyncio' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)


def test_names_are_those_of_the_package() -> None:
    for name in thingspace_session.__all__:
        value = getattr(thingspace_session, name)
        assert getattr(value, "__module__", "thingspace_session") == "thingspace_session"


def test_what_is_bound_to_a_session_cannot_be_copied(session: thingspace_session.Session) -> None:
    bound = [session, session.exchange(), thingspace_session.Cancellation()]
    for value in bound:
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied or pickled"):
                copied(value)
        assert repr(value).startswith("<thingspace_session.")


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def test_plain_data_can_be_copied(session: thingspace_session.Session) -> None:
    tokens = session.exchange().tokens()
    assert tokens is not None
    headers = thingspace_session.Headers({"A": "1"})
    for value in (tokens, headers):
        for copied in (copy.copy, copy.deepcopy, pickled):
            assert type(copied(value)) is type(value)
    assert copy.deepcopy(tokens).session_token == tokens.session_token
    assert pickle.loads(pickle.dumps(headers)) == headers


WITHOUT = """
import sys
for name in sys.argv[2:]:
    sys.modules[name] = None
import thingspace_session
print(hasattr(thingspace_session, sys.argv[1]))
for way in (lambda: getattr(thingspace_session, sys.argv[1]),
            lambda: __import__("thingspace_session." + sys.argv[1])):
    try:
        way()
    except (AttributeError, ImportError) as error:
        print(type(error).__name__, error)
"""


def without(extra: str, *missing: str) -> list[str]:
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT, extra, *missing],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return process.stdout.splitlines()


@pytest.mark.parametrize(
    ("extra", "missing"),
    [
        ("requests", "requests"),
        ("httpx", "httpx"),
        ("httpx", "anyio"),
        ("aiohttp", "aiohttp"),
        ("opentelemetry", "opentelemetry"),
    ],
)
def test_a_missing_extra_is_named_with_how_to_get_it(extra: str, missing: str) -> None:
    has, attribute, module = without(extra, missing)
    assert has == "False"
    for line, kind in ((attribute, "AttributeError"), (module, "ImportError")):
        assert line.startswith(kind)
        assert f'pip install "thingspace-session[{extra}]"' in line
        assert missing in line


def test_an_extra_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thingspace_session._adapter, "version", lambda _: "3.7.1")
    monkeypatch.delitem(sys.modules, "thingspace_session.httpx")
    with pytest.raises(ImportError, match=r"but anyio is 3\.7\.1: pip install"):
        importlib.import_module("thingspace_session.httpx")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        thingspace_session.nonsense  # noqa: B018
    assert {"httpx", "requests", "login"} <= set(dir(thingspace_session))


def test_import_star_gives_what_is_public() -> None:
    names: dict[str, Any] = {}
    exec("from thingspace_session import *", names)
    assert {"login", "Session", "Timeout", "SessionTokenExpired"} <= set(names)
