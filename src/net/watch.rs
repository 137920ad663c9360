//! The call on whose behalf bytes move.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;

use super::explain;
use crate::call::{Running, SLICE};
use crate::error::Error;

/// I/O under way for one call.
pub(crate) struct Watch {
    running: Running,
    next_check: Instant,
    /// Whether what is written counts as sent.
    counts: bool,
    sent: bool,
    reason: Option<Error>,
}

impl Watch {
    pub fn new(running: &Running) -> Watch {
        Watch {
            running: running.clone(),
            next_check: Instant::now() + SLICE,
            counts: false,
            sent: false,
            reason: None,
        }
    }

    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Work that has this much time, and what is `undone` when it is up.
    pub fn within<R>(
        &mut self,
        limit: Duration,
        undone: &'static str,
        work: impl FnOnce(&mut Watch) -> R,
    ) -> R {
        let inner = self.running.within(limit, undone);
        let outer = std::mem::replace(&mut self.running, inner);
        let done = work(self);
        self.running = outer;
        done
    }

    /// Counts the call's time from now on.
    pub fn restart(&mut self) {
        self.running.restart();
    }

    /// From here on what is written is the request itself.
    pub fn begin_to_send(&mut self) {
        self.counts = true;
    }

    /// Whether anything of the request can have left this machine.
    pub fn sent(&self) -> bool {
        self.sent
    }

    /// Something was written. From then on what must not be given up has its own time.
    pub(super) fn wrote(&mut self) {
        if self.counts && !self.sent {
            self.sent = true;
            self.running = self.running.once_sent();
        }
    }

    /// Asks the call whether it goes on.
    pub fn check(&mut self) -> io::Result<()> {
        self.running.check().map_err(|error| self.end(error))?;
        self.next_check = Instant::now() + SLICE;
        Ok(())
    }

    /// Ends the I/O for a reason of the caller's own.
    pub fn end(&mut self, reason: Error) -> io::Error {
        self.reason = Some(reason);
        io::Error::other("it was ended")
    }

    /// [`Watch::check`], but no more often than once a slice: for I/O that goes on without ever
    /// waiting.
    pub fn check_now_and_then(&mut self) -> io::Result<()> {
        match Instant::now() >= self.next_check {
            true => self.check(),
            false => Ok(()),
        }
    }

    /// Why I/O failed: because the call was ended, or else what the system or TLS says.
    pub fn why(&mut self, error: io::Error) -> Error {
        self.reason.take().unwrap_or_else(|| explain(&error))
    }

    /// Waits for any of the sockets, one slice at most or `at_most`, and asks the call. False when
    /// the time was up before.
    pub fn await_ready(
        &mut self,
        sockets: &mut [PollFd<'_>],
        at_most: Option<Duration>,
    ) -> io::Result<bool> {
        let slice = self.running.slice();
        let time = at_most.map_or(slice, |at_most| slice.min(at_most));
        let time = Timespec::try_from(time).map_err(io::Error::other)?;
        let ready = match poll(sockets, Some(&time)) {
            Ok(count) => count > 0,
            Err(Errno::INTR) => false,
            Err(error) => return Err(error.into()),
        };
        match ready {
            true => self.check_now_and_then()?,
            false => self.check()?,
        }
        Ok(ready)
    }
}
