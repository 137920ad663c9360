"""Calls of the library for event loops: a thread waits in each call, its task in the loop.

The threads are one session's own, so that neither asyncio's executor nor another session ever waits
for them. They come as calls need them, and end when there was nothing to do for a while.

The loop makes the arguments of a call and reads its answer; a thread only calls. So the
interpreter's lock changes hands as seldom as it can. What is done comes to its loop with one
wake-up for all that is done by then.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import threading
import time
import weakref
from collections import deque
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any, Callable, Optional

from . import _call, _library, _log, _session, _values
from ._error import take_error
from ._errors import Cancelled, Timeout

if TYPE_CHECKING:
    import asyncio

MOST_THREADS = 512
"""Of one session, as each holds a connection while its call is under way, of which a process may
have a thousand or so. More calls wait for one of them."""

IDLE_SECONDS = 10.0
"""How long a thread stays that has nothing to do."""


class Workers:
    """The threads of one session. Its calls may come from any number of loops."""

    __slots__ = (
        "__weakref__",
        "_free",
        "_idle_seconds",
        "_jobs",
        "_lock",
        "_most",
        "_threads",
        "_timeout",
    )

    def __init__(self, timeout: float) -> None:
        """``timeout`` is that of calls without one of their own, in seconds."""
        self._timeout = timeout
        self._most = MOST_THREADS
        self._idle_seconds = IDLE_SECONDS
        self.start_over()
        _all.add(self)

    def start_over(self) -> None:
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Optional[_Job]] = queue.SimpleQueue()
        self._threads = 0
        self._free = 0  # threads without a job, less jobs without a thread

    async def run(
        self,
        function: Callable[..., int],
        handle: Optional[c_void_p],
        arguments: tuple[Any, ...],
        timeout: Optional[float] = None,
        made: Optional[c_void_p] = None,
        free: Any = None,
    ) -> None:
        """Calls ``function(handle, call, *arguments, error)`` in a thread and raises what it
        reports. When the task is cancelled, so is the call.

        ``made`` is where the call puts a handle that it makes, and ``free`` what frees that if the
        task is not there to take it.
        """
        job = _Job(function, handle, arguments, timeout, made, free)
        job.seconds = self._timeout if timeout is None else timeout
        del arguments  # there may be secrets in it, which no traceback is to show
        patience = None
        if not self._put(job):
            patience = job.mailbox.loop.call_later(job.seconds, self._give_up, job)
        try:
            await job.future
        except BaseException:
            job.cancel()
            raise
        finally:
            if patience is not None:
                patience.cancel()
        job.end()

    def dismiss(self) -> None:
        """Ends the threads that have nothing to do, and each other one when its call is done."""
        self._idle_seconds = 0
        with self._lock:
            idle = max(self._free, 0)
            self._free -= idle
            self._threads -= idle
        for _ in range(idle):
            self._jobs.put(None)

    def _put(self, job: _Job) -> bool:
        """Gives a job to a thread; ``False`` when it has to wait for one."""
        with self._lock:
            self._free -= 1
            has_thread = self._free >= 0
            starts = not has_thread and self._threads < self._most
            if starts:
                self._free += 1
                self._threads += 1
        if starts:
            has_thread = self._start()
        if not has_thread:
            job.asked = time.monotonic()
        self._jobs.put(job)
        return has_thread

    def _start(self) -> bool:
        thread = threading.Thread(
            target=_work, args=(self,), name="thingspace_session", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._threads -= 1
                if not self._threads:
                    raise
                self._free -= 1  # the system grants no more: the job waits for one that there is
            return False
        return True

    def next(self) -> Optional[_Job]:
        """In a thread: the job to do; ``None`` when the thread is to end."""
        while True:
            try:
                job = self._jobs.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if self._free > 0:
                        self._free -= 1
                        self._threads -= 1
                        return None
                continue  # a job that counts on this thread is on its way
            if job is None and self._idle_seconds == 0:
                self.dismiss()  # it may have been meant for another thread, which waits for one
            if job is None or job.asked is None or self._begin(job, job.asked):
                return job
            self.done()

    def done(self) -> None:
        """In a thread: it has no job any more."""
        with self._lock:
            self._free += 1

    def _begin(self, job: _Job, asked: float) -> bool:
        """Takes a job that had to wait, unless nobody waits for it any more."""
        with self._lock:
            if job.future.done():
                return False
            job.asked = None
        job.waited(time.monotonic() - asked)
        return True

    def _give_up(self, job: _Job) -> None:
        with self._lock:
            if job.asked is None:
                return  # a thread has it
            job.failure = Timeout(
                f"the call's time is up ({job.seconds:g} s), and none of the session's "
                f"{self._most} threads was free for it meanwhile: nothing was sent"
            )
            job.tell()


_all: weakref.WeakSet[Workers] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):

    def _start_over() -> None:
        for workers in list(_all):
            workers.start_over()

    os.register_at_fork(after_in_child=_start_over)  # the threads are the parent's


def _work(workers: Workers) -> None:
    while True:
        job = workers.next()
        if job is None:
            return
        job.run()
        workers.done()  # before the loop knows, that its next call may find this thread
        if _log.exiting and not job.in_main_thread:
            return  # without a word, as all threads that are in calls at the exit
        job.mailbox.put(job)
        del job  # it may be the last to know it


class _Job:
    """One call of the library, for a task. What it holds there is freed with it, since the task may
    be cancelled, or its loop closed, before the thread is done."""

    __slots__ = (
        "_arguments",
        "_call",
        "_context",
        "_error",
        "_free",
        "_function",
        "_handle",
        "_made",
        "_status",
        "asked",
        "failure",
        "future",
        "in_main_thread",
        "mailbox",
        "seconds",
    )

    seconds: float

    def __init__(
        self,
        function: Callable[..., int],
        handle: Optional[c_void_p],
        arguments: tuple[Any, ...],
        timeout: Optional[float],
        made: Optional[c_void_p],
        free: Any,
    ) -> None:
        self._call, self._error, self._made, self._free = c_void_p(), c_void_p(), made, free
        self._call = _call.new_call(None if timeout is None else _values.milliseconds(timeout))
        self._function, self._handle, self._arguments = function, handle, arguments
        self._context = contextvars.copy_context()  # for handlers of log lines
        self._status = 0
        self.failure: Optional[BaseException] = None
        self.in_main_thread = _call.in_main_thread()
        self.asked: Optional[float] = None  # when, of one that no thread has
        self.mailbox = _mailbox()
        self.future: asyncio.Future[None] = self.mailbox.loop.create_future()

    def __del__(
        self, free_call: Any = _library.call_free, free_error: Any = _library.error_free
    ) -> None:
        # Bound at definition: globals may be gone when the interpreter exits.
        free_call(self._call)
        if self._error:
            free_error(self._error)
        if self._made:
            self._free(self._made)

    def run(self) -> None:
        """In a thread: makes the call."""
        try:
            self._status = self._context.run(
                _session._enter,
                self._function,
                self._handle,
                self._call,
                self._arguments,
                self._error,
            )
        except SystemExit:
            self.failure = Cancelled("the interpreter exits: nothing was sent")
        except BaseException as error:
            self.failure = error
        self._arguments = ()

    def waited(self, seconds: float) -> None:
        _library.call_set_waited(self._call, int(seconds * 1000))

    def cancel(self) -> None:
        """Ends the call, begun or not."""
        _library.call_cancel(self._call)

    def tell(self) -> None:
        """In the loop: wakes the task, if it still waits."""
        if not self.future.done():
            self.future.set_result(None)

    def end(self) -> None:
        """In the loop: leaves what the call made to the task, or raises what it reported."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            try:
                raise failure
            finally:
                del failure
        if self._status:
            error, self._error = self._error, c_void_p()
            raise take_error(self._status, error)
        self._made = None


class _Mailbox:
    """What was done for the tasks of one loop."""

    __slots__ = ("__weakref__", "_done", "_is_told", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._done: deque[_Job] = deque()
        self._is_told = False

    def put(self, job: _Job) -> None:
        """From any thread."""
        self._done.append(job)
        if not self._is_told:
            self._is_told = True
            # A loop that is closed has nobody waiting.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._is_told = False  # before it looks: what comes later tells anew
        while self._done:
            self._done.popleft().tell()


_mailboxes: weakref.WeakValueDictionary[int, _Mailbox] = weakref.WeakValueDictionary()
"""By the loop's ``id``, which no other loop has as long as a mailbox holds the loop."""


def _mailbox() -> _Mailbox:
    import asyncio  # whose loading takes as long as that of all else here

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "an AsyncSession works in a running event loop of asyncio (or of what stands in for "
            "it, as uvloop does); with trio, use the adapter for httpx"
        ) from None
    mailbox = _mailboxes.get(id(loop))
    if mailbox is None:
        mailbox = _mailboxes[id(loop)] = _Mailbox(loop)
    return mailbox
