//! Waiting for another's lease to end: hints wake one who waits, and now and then it looks without
//! one. Many who wait together are no storm.

use std::time::{Duration, Instant};

use super::Shared;
use super::client::Client;
use super::link::Trouble;
use crate::call::Running;
use crate::error::Result;
use crate::runtime::Runtime;

/// One who waits looks this often without a hint, which should never be needed...
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// ... and heeds a hint no sooner than this after the one before.
const HINT_EVERY: Duration = Duration::from_secs(1);

/// When one who waits asks the server next, so that many who wait together are no storm.
pub(super) struct Pace {
    /// After a hint: at once, but when the last one was heeded just now.
    hint_at: Instant,
    /// Without one.
    look_at: Instant,
}

impl Pace {
    pub fn new(last_hint: Option<Instant>, runtime: &dyn Runtime) -> Result<Pace> {
        let now = Instant::now();
        let hint_at = last_hint.map_or(now, |last| last + HINT_EVERY);
        // Up to half as long again, so that those who came together do not look together.
        let jitter = LOOK_EVERY / 512 * u32::from(runtime.salt()?[0]);
        let look_at = now + LOOK_EVERY + jitter;
        Ok(Pace { hint_at, look_at })
    }
}

impl Shared {
    /// Waits for a hint that the lease has ended, or until it is time to look without one. Whether
    /// it was a hint.
    pub(super) fn await_hint(
        &self,
        client: &mut Client,
        pace: &Pace,
        running: &Running,
        runtime: &dyn Runtime,
    ) -> Result<bool> {
        let mut hinted = false;
        loop {
            let until = if hinted { pace.hint_at } else { pace.look_at };
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Ok(hinted);
            }
            let Some(link) = client.link() else {
                running.check()?;
                runtime.sleep(wait.min(running.slice()));
                continue;
            };
            match link.hint_within_a_slice(wait, running) {
                Ok(came) => hinted |= came,
                Err(Trouble::Final(error)) => return Err(error),
                // The next look makes another.
                Err(_) => client.drop_link(),
            }
        }
    }
}
