"""Brings the library's log lines to the ``logging`` module, under the logger
``thingspace_session``; and the end of the interpreter.

A thread that brings a log line while the interpreter goes away would be ended by Python (before
3.14) in the middle of the library, which ends the process. So other threads than the main one leave
the library before, and stay out.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import sys
import time
import warnings
from ctypes import c_void_p
from threading import get_ident
from typing import Any, Callable, Optional

from . import _call, _library
from ._error import GuardWarning

_PACKAGE = os.path.dirname(__file__) + os.sep

TRACE = 5
"""The ``logging`` level of the library's finest lines, below ``logging.DEBUG``."""

_logger = logging.getLogger("thingspace_session")
_logger.addHandler(logging.NullHandler())
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: TRACE}
_callbacks: list[Any] = []
"""The first is the one in use. Threads that log in first at the same time make more, which none may
then let go of."""

_heard: dict[int, list[str]] = {}
"""The warnings of the logins that are under way, by thread."""

running: dict[int, Optional[c_void_p]] = {}
"""The ``tsm_call`` of each call that is in the library, by a number of its own."""

exiting = False
"""Whether the interpreter exits. Only the main thread may enter the library then."""


def configure(config: Any) -> int:
    """Sends a config's log lines to the logger, as far as the logger lets them through now; gives
    the level of that."""
    wanted = level()
    if not _callbacks:
        try:
            _callbacks.append(_library.LOG_FUNCTION(_deliver))
        except MemoryError:  # a hardened system that grants no executable memory: no log lines
            return wanted
    _library.config_set_log(config, wanted, _callbacks[0], None)
    return wanted


def level() -> int:
    """How much the logger lets through now, as the library counts it. Warnings always: they are
    told by ``warnings`` as well."""
    lets_through = _logger.isEnabledFor
    if not lets_through(logging.INFO):
        return 2
    _call.frequent_callback = _deliver  # more than warnings: many
    return 5 if lets_through(TRACE) else 4 if lets_through(logging.DEBUG) else 3


class Warnings:
    """What the library warns of in the calls that a session is logged in by, for ``warnings`` to
    tell when that is done."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[str] = []

    def heard_in(self, function: Callable[..., int]) -> Callable[..., int]:
        """The function, with its warnings heard."""

        def hear(*arguments: Any) -> int:
            thread = get_ident()
            _heard[thread] = self._lines
            try:
                return function(*arguments)
            finally:
                _heard.pop(thread, None)

        return hear

    def tell(self) -> None:
        """Warns whoever called the package.

        It is said when a login was sent, which must not be lost for it: what raises, as a filter
        "error" does, is reported to ``sys.unraisablehook`` and the call goes on.
        """
        lines, self._lines = self._lines, []
        for line in lines:
            _Warning(line)


class _Warning:
    """Warns as it is dropped, since Python reports what raises then, and goes on."""

    __slots__ = ("_line",)

    def __init__(self, line: str) -> None:
        self._line = line

    def __del__(self) -> None:
        level, frame = 1, sys._getframe()
        while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
            level, frame = level + 1, frame.f_back
        warnings.warn(self._line, GuardWarning, stacklevel=level)


def _deliver(level: int, address: Optional[int], length: int, _context: Any) -> None:
    """Runs in whatever thread is in a call of the library. Nothing it raises may reach the
    library."""
    try:
        message = ctypes.string_at(address, length).decode("utf-8", "replace") if address else ""
        if level == 2 and get_ident() in _heard:
            _heard[get_ident()].append(message)
        _logger.log(_LEVELS.get(level, TRACE), "%s", message)
    except Exception:
        # A filter or handler that raises. Handlers of `logging` report their own failures; a call
        # is not the place.
        pass
    except BaseException as error:
        _call.keep_interrupt(error)


@atexit.register
def _stop() -> None:
    """Ends the calls of other threads, and waits until they have left the library."""
    global exiting
    exiting = (
        True  # before the calls are looked at, as each call is put there before it looks at this
    )
    for call in list(running.values()):
        _library.call_cancel(call)
    patience = time.monotonic() + 2
    while running and time.monotonic() < patience:
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        after_in_child=running.clear
    )  # the threads that are in calls are the parent's
