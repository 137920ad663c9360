//! One call's deadline and the ways to end it early. Everything that waits asks it, at least every
//! [`SLICE`]. It knows neither HTTP nor sessions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::error::{Error, Result, Status};

/// The longest a wait goes on without asking whether its call was ended.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// The least time for a login that goes on by itself: whoever is in a hurry need not wait for it.
const LEAST_FOR_A_LOGIN: Duration = Duration::from_secs(30);

const NO_TIMEOUT: u64 = u64::MAX;

type Interrupt = dyn Fn() -> bool + Send + Sync;

/// Settings of one call, or of several: a deadline, an interrupt function, and a switch that
/// cancels them all.
///
/// Cheap to clone; clones are the same call.
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    timeout_ms: AtomicU64,
    cancelled: AtomicBool,
    interrupt: ArcSwapOption<Box<Interrupt>>,
}

impl Call {
    /// A call with its session's own deadline.
    pub fn new() -> Call {
        Call(Arc::new(Inner {
            timeout_ms: AtomicU64::new(NO_TIMEOUT),
            cancelled: AtomicBool::new(false),
            interrupt: ArcSwapOption::empty(),
        }))
    }

    /// The longest this call may take from start to end, whatever happens.
    pub fn set_timeout(&self, timeout: Duration) {
        let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let ms = ms.min(NO_TIMEOUT - 1);
        self.0.timeout_ms.store(ms, Ordering::Relaxed);
    }

    /// Asked at least every 100 ms, on the calling thread, while the call waits; `true` cancels it.
    pub fn set_interrupt(&self, interrupt: Option<Box<Interrupt>>) {
        self.0.interrupt.store(interrupt.map(Arc::new));
    }

    /// Ends every call made with this one, now and later, with [`Status::Cancelled`]. From any
    /// thread.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    fn timeout(&self) -> Option<Duration> {
        match self.0.timeout_ms.load(Ordering::Relaxed) {
            NO_TIMEOUT => None,
            ms => Some(Duration::from_millis(ms)),
        }
    }
}

impl Default for Call {
    fn default() -> Call {
        Call::new()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

/// A call under way: its deadline by the clock, and every switch that may end it.
#[derive(Clone)]
pub(crate) struct Running {
    call: Call,
    session_cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
    short: bool,
    detached: bool,
}

impl Running {
    /// Starts the clock: the call's own timeout, or else the session's.
    pub fn start(call: &Call, session_cancelled: Arc<AtomicBool>, default: Duration) -> Running {
        let own = call.timeout();
        Running {
            call: call.clone(),
            session_cancelled,
            // A timeout past the end of time is none.
            deadline: Instant::now().checked_add(own.unwrap_or(default)),
            short: own.is_some_and(|own| own < default),
            detached: false,
        }
    }

    /// A login that this call begins and that goes on by itself for as long as `wanted` is not
    /// cancelled; see [`Running::once_sent`]. It has 30 seconds, or its session's time or this
    /// call's where those are longer.
    pub fn detached(
        &self,
        wanted: &Call,
        session_cancelled: Arc<AtomicBool>,
        timeout: Duration,
    ) -> Running {
        let own = Running::start(wanted, session_cancelled, timeout.max(LEAST_FOR_A_LOGIN));
        let deadline = self.deadline.zip(own.deadline);
        Running {
            detached: true,
            deadline: deadline.map(|(one, other)| one.max(other)),
            ..own
        }
    }

    /// What ends a login that is sent: of one that goes on by itself the deadline alone, since the
    /// platform judges it whether or not anybody waits for the answer.
    pub fn once_sent(&self) -> Running {
        match self.detached {
            true => Running {
                call: Call::new(),
                session_cancelled: Arc::default(),
                ..self.clone()
            },
            false => self.clone(),
        }
    }

    /// Whether an error says nothing to others who wait for the same: this call was cancelled, or
    /// had less time than its session gives every call.
    pub fn gave_up(&self, error: &Error) -> bool {
        match error.status() {
            Status::Cancelled => true,
            Status::Timeout => self.short,
            _ => false,
        }
    }

    /// Fails when the call was cancelled, interrupted, or has run out of time.
    pub fn check(&self) -> Result<()> {
        if self.session_cancelled.load(Ordering::Acquire) {
            return Err(Error::new(Status::Cancelled, "the session was cancelled"));
        }
        if self.call.0.cancelled.load(Ordering::Acquire) {
            return Err(Error::new(Status::Cancelled, "the call was cancelled"));
        }
        if let Some(interrupt) = self.call.0.interrupt.load_full()
            && interrupt()
        {
            return Err(Error::new(
                Status::Cancelled,
                "the call was interrupted by its interrupt function",
            ));
        }
        if self.remaining() == Some(Duration::ZERO) {
            return Err(Error::new(
                Status::Timeout,
                "the call's deadline passed (timeout_ms)",
            ));
        }
        Ok(())
    }

    fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// How long to wait before asking [`Running::check`] again. Never zero: some waits take zero
    /// for "for ever".
    pub fn slice(&self) -> Duration {
        self.remaining()
            .map_or(SLICE, |left| left.min(SLICE))
            .max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(call: &Call, default: Duration) -> Running {
        Running::start(call, Arc::default(), default)
    }

    #[test]
    fn each_switch_ends_the_call_with_its_own_words() {
        let call = Call::new();
        let now = running(&call, Duration::from_secs(3600));
        assert!(now.check().is_ok());

        call.set_interrupt(Some(Box::new(|| true)));
        assert!(now.check().unwrap_err().message().contains("interrupt"));
        call.set_interrupt(None);

        now.session_cancelled.store(true, Ordering::Relaxed);
        assert!(now.check().unwrap_err().message().contains("session"));
        now.session_cancelled.store(false, Ordering::Relaxed);

        call.cancel();
        assert_eq!(now.check().unwrap_err().status(), Status::Cancelled);
        assert!(running(&call, Duration::from_secs(1)).check().is_err());
    }

    #[test]
    fn the_calls_own_timeout_wins_over_the_sessions() {
        let call = Call::new();
        call.set_timeout(Duration::ZERO);
        let now = running(&call, Duration::from_secs(3600));
        let error = now.check().unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(now.gave_up(&error));
        assert!(!running(&Call::new(), Duration::ZERO).gave_up(&error));
    }

    #[test]
    fn an_endless_timeout_is_no_deadline() {
        let call = Call::new();
        call.set_timeout(Duration::MAX);
        assert!(running(&call, Duration::ZERO).check().is_ok());
    }
}
