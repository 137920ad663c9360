//! What must hold, and what the guard must know for that.

use std::sync::atomic::Ordering::Relaxed;

use super::Weather;
use super::machine::hashed_once;
use super::platform::{LONGEST_HOLD_MS, Verdict};
use super::program::{Life, password};
use super::world::{MINUTE_MS, Process, SECOND_MS, Scene, Worker, me};
use crate::lockout::LONGEST_LOGIN_MS;
use crate::password::PasswordHash;
use crate::store::{LEASE_MS, Succeeded};

/// A call may end this much after its deadline: the longest wait between two looks at it.
const LEEWAY_MS: u64 = 60;

/// What the guard must know, and go by.
#[derive(Default)]
pub(super) struct Expected {
    /// Passwords whose rejection is in the store.
    rejected: Vec<u64>,
    /// When a login of unknown fate ended last, since a success.
    pub unknown_ms: Option<u64>,
    /// The platform asked to wait until then.
    hold_until_ms: Option<u64>,
    /// The password that worked last, as the store knows.
    worked: Option<u64>,
    /// A login was refused since then.
    refused: bool,
}

/// What came of a login, to be noted by the guard.
#[derive(Clone, Copy)]
pub(super) struct News {
    pub end: End,
    pub hold_until_ms: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Judged(Verdict),
    /// It never came to the platform.
    TurnedAway,
    Unknown,
}

impl Scene {
    /// How many failures in a row there may be at most, in this weather, by this time.
    fn most_strikes(&self) -> usize {
        let (allowed, platform) = (self.allowed, &self.platform);
        match self.weather {
            Weather::Plain | Weather::Clocks | Weather::StoreFails => allowed,
            Weather::Mixed => 4,
            // A password that worked, and was changed while answers were lost, is tried every
            // fifteen minutes.
            Weather::Changes => allowed + platform.probes,
            // A slot that looks older than it is may be cleared too early, once for each time the
            // clock is set forward.
            Weather::ClockForward => allowed * (1 + self.clocks.forward),
            // What was damaged may have been full; one is left only where three may fail.
            Weather::Damage => allowed + usize::from(allowed == 3) + platform.forgotten,
            // As with a password that is changed, where somebody else locks the contact. Those that
            // were still to be judged when support unlocked it come on top.
            Weather::Support => allowed + platform.probes + platform.forgotten,
            Weather::Losses => allowed * (1 + platform.losses),
            // Who sleeps for long enough right before sending sends when its slot has had its time.
            Weather::Leases | Weather::Failovers => allowed + platform.strays,
            // As with a damaged record, for each loss; and where somebody went on who could not
            // know of it, all over again.
            Weather::Forgets => {
                let left = usize::from(allowed == 3) * platform.losses;
                let known = allowed + left + platform.forgotten + platform.strays;
                known + allowed * self.remote.undetected
            }
        }
    }

    /// A login was judged.
    pub fn check_strikes(&mut self) {
        let (strikes, most) = (self.platform.strikes, self.most_strikes());
        if strikes == most {
            self.counts.one("as many failures as there may be");
        }
        if strikes > most {
            self.fail(&format!("{strikes} failures in a row, more than {most}"));
        }
    }

    /// What must hold whenever a login leaves.
    pub fn check_login(&mut self, of: &Life, process: usize) {
        let waiting = self.platform.under_way.iter().any(|sent| !sent.orphan);
        let may = self.weather.ends_leases() || self.weather == Weather::Losses;
        if waiting && !may {
            self.fail("two logins of one account are under way");
        }
        if !self.holds(self.workers[me()].lease) {
            // What happened since it was admitted it cannot know.
            return;
        }
        let Process {
            unsaved, forced, ..
        } = self.processes[process];
        if self.expected.rejected.contains(&of.password) || unsaved {
            self.fail("a rejected password is sent again");
        }
        let full = self.store.counted_before() >= of.max_failures;
        if full && self.knows_what_worked() && self.expected.worked != Some(of.password) {
            self.fail("a probe with another password than the one that worked last");
        }
        // Who asks for a login whatever is held gets one.
        if self.holds_good_token(of) && !forced {
            self.fail("a login though the token held is good");
        }
        if self.weather.ends_leases() || self.weather == Weather::ClockForward {
            return;
        }
        let early = |ms: u64| self.now_ms < ms + 5 * SECOND_MS;
        if self.expected.unknown_ms.is_some_and(early) {
            self.fail("a login right after one of unknown fate");
        }
        let held = |ms: u64| self.now_ms < ms;
        if self.expected.hold_until_ms.is_some_and(held) {
            self.fail("a login before the platform's Retry-After is over");
        }
    }

    /// Whether the session, or all that share one, hold a token that is good.
    fn holds_good_token(&self, of: &Life) -> bool {
        let good = |token: &str| self.platform.good.contains(token);
        let own = of.session.token().is_ok_and(|token| good(token.reveal()));
        let record = self.store.record().into_iter();
        let mut shared = record.flat_map(|record| &record.shared);
        own || shared.any(|shared| good(shared.token.reveal()))
    }

    /// A call has ended.
    pub fn check_deadline(&mut self) {
        let Worker { process, .. } = self.workers[me()];
        let awake_since_ms = self.processes[process].asleep_until_ms;
        let deadline_ms = self.workers[me()].deadline_ms.take();
        let ends_ms = deadline_ms.map(|ms| ms.max(awake_since_ms) + LEEWAY_MS);
        if ends_ms.is_some_and(|ms| self.now_ms > ms) {
            self.fail("a call went on after its deadline");
        }
    }

    /// A process learns what came of its login.
    pub fn note_end(&mut self, process: usize, news: News) {
        self.workers[me()].news = Some(news);
        match news.end {
            End::Judged(Verdict::Right) => {
                self.counts.one("successes");
                self.expected.unknown_ms = None;
                self.processes[process].forced = false;
                // It may settle the slot of a rejection that could not be saved, and with it all
                // memory of it.
                self.processes.iter_mut().for_each(|p| p.unsaved = false);
            }
            End::Judged(_) => {
                self.counts.one("refusals");
                self.expected.refused = true;
            }
            End::TurnedAway => self.counts.one("turned away"),
            End::Unknown => {
                self.counts.one("unknown fates");
                if self.knows(self.workers[me()].lease) {
                    self.expected.unknown_ms = Some(self.now_ms);
                }
            }
        }
    }

    /// What a process knew is in the store now. `hash` is that of its password.
    pub fn note_saved(&mut self, process: usize, hash: &PasswordHash) {
        let life = self.processes[process].life.as_ref();
        let password = life.expect("it lives").password;
        let record = self.store.record();
        let is_noted = record.is_some_and(|record| record.rejected.contains(hash));
        if is_noted && !self.expected.rejected.contains(&password) {
            // Perhaps long after it came.
            self.processes[process].unsaved = false;
            self.expected.rejected.push(password);
            self.expected.refused = true;
            self.expected.worked = self.expected.worked.filter(|worked| *worked != password);
        }
        self.note_saved_news(password);
        self.check_what_worked();
    }

    fn note_saved_news(&mut self, password: u64) {
        let Some(news) = self.workers[me()].news.take() else {
            return;
        };
        self.expected.hold_until_ms = news.hold_until_ms;
        match news.end {
            End::Judged(Verdict::Wrong) => {
                self.expected.rejected.push(password);
                self.expected.worked = self.expected.worked.filter(|worked| *worked != password);
            }
            End::Judged(Verdict::Right) => {
                self.expected.worked = Some(password);
                self.expected.refused = false;
            }
            _ => {}
        }
    }

    /// Only the password that worked last is known to have worked.
    fn check_what_worked(&mut self) {
        let noted = match self.store.record() {
            Some(record) if self.knows_what_worked() => match record.succeeded {
                Succeeded::Password(hash) => Some((hash, record.salt)),
                _ => None,
            },
            _ => None,
        };
        let is_of = |number: u64, salt| hashed_once(&password(number), salt);
        if let Some((hash, salt)) = noted
            && self.expected.worked.map(|worked| is_of(worked, &salt)) != Some(hash)
        {
            self.fail("another password is noted than the one that worked last");
        }
    }

    /// What is damaged or lost may be saved again by whoever has read it before.
    fn knows_what_worked(&self) -> bool {
        let loses = [Weather::Damage, Weather::Losses, Weather::Forgets];
        !loses.contains(&self.weather)
    }

    /// It could not be saved: the process itself has to remember its rejection.
    pub fn note_unsaved(&mut self, process: usize) {
        let news = self.workers[me()].news.take();
        let wrong = news.is_some_and(|news| news.end == End::Judged(Verdict::Wrong));
        if wrong {
            self.leave_traces(process);
        }
        // A new record has no slot of it.
        if wrong && !matches!(self.weather, Weather::Losses | Weather::Forgets) {
            self.processes[process].unsaved = true;
        }
    }

    /// The library keeps something for as long as a process lives.
    pub fn leave_traces(&mut self, process: usize) {
        let life = self.processes[process].life.as_ref();
        life.expect("it lives").leaves_traces.store(true, Relaxed);
    }

    /// The record is gone.
    pub fn forget_what_is_expected(&mut self) {
        self.expected = Expected::default();
        self.forget_what_is_under_way();
    }

    /// The operator's word: which password worked last is not forgotten.
    pub fn forget_what_was_refused(&mut self) {
        self.expected = Expected {
            worked: self.expected.worked,
            ..Expected::default()
        };
        self.forget_what_is_under_way();
    }

    fn forget_what_is_under_way(&mut self) {
        self.processes.iter_mut().for_each(|p| p.unsaved = false);
        self.workers.iter_mut().for_each(|w| w.news = None);
    }

    pub fn opens_by_itself(&self) -> bool {
        let right = self.platform.password;
        let unsure = self.store.is_damaged() || self.remote.was_lost(0);
        if self.expected.rejected.contains(&right) || unsure {
            return false;
        }
        let slots = self.store.record().map_or(0, |record| record.slots.len());
        let worked = self.expected.worked == Some(right) && !self.expected.refused;
        slots < self.allowed_in_the_calm() || (worked && self.is_known_to_have_worked(right))
    }

    /// Whether the record says so: a process may have ended before it could note that.
    fn is_known_to_have_worked(&self, number: u64) -> bool {
        self.store.record().is_some_and(|record| {
            let hash = hashed_once(&password(number), &record.salt);
            record.succeeded == Succeeded::Password(hash)
        })
    }

    /// With processes of different limits, the lowest.
    fn allowed_in_the_calm(&self) -> usize {
        match self.weather {
            Weather::Mixed => 1,
            _ => self.allowed,
        }
    }

    pub fn longest_wait_ends_ms(&self) -> u64 {
        let held_ms = match (self.weather, self.expected.hold_until_ms) {
            // By another clock it stays as long as it was when somebody looked last.
            (Weather::Clocks, Some(_)) => self.now_ms + LONGEST_HOLD_MS,
            (_, held_ms) => held_ms.unwrap_or_default(),
        };
        let probe_ms = 15 * MINUTE_MS;
        let wait_ms = match self.weather {
            // The last login may be one whose lease was to end by itself.
            // A server that takes another's place gives every lease its whole time once more.
            _ if self.weather.is_elsewhere() => probe_ms + 2 * LEASE_MS + LONGEST_LOGIN_MS,
            _ if self.weather.ends_leases() => probe_ms + LEASE_MS + LONGEST_LOGIN_MS,
            _ => probe_ms,
        };
        // Each call takes a moment.
        self.now_ms.max(held_ms) + wait_ms + MINUTE_MS
    }
}
