//! The time, as it comes in from outside. Deadlines of calls are not its business: see `call.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall clock for what processes must agree on; monotonic time for what stays within one.
pub(crate) trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn wall_ms(&self) -> u64;
    /// Milliseconds since some moment; never goes back.
    fn monotonic_ms(&self) -> u64;
    /// Lets time pass.
    fn pause(&self, time: Duration);
}

pub(crate) fn system() -> Arc<dyn Clock> {
    Arc::new(System(Instant::now()))
}

struct System(Instant);

impl Clock for System {
    fn wall_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as u64)
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
