//! One call's deadline and the ways to end it early. Everything that waits asks it, at least every
//! [`SLICE`]. It knows neither HTTP nor sessions.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result, Status};
use crate::fork;

/// The longest a wait goes on without asking whether its call was ended.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// What a login or a request for an API token has from the moment it is sent: the session's time,
/// between these.
const LEAST_OWN_TIME: Duration = Duration::from_secs(30);
pub(crate) const LONGEST_OWN_TIME: Duration = Duration::from_secs(60);

const NO_TIMEOUT: u64 = u64::MAX;

type Interrupt = dyn Fn() -> bool + Send + Sync;

/// Settings of one call, or of several: a deadline, an interrupt function, and a switch that
/// cancels them all.
///
/// Cheap to clone; clones are the same call.
#[derive(Clone)]
pub struct Call(Arc<Switches>);

struct Switches {
    timeout_ms: AtomicU64,
    waited_ms: AtomicU64,
    cancelled: AtomicBool,
    /// Looked at first, since most calls have none.
    is_interruptible: AtomicBool,
    interrupt: fork::Lock<Option<Arc<Interrupt>>>,
}

impl Call {
    /// A call with its session's own deadline.
    pub fn new() -> Call {
        Call(Arc::new(Switches {
            timeout_ms: AtomicU64::new(NO_TIMEOUT),
            waited_ms: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            is_interruptible: AtomicBool::new(false),
            interrupt: fork::Lock::new(None),
        }))
    }

    /// The longest this call may take from start to end, whatever happens.
    pub fn set_timeout(&self, timeout: Duration) {
        let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let ms = ms.min(NO_TIMEOUT - 1);
        self.0.timeout_ms.store(ms, Ordering::Relaxed);
    }

    /// So much of this call's time is over when it starts, since it waited elsewhere.
    pub fn set_waited(&self, waited: Duration) {
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.0.waited_ms.store(ms, Ordering::Relaxed);
    }

    /// Asked at least every 100 ms, on the calling thread, while the call waits; `true` cancels it.
    pub fn set_interrupt(&self, interrupt: Option<Box<Interrupt>>) {
        let is_interruptible = interrupt.is_some();
        if let Some(mut held) = self.0.interrupt.lock() {
            // Dropped when nothing is held: it is the program's.
            let before = std::mem::replace(&mut *held, interrupt.map(Arc::from));
            drop(held);
            drop(before);
        }
        self.0
            .is_interruptible
            .store(is_interruptible, Ordering::Release);
    }

    /// Ends every call made with this one, now and later, with [`Status::Cancelled`]. From any
    /// thread.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    fn interrupt(&self) -> Option<Arc<Interrupt>> {
        match self.0.is_interruptible.load(Ordering::Acquire) {
            false => None,
            true => self.0.interrupt.lock()?.clone(),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        match self.0.timeout_ms.load(Ordering::Relaxed) {
            NO_TIMEOUT => None,
            ms => Some(Duration::from_millis(ms)),
        }
    }

    fn waited(&self) -> Duration {
        Duration::from_millis(self.0.waited_ms.load(Ordering::Relaxed))
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
    began: Instant,
    /// From when it was asked for, which may be before it began.
    time: Duration,
    deadline: Option<Instant>,
    /// A sooner deadline.
    limit: Option<Limit>,
    /// The time that work of the library's own has from when it is sent.
    own_time: Duration,
    is_own: bool,
    stage: Option<Arc<Mutex<String>>>,
}

#[derive(Clone, Copy)]
struct Limit {
    end: Instant,
    time: Duration,
    /// What was not done when it is up.
    undone: &'static str,
}

impl Running {
    /// Starts the clock: the call's own timeout, or else the session's.
    pub fn start(call: &Call, session_cancelled: Arc<AtomicBool>, default: Duration) -> Running {
        let began = Instant::now();
        let time = call.timeout().unwrap_or(default);
        Running {
            call: call.clone(),
            session_cancelled,
            began,
            time,
            // A timeout past the end of time is none.
            deadline: began.checked_add(time.saturating_sub(call.waited())),
            limit: None,
            own_time: default.clamp(LEAST_OWN_TIME, LONGEST_OWN_TIME),
            is_own: false,
            stage: None,
        }
    }

    /// Work that this call begins and that goes on by itself for as long as it is wanted: the
    /// deadlines are those of the calls that wait for it. What it is waiting for it tells in
    /// `stage`.
    pub fn on_its_own(&self, wanted: &Call, stage: Arc<Mutex<String>>) -> Running {
        Running {
            call: wanted.clone(),
            deadline: None,
            is_own: true,
            stage: Some(stage),
            ..self.clone()
        }
    }

    /// What ends a request once it is sent. Work that goes on by itself has its own time from now,
    /// and nothing else ends it: the platform judges it whether or not anybody waits.
    pub fn once_sent(&self) -> Running {
        match self.is_own {
            true => Running {
                call: Call::new(),
                session_cancelled: Arc::default(),
                deadline: Instant::now().checked_add(self.own_time),
                limit: None,
                ..self.clone()
            },
            false => self.clone(),
        }
    }

    /// The same, with this much time at most; `undone` says what was not done when it is up.
    pub fn within(&self, time: Duration, undone: &'static str) -> Running {
        let limit = |end| Limit { end, time, undone };
        Running {
            limit: Instant::now().checked_add(time).map(limit),
            ..self.clone()
        }
    }

    /// Counts the call's time from now on: for what may go on for as long as something moves.
    pub fn restart(&mut self) {
        self.began = Instant::now();
        self.deadline = self.began.checked_add(self.time);
    }

    /// When the call began, on whose behalf this is done.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Notes what this is waiting for, in words for those who give up waiting; "" for nothing.
    pub fn doing(&self, what: impl FnOnce() -> String) {
        if let Some(stage) = &self.stage {
            *stage.lock().unwrap_or_else(PoisonError::into_inner) = what();
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
        if let Some(interrupt) = self.call.interrupt()
            && interrupt()
        {
            return Err(Error::new(
                Status::Cancelled,
                "the call was interrupted by its interrupt function",
            ));
        }
        let now = Instant::now();
        // A deadline is set in other ways, and units, in each language: the time itself is told.
        if let Some(Limit { end, time, undone }) = self.limit
            && now >= end
        {
            let message = format!("{undone} within {} s", seconds(time));
            return Err(Error::new(Status::Timeout, message));
        }
        if let Some(deadline) = self.deadline
            && now >= deadline
        {
            let message = match self.is_own {
                true => format!("no answer within {} s", self.own_time.as_secs()),
                false => format!("the call's time is up ({} s)", seconds(self.time)),
            };
            return Err(Error::new(Status::Timeout, message));
        }
        Ok(())
    }

    fn remaining(&self) -> Option<Duration> {
        let limit = self.limit.map(|limit| limit.end);
        let end = [self.deadline, limit].into_iter().flatten().min();
        end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// How long to wait before asking [`Running::check`] again. Never zero: some waits take zero
    /// for "for ever".
    pub fn slice(&self) -> Duration {
        self.remaining()
            .map_or(SLICE, |left| left.min(SLICE))
            .max(Duration::from_millis(1))
    }
}

/// To the millisecond, as a person writes it: 1.997, not 1.9969999999999999.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
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
    }

    #[test]
    fn what_a_call_waited_before_counts_and_its_message_names_the_whole_time() {
        let call = Call::new();
        call.set_waited(Duration::from_secs(29));
        assert!(running(&call, Duration::from_secs(3600)).check().is_ok());
        for waited in [Duration::from_secs(30), Duration::MAX] {
            call.set_waited(waited);
            let error = running(&call, Duration::from_secs(30)).check().unwrap_err();
            assert_eq!(error.message(), "the call's time is up (30 s)");
        }
        call.set_timeout(Duration::from_millis(20));
        let error = running(&call, Duration::from_secs(30)).check().unwrap_err();
        assert_eq!(error.message(), "the call's time is up (0.02 s)");
    }

    #[test]
    fn what_is_sent_on_its_own_has_time_of_its_own_and_is_ended_by_nothing_else() {
        let (call, wanted) = (Call::new(), Call::new());
        call.set_timeout(Duration::ZERO);
        for (session_s, own_s) in [(1, 30), (45, 45), (600, 60)] {
            let own =
                running(&call, Duration::from_secs(session_s)).on_its_own(&wanted, Arc::default());
            assert_eq!(own.remaining(), None);
            let sent = own.once_sent();
            own.session_cancelled.store(true, Ordering::Relaxed);
            assert!(own.check().is_err());
            assert!(sent.check().is_ok());
            assert!(sent.remaining().is_some());
            assert_eq!(sent.own_time, Duration::from_secs(own_s));
        }
    }

    #[test]
    fn time_that_starts_anew_is_as_long_as_before() {
        let mut now = running(&Call::new(), Duration::from_secs(3600));
        now.began -= Duration::from_secs(3600);
        now.deadline = now.began.checked_add(Duration::from_secs(3600));
        assert_eq!(now.check().unwrap_err().status(), Status::Timeout);
        now.restart();
        assert!(now.check().is_ok());
        assert_eq!(now.deadline.unwrap() - now.began, Duration::from_secs(3600));
    }

    #[test]
    fn an_endless_timeout_is_no_deadline() {
        let call = Call::new();
        call.set_timeout(Duration::MAX);
        assert!(running(&call, Duration::ZERO).check().is_ok());
    }
}
