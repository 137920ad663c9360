"""One call's deadline and cancellation, and Ctrl-C.

While the library waits in the main thread it asks a function of ours, several times a second,
whether to go on. Being asked is enough to let Python run its signal handlers; when one raises, as
SIGINT's does, the call is cancelled and the exception leaves it. The session stays usable.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from ctypes import c_void_p
from threading import get_ident
from types import GeneratorType, TracebackType
from typing import Any, Callable, NoReturn, Optional, cast

from . import _library, _values


class Cancellation:
    """Ends calls from another thread.

    Pass it as ``cancel=`` to any number of calls, then call ``cancel()``: those running and those
    made with it later raise ``Cancelled``; the session stays usable. All methods may be used from
    any thread.
    """

    __slots__ = ("__weakref__", "_calls", "_cancelled", "_lock")

    def __init__(self) -> None:
        self._lock = (
            threading.RLock()
        )  # re-entrant: a signal handler may cancel what its own thread is beginning
        self._calls: set[Optional[int]] = set()
        self._cancelled = False

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "not cancelled"
        return f"<thingspace_session.Cancellation {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a cancellation cannot be copied or pickled")

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel()`` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Ends the calls made with this object. It cannot be undone."""
        with self._lock:
            self._cancelled = True
            for call in self._calls:
                _library.call_cancel(call)

    def _add(self, call: c_void_p) -> None:
        with self._lock:
            self._calls.add(call.value)
            if self._cancelled:
                _library.call_cancel(call)

    def _discard(self, call: c_void_p) -> None:
        with self._lock:
            self._calls.discard(call.value)


def new_call(timeout_ms: Optional[int] = None) -> c_void_p:
    """A ``tsm_call``. Not a number, since functions without ``argtypes`` would take that for an
    ``int`` of C."""
    call = c_void_p(_library.call_new())
    if timeout_ms is not None:
        _library.call_set_timeout(call, timeout_ms)
    return call


frequent_callback: Optional[Callable[..., None]] = None
"""A Python function that the library calls often during calls, if there is one: see ``Limits``."""


class Limits:
    """A ``tsm_call`` for one call with a timeout or a cancellation, to be entered and left around
    it.

    In the main thread it also keeps what a signal handler raises as the frequent callback is
    entered. Python runs handlers as a function is entered, before its first ``try``; ctypes reports
    what leaves a callback to ``sys.unraisablehook`` and drops it, so that a Ctrl-C would be lost
    now and then.
    """

    __slots__ = ("_call", "_cancel", "_previous_hook")

    def __init__(self, timeout: Optional[float], cancel: Optional[Cancellation]) -> None:
        if cancel is not None and not isinstance(cancel, Cancellation):
            raise TypeError(
                f"cancel must be a thingspace_session.Cancellation, not {type(cancel).__name__}"
            )
        timeout_ms = None if timeout is None else _values.milliseconds(timeout)
        self._cancel = cancel
        self._call = new_call(timeout_ms)
        self._previous_hook: Optional[Callable[[sys.UnraisableHookArgs], Any]] = None

    def __enter__(self) -> c_void_p:
        if _interrupt.may_ask():
            _interrupt.attach(self._call)
            if frequent_callback is not None:
                self._previous_hook, sys.unraisablehook = sys.unraisablehook, self._hook
        if self._cancel is not None:
            self._cancel._add(self._call)
        return self._call

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._previous_hook is not None and sys.unraisablehook == self._hook:
            sys.unraisablehook = self._previous_hook
        if self._cancel is not None:
            self._cancel._discard(self._call)
        _library.call_free(self._call)

    def _hook(self, unraisable: sys.UnraisableHookArgs) -> None:
        # Python 3.13 names the callback in the message only.
        about_callback = unraisable.object is frequent_callback or repr(frequent_callback) in (
            unraisable.err_msg or ""
        )
        if about_callback and unraisable.exc_value is not None:
            _interrupt.keep(unraisable.exc_value)
        elif self._previous_hook is not None:
            self._previous_hook(unraisable)


class _Interrupt:
    """What the library asks in the main thread, and the exception that a signal handler raised
    meanwhile."""

    def __init__(self) -> None:
        self.caught: Optional[BaseException] = None
        self._main_thread = threading.main_thread().ident
        self._watch = cast("GeneratorType[int, None, None]", self._watching())
        next(self._watch)
        self._ask: Any = None
        self._call: Optional[c_void_p] = None

    def _watching(self) -> Generator[int, None, None]:
        # A generator, since a plain function cannot catch what a signal handler raises: Python runs
        # handlers as a function is entered, before its first `try`, and ctypes drops what leaves a
        # callback. A generator is resumed inside its `try`.
        while True:
            try:
                while True:
                    yield 0 if self.caught is None else 1
            except GeneratorExit:
                return
            except BaseException as error:
                self.caught = error

    def in_main_thread(self) -> bool:
        return get_ident() == self._main_thread

    def may_ask(self) -> bool:
        """Whether this is the main thread, and not a signal handler that runs while the library
        asks."""
        return get_ident() == self._main_thread and not self._watch.gi_running

    def attach(self, call: c_void_p) -> None:
        if self._ask is None:
            try:
                self._ask = _library.INTERRUPT_FUNCTION(self._watch.__next__)
            except (
                MemoryError
            ):  # a hardened system that grants no executable memory: calls end by their timeout
                return
        _library.call_set_interrupt(call, self._ask, None)

    def shared_call(self) -> c_void_p:
        """A ``tsm_call`` without limits of its own: in the main thread one that asks, else one for
        all threads."""
        if not self.may_ask():
            return _of_other_threads
        if self._call is None:
            call = new_call()
            self.attach(call)
            self._call = call
        return self._call

    def keep(self, error: BaseException) -> None:
        """Remembers an exception that a signal handler raised where it could not leave, for the
        call to raise."""
        if get_ident() == self._main_thread:
            self.caught = error

    def raise_caught(self) -> None:
        """Raises, in the main thread, what a signal handler raised during the call."""
        if self.caught is not None and get_ident() == self._main_thread:
            error, self.caught = self.caught, None
            try:
                raise error
            finally:
                del error

    def start_over_in_child(self) -> None:
        # The forking thread is the child's main thread.
        self.caught = None
        self._main_thread = get_ident()


_interrupt = _Interrupt()
_of_other_threads = new_call()

shared_call = _interrupt.shared_call
keep_interrupt = _interrupt.keep
raise_interrupt = _interrupt.raise_caught
in_main_thread = _interrupt.in_main_thread

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_interrupt.start_over_in_child)
