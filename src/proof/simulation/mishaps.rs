//! What operators, disks, networks and machines do while programs run, by the weather.

use super::world::{MINUTE_MS, PASSWORDS, SECOND_MS, Scene};
use super::{PROCESSES, Weather};

impl Scene {
    /// What operators, disks, clocks and networks do meanwhile.
    pub fn mishap(&mut self) {
        if self.random.one_in(120) {
            self.note("sessions expire".into());
            self.platform.good.clear();
        }
        if self.random.one_in(400) {
            self.platform.api_token += 1;
        }
        let sleeps_one_in = match self.weather {
            _ if self.weather.ends_leases() => 60,
            _ => 250,
        };
        if self.random.one_in(sleeps_one_in) {
            self.sleep();
        }
        if self.random.one_in(300) {
            self.begin_outage();
        }
        match self.weather {
            Weather::Changes if self.random.one_in(300) => {
                self.platform.password = self.random.below(PASSWORDS);
                self.note(format!("the password is {} now", self.platform.password));
            }
            Weather::Clocks if self.random.one_in(200) => match self.random.below(3) {
                0 => self.reboot(),
                _ => self.set_clock_back(),
            },
            Weather::ClockForward if self.random.one_in(300) => self.set_clock_forward(),
            Weather::Damage if self.random.one_in(300) => self.damage_store(),
            Weather::Losses if self.platform.losses < 2 && self.random.one_in(300) => {
                self.lose_store();
            }
            Weather::Failovers if self.random.one_in(100) => self.fail_over(),
            Weather::Forgets if self.platform.losses < 3 && self.random.one_in(200) => {
                self.forget();
            }
            Weather::StoreFails if self.random.one_in(60) => self.store.full = !self.store.full,
            Weather::Support if self.random.one_in(200) => {
                self.platform.locked = true;
                self.note("somebody else locks the contact".into());
            }
            Weather::Support if self.random.one_in(200) => self.call_support(),
            _ => {}
        }
    }

    /// A process is stopped, or the machine suspended, and goes on later.
    fn sleep(&mut self) {
        let time_ms = match self.random.below(3) {
            0 => self.random.below(10 * MINUTE_MS),
            _ => self.random.below(20 * SECOND_MS),
        };
        let until_ms = self.now_ms + time_ms;
        let only = self.random.below(2 * PROCESSES as u64) as usize;
        for (p, process) in self.processes.iter_mut().enumerate() {
            if p == only || only >= PROCESSES {
                process.asleep_until_ms = until_ms;
            }
        }
        self.note(format!("{only} of {PROCESSES} sleeps for {time_ms} ms"));
    }

    /// A process comes to its end in the midst of what it does.
    pub fn crash(&mut self, p: usize) {
        if self.processes[p].life.is_some() && !self.processes[p].died {
            self.counts.one("crashes");
            self.end(p);
        }
    }

    /// Support unlocks the contact, and the operator tells the guard, once nobody holds the lease.
    fn call_support(&mut self) {
        if self.store.holder.is_none() && !self.store.is_damaged() {
            self.counts.one("unblocks");
            self.unblock();
            let platform = &mut self.platform;
            (platform.strikes, platform.probes, platform.locked) = (0, 0, false);
            platform.forgotten = platform.under_way.len();
        }
    }
}
