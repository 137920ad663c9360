//! Clocks, as far as they are not time itself.

use super::Weather;
use super::world::{MINUTE_MS, START_MS, Scene};
use crate::runtime::Moment;

pub(super) struct Clocks {
    error_ms: i64,
    boots: u64,
    booted_ms: u64,
    /// Processes run on machines of their own.
    is_each_their_own: bool,
    /// How often they were set forward.
    pub forward: usize,
}

impl Clocks {
    pub fn new(is_each_their_own: bool) -> Clocks {
        Clocks {
            error_ms: 0,
            boots: 1,
            booted_ms: START_MS - 10 * MINUTE_MS,
            is_each_their_own,
            forward: 0,
        }
    }
}

impl Scene {
    /// No further than to its beginning.
    pub fn set_clock_back(&mut self) {
        let by_ms = self.random.below(90 * MINUTE_MS).min(self.local_ms(0));
        self.clocks.error_ms -= by_ms as i64;
        self.note(format!("the clock is set back by {by_ms} ms"));
    }

    pub fn set_clock_forward(&mut self) {
        let by_ms = self.random.below(90 * MINUTE_MS);
        self.clocks.error_ms += by_ms as i64;
        self.clocks.forward += 1;
        self.note(format!("the clock is set forward by {by_ms} ms"));
    }

    /// The machine starts anew, and with it its clock.
    pub fn reboot(&mut self) {
        (0..self.processes.len()).for_each(|p| self.crash(p));
        self.clocks.boots += 1;
        self.clocks.booted_ms = self.now_ms;
        self.clocks.error_ms = 0;
        self.note("the machine starts anew".into());
    }

    /// The name of a process's clock, from its start to its end.
    pub fn clock_name(&self, process: usize) -> String {
        match self.clocks.is_each_their_own {
            true => format!("boot {} of machine {process}", self.clocks.boots),
            false => format!("boot {}", self.clocks.boots),
        }
    }

    /// The time by the clock of a process's machine.
    pub fn local_ms(&self, process: usize) -> u64 {
        let ms = self.now_ms - self.clocks.booted_ms;
        let ahead_ms = match self.clocks.is_each_their_own {
            true => process as u64 * 30 * MINUTE_MS,
            false => 0,
        };
        (ms + ahead_ms).saturating_add_signed(self.clocks.error_ms)
    }

    /// The time by the store's clock, as a process sees it.
    pub fn store_moment(&self, process: usize) -> Moment {
        match self.weather {
            _ if self.weather.is_elsewhere() => self.remote.moment(self.now_ms),
            Weather::Leases => Moment {
                clock: "the store's".into(),
                ms: self.now_ms,
            },
            _ => Moment {
                clock: self.clock_name(process),
                ms: self.local_ms(process),
            },
        }
    }
}
