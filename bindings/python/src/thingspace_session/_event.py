"""Brings what happens to a session to a function of the program's."""

from __future__ import annotations

import ctypes
import inspect
import itertools
import logging
from ctypes import byref, c_void_p
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Optional, cast
from weakref import WeakValueDictionary

from . import _call, _library
from ._error import take_error
from ._metrics import EventDetail, EventKind

_logger = logging.getLogger("thingspace_session")


@dataclass(frozen=True)
class Event:
    """Something that happened to a session. It holds no secret.

    The kinds of events and their details are in ``docs/events.md`` of the project.
    """

    kind: EventKind
    """What happened, such as ``"login_ended"``. Later versions may add kinds."""
    detail: Optional[EventDetail]
    """What tells it from others of its kind, such as ``"success"``."""
    time: datetime
    """When it happened (UTC); what took time ended then."""
    duration: Optional[float]
    """How long it took, in seconds, where it took time."""
    slots_left: Optional[int]
    """How many logins the lockout guard has left, as this session saw last; ``None`` before it has
    looked."""
    status_name: Optional[str]
    """The kind of the failure that it was or came of, such as ``"TSM_E_CREDENTIALS"``; ``None`` if
    nothing failed."""
    code: str
    """The platform's code for that failure; ``""`` if there was none."""
    http_status: Optional[int]
    """The HTTP status of that failure, if there was one."""
    message: str
    """What failed and what to do, for a person; ``""`` if nothing failed."""


OnEvent = Callable[[Event], Any]


class Listener:
    """A function that is told of events for as long as this object lives."""

    __slots__ = ("__weakref__", "function")

    def __init__(self, function: OnEvent) -> None:
        self.function = function


_listeners: WeakValueDictionary[int, Listener] = WeakValueDictionary()
_numbers = itertools.count(1)
_callbacks: list[Any] = []
"""The first is the one in use. Threads that log in first at the same time make more, which none may
then let go of."""


def listen(config: c_void_p, function: Optional[OnEvent]) -> Optional[Listener]:
    """Tells ``function`` what happens to the sessions of a config, for as long as what is returned
    is kept: it goes with the session."""
    if function is None:
        return None
    if not callable(function):
        raise TypeError(f"on_event must be callable, not {type(function).__name__}")
    if any(map(inspect.iscoroutinefunction, (function, type(function).__call__))):
        raise TypeError("on_event must be a plain function: a coroutine would not be awaited")
    if not _callbacks:
        _callbacks.append(_library.EVENT_FUNCTION(_deliver))
    listener, number = Listener(function), next(_numbers)
    _listeners[number] = listener
    error = c_void_p()
    status = _library.config_set_event(config, _callbacks[0], number, byref(error))
    if status:
        raise take_error(status, error)
    return listener


def _deliver(address: int, number: int) -> None:
    """Runs in whatever thread is in a call of the library. Nothing it raises may reach the
    library."""
    try:
        listener = _listeners.get(number)
        if listener is not None:
            listener.function(_event(_library.Event.from_address(address)))
    except Exception:
        _logger.exception("on_event raised an exception")
    except BaseException as error:
        _call.keep_interrupt(error)


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _event(of: _library.Event) -> Event:
    detail = of.detail.decode()
    return Event(
        kind=cast("EventKind", of.name.decode()),
        detail=cast("EventDetail", detail) if detail else None,
        time=_EPOCH + timedelta(microseconds=of.time_us),
        duration=None if of.duration_us < 0 else of.duration_us / 1e6,
        slots_left=None if of.slots_left < 0 else of.slots_left,
        status_name=_library.status_name(of.status).decode() if of.status else None,
        code=of.code.decode("utf-8", "replace"),
        http_status=of.http_status or None,
        message=of.message.decode("utf-8", "replace"),
    )


def metrics(handle: Optional[c_void_p]) -> str:
    """What a session counted, as Prometheus text."""
    buffer = ctypes.create_string_buffer(_library.METRICS_MAX)
    error = c_void_p()
    status = _library.metrics(handle, buffer, len(buffer), byref(error))
    if status:
        raise take_error(status, error)
    return buffer.value.decode()
