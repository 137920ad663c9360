"""The options of a login on their way into the library.

The dictionary they come in is emptied as they are taken, so that no traceback's frame holds a
password.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_void_p, create_string_buffer
from typing import Any, Callable, Optional, TypeVar, get_type_hints

from . import _library, _values
from ._error import take_error
from ._errors import InvalidArgument
from ._options import DOCUMENTATION, TABLE, Options

_Function = TypeVar("_Function", bound=Callable[..., Any])


def takes_options(function: _Function) -> _Function:
    """Lets the signature, the type hints and the documentation of a function show the options that
    it takes as ``**options``."""
    hints = get_type_hints(Options)
    own = inspect.signature(function)
    parameters = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in hints.items()
    ]
    function.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {
        **{name: hint for name, hint in function.__annotations__.items() if name != "options"},
        **hints,
    }
    function.__doc__ = f"{inspect.getdoc(function)}\n\n{DOCUMENTATION}"
    return function


@contextmanager
def configured(function: Callable[..., Any], load_env: bool, options: Any) -> Iterator[c_void_p]:
    """A ``tsm_config`` with the options that a function was given by hand, and those of the
    environment that they leave open."""
    config = c_void_p(_library.config_new())
    try:
        for name in options:
            _require_known(name, function)
        if not isinstance(load_env, bool):
            raise TypeError(f"load_env must be bool, not {type(load_env).__name__}")
        for name in list(options):
            _set(config, name, options)
        error = c_void_p()
        status = _library.config_load_env(config, byref(error)) if load_env else 0
        if status:
            raise take_error(status, error)
        yield config
    finally:
        options.clear()
        _library.config_free(config)


def header_lines(config: c_void_p, headers: Optional[_values.Headers]) -> list[bytes]:
    """The headers that a session is to send with all its requests."""
    if headers is None:
        return []
    lines = _values.headers(headers)
    protocol = create_string_buffer(8)
    _library.config_get(config, b"protocol", protocol, len(protocol), None)
    if lines and protocol.value == b"soap":
        raise InvalidArgument('headers are for the requests of a session with protocol="rest"')
    return lines


def _require_known(name: str, function: Callable[..., Any]) -> None:
    if name in TABLE:
        return
    import difflib  # which takes its time

    taken = inspect.signature(function).parameters
    near = difflib.get_close_matches(name[:64].lower(), taken, n=1, cutoff=0.5)
    if not near:
        hint = f"help(thingspace_session.{function.__name__}) lists them"
    elif near[0] in TABLE:
        hint = f"did you mean {near[0]!r} ({TABLE[near[0]][2]})?"
    else:
        hint = f"did you mean {near[0]!r}?"
    raise InvalidArgument(f"there is no option {name[:64]!a}; {hint}")


def _set(config: c_void_p, name: str, options: dict[str, Any]) -> None:
    if options[name] is None:
        return
    library_name, kind, values = TABLE[name]
    error = c_void_p()
    status = _library.config_set(
        config, library_name.encode(), _encoded(name, kind, options.pop(name)), byref(error)
    )
    if status:
        failure = take_error(status, error)
        if kind is float:  # its words are about milliseconds
            failure = InvalidArgument(f"{name} must be a number of {values}")
        raise failure


def _encoded(name: str, kind: type, value: Any) -> bytes:
    """An option's value as the text that the library takes."""
    try:
        if kind is float:
            return str(_values.milliseconds(value, name)).encode()
        if kind is os.PathLike:
            if not isinstance(value, (str, kind)):
                raise TypeError(f"{name} must be str or a path, not {type(value).__name__}")
            return _values.text(os.fspath(value), name)
        if kind is bool and isinstance(value, bool):
            return b"true" if value else b"false"
        if kind is int and isinstance(value, int) and not isinstance(value, bool):
            return str(value).encode()
        if kind in (bool, int):
            raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")
        return _values.text(value, name)
    finally:
        del value
