"""Brings the library's log lines to the ``logging`` module, under the logger ``tsm``."""

from __future__ import annotations

import atexit
import ctypes
import logging
import time
import weakref
from typing import TYPE_CHECKING, Any, Optional

from . import _call, _library

if TYPE_CHECKING:
    from ._call import Cancellation
    from ._session import Session

TRACE = 5
"""The ``logging`` level of the library's finest lines, below ``logging.DEBUG``."""

_logger = logging.getLogger("tsm")
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: TRACE}
_callback: Any = None
_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
_logins: weakref.WeakSet[Cancellation] = weakref.WeakSet()
calls: set[int] = set()
"""A number for each call that is in the library."""


def configure(config: Any) -> bool:
    """Sends a config's log lines to the logger, as far as the logger lets them through now; says whether it does."""
    global _callback
    wanted = max((ours for ours, theirs in _LEVELS.items() if _logger.isEnabledFor(theirs)), default=0)
    if not wanted:
        return False
    if _callback is None:
        try:
            _callback = _library.LOG_FUNCTION(_deliver)
        except MemoryError:  # a hardened system that grants no executable memory: no log lines
            return False
    if wanted > 2:  # more than warnings: many
        _call.frequent_callback = _deliver
    return not _library.config_set_log(config, wanted, _callback, None)


def _deliver(level: int, address: Optional[int], length: int, _context: Any) -> None:
    """Runs in whatever thread is in a call of the library. Nothing it raises may reach the library."""
    try:
        message = ctypes.string_at(address, length).decode("utf-8", "replace") if address else ""
        _logger.log(_LEVELS.get(level, TRACE), "%s", message)
    except Exception:
        # A filter or handler that raises. Handlers of `logging` report their own failures; a call is not the place.
        pass
    except BaseException as error:
        _call.keep_interrupt(error)


def remember(session: Session) -> None:
    """Has a session that logs closed when the interpreter exits."""
    _sessions.add(session)


def remember_login(cancel: Cancellation) -> None:
    """Has a login that logs ended when the interpreter exits."""
    _logins.add(cancel)


@atexit.register
def _stop() -> None:
    """Gets daemon threads out of the library before the interpreter goes away.

    A thread that brings a log line then would be ended by Python (before 3.14) in the middle of the library.
    """
    for cancel in list(_logins):
        cancel.cancel()
    for session in list(_sessions):
        session.close()
    patience = time.monotonic() + 2
    while _callback is not None and calls and time.monotonic() < patience:
        time.sleep(0.001)
