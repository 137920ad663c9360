//! The machine around the library: time, waiting, threads, randomness and the password hash.
//! The one seam at which tests put a machine of their own; deadlines of calls are in `call.rs`.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

pub(crate) use crate::background::Work;
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::password::{self, Memory, PasswordHash, Salt};
use crate::secret::Secret;

pub(crate) trait Runtime: Send + Sync {
    /// Which clock [`Runtime::now_ms`] is: its times mean nothing to another one.
    fn clock(&self) -> &str;

    /// Milliseconds by a clock that nobody sets and that goes on while the machine is suspended.
    fn now_ms(&self) -> u64;

    /// Time since a beginning of its own, as finely as can be told: for how long something takes.
    fn elapsed(&self) -> Duration;

    /// Milliseconds since 1970, for people. Nothing is decided by it.
    fn wall_ms(&self) -> u64;

    /// Tells this process from the one that forked it: what belongs to a process goes by this.
    fn process(&self) -> u64;

    /// Lets time pass.
    fn sleep(&self, time: Duration);

    /// Waits until the signal has been given more often than `seen` times, or for `time`.
    fn wait(&self, signal: &Signal, seen: u64, time: Duration);

    /// Starts a thread.
    fn spawn(&self, name: &str, work: Work) -> io::Result<()>;

    /// Has this done when the thread that calls is done with what it does, by that one or another.
    fn do_next(&self, name: &str, work: Work) -> io::Result<()> {
        self.spawn(name, work)
    }

    /// A salt that nobody has had before.
    fn salt(&self) -> Result<Salt>;

    /// The memory-hard hash of a password, where this process has made it before.
    fn known_hash(&self, password: &Secret, salt: &Salt) -> Option<PasswordHash>;

    /// The memory-hard hash of a password.
    fn hash(&self, password: &Secret, salt: &Salt, memory: &mut Memory) -> PasswordHash;
}

/// How long something takes.
pub(crate) struct Stopwatch<'a> {
    runtime: &'a dyn Runtime,
    began: Duration,
}

impl Stopwatch<'_> {
    pub fn start(runtime: &dyn Runtime) -> Stopwatch<'_> {
        Stopwatch {
            began: runtime.elapsed(),
            runtime,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.runtime.elapsed().saturating_sub(self.began)
    }
}

/// A moment by a clock that outlives a process, such as a store's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub clock: String,
    pub ms: u64,
}

impl Moment {
    pub fn now(runtime: &dyn Runtime) -> Moment {
        Moment {
            clock: runtime.clock().to_owned(),
            ms: runtime.now_ms(),
        }
    }
}

/// Something that threads wait for. It counts how often it was given, so that none is missed. Cheap
/// to clone; clones are the same signal.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Given>);

#[derive(Default)]
struct Given {
    times: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// How often it was given. To be read before looking at what it stands for.
    pub fn count(&self) -> u64 {
        *self.0.times()
    }

    pub fn give(&self) {
        *self.0.times() += 1;
        self.0.changed.notify_all();
    }

    fn wait(&self, seen: u64, time: Duration) {
        let times = self.0.times();
        // Woken for nothing, the caller looks again in any case.
        if *times == seen {
            drop(self.0.changed.wait_timeout(times, time));
        }
    }
}

impl Given {
    fn times(&self) -> MutexGuard<'_, u64> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine we run on.
pub(crate) fn system() -> Arc<dyn Runtime> {
    Arc::new(System {
        clock: clock::name(),
        began: Instant::now(),
    })
}

struct System {
    clock: String,
    began: Instant,
}

impl Runtime for System {
    fn clock(&self) -> &str {
        &self.clock
    }

    fn now_ms(&self) -> u64 {
        clock::now_ms()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn wall_ms(&self) -> u64 {
        let since = UNIX_EPOCH.elapsed();
        since.map_or(0, |since| since.as_millis() as u64)
    }

    fn process(&self) -> u64 {
        fork::generation().into()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn wait(&self, signal: &Signal, seen: u64, time: Duration) {
        signal.wait(seen, time);
    }

    fn spawn(&self, name: &str, work: Work) -> io::Result<()> {
        crate::background::spawn(name, work)
    }

    fn do_next(&self, name: &str, work: Work) -> io::Result<()> {
        crate::background::do_next(name, work)
    }

    fn salt(&self) -> Result<Salt> {
        use ring::rand::SecureRandom;

        let mut salt = [0; 16];
        ring::rand::SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| Error::new(Status::Internal, "the system gives no random numbers"))?;
        Ok(salt)
    }

    fn known_hash(&self, password: &Secret, salt: &Salt) -> Option<PasswordHash> {
        password::known(password, salt)
    }

    fn hash(&self, password: &Secret, salt: &Salt, memory: &mut Memory) -> PasswordHash {
        password::hash_once(password, salt, memory)
    }
}

/// Clocks that count from the system's start. Only Linux tells one start from another; elsewhere
/// that is not needed: a time of an earlier start, told by the clock of this one, is either still
/// to come, or older than it seems.
mod clock {
    #[cfg(target_os = "linux")]
    pub fn name() -> String {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        boot.map_or_else(|_| "boot".into(), |id| format!("boot:{}", id.trim()))
    }

    #[cfg(not(target_os = "linux"))]
    pub fn name() -> String {
        "boot".into()
    }

    #[cfg(unix)]
    pub fn now_ms() -> u64 {
        use rustix::time::{ClockId, clock_gettime};

        #[cfg(any(target_os = "linux", target_os = "openbsd"))]
        const CLOCK: ClockId = ClockId::Boottime;
        // On Apple's systems it goes on while the machine sleeps. Where it does not, what was lost
        // seems younger than it is.
        #[cfg(not(any(target_os = "linux", target_os = "openbsd")))]
        const CLOCK: ClockId = ClockId::Monotonic;

        let now = clock_gettime(CLOCK);
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }

    #[cfg(windows)]
    pub fn now_ms() -> u64 {
        crate::windows::ticks_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_given_before_the_wait_is_not_missed() {
        let runtime = system();
        let signal = Signal::default();
        let seen = signal.count();
        signal.give();
        // An hour, were it missed.
        runtime.wait(&signal, seen, Duration::from_secs(3600));
    }

    #[test]
    fn the_clock_has_a_name_that_stays_and_does_not_go_back() {
        let runtime = system();
        assert_eq!(runtime.clock(), system().clock());
        let before = runtime.now_ms();
        assert!(runtime.now_ms() >= before);
    }
}
