//! The sandbox's own clock: the time at the start, what really passed since, and what the control
//! port added. It never goes back by itself, whatever happens to the machine's wall clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub struct Clock {
    start_ms: u64,
    start: Instant,
    ahead_ms: u64,
}

impl Clock {
    pub fn new() -> Clock {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock {
            start_ms: millis(since_epoch),
            start: Instant::now(),
            ahead_ms: 0,
        }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.start_ms
            .saturating_add(millis(self.start.elapsed()))
            .saturating_add(self.ahead_ms)
    }

    pub fn advance(&mut self, ms: u64) {
        self.ahead_ms = self.ahead_ms.saturating_add(ms);
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
