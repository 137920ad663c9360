//! A store on a server elsewhere: answers to saves that are lost, another server that takes the
//! first one's place, what is lost there, and what each process, a host of its own, knows of it.

use super::store::{Content, SimulatedLease, store_error};
use super::world::{MINUTE_MS, SECOND_MS, Scene};
use super::{Flaw, PROCESSES};
use crate::error::Result;
use crate::password::PasswordHash;
use crate::runtime::Moment;
use crate::store::{Found, LEASE_MS, Record, redis};

/// How much the clock of every other server is ahead.
const SKEW_MS: u64 = 15 * MINUTE_MS;
/// How long the wait for those who follow takes.
const FOLLOWED_MS: u64 = SECOND_MS / 10;

#[derive(Default)]
pub(super) struct Remote {
    /// How often another server has taken the place of the first.
    servers: u64,
    /// The saves that what is there came from, oldest first.
    operations: Vec<u64>,
    saves: u64,
    /// What those who follow have for certain, and how many of the operations.
    confirmed: Option<(Box<Record>, usize)>,
    /// A loss was found, and the account was not known to be well since.
    doubt: bool,
    witnesses: [Option<Witness>; PROCESSES],
    /// Something was lost, and nobody has found out.
    unseen: bool,
    /// How often somebody went on then who could not know.
    pub undetected: usize,
}

/// What a host knows.
struct Witness {
    operation: u64,
    doubt: bool,
    record: Record,
}

impl Remote {
    pub fn moment(&self, now_ms: u64) -> Moment {
        Moment {
            clock: format!("server {}", self.servers),
            ms: now_ms + self.servers % 2 * SKEW_MS,
        }
    }

    /// Whether a host knows more than what is there.
    pub fn was_lost(&self, host: usize) -> bool {
        let witness = self.witnesses[host].as_ref();
        witness.is_some_and(|witness| !self.operations.contains(&witness.operation))
    }

    /// The last save, and whether a host knows more than what is there.
    pub fn loads(&self, host: usize) -> (Option<u64>, bool) {
        (self.operations.last().copied(), self.was_lost(host))
    }

    pub fn all_is_well(&mut self, host: usize) {
        self.doubt = false;
        if let Some(witness) = &mut self.witnesses[host] {
            witness.doubt = false;
        }
    }
}

impl Scene {
    /// Another server takes the first one's place; what was not confirmed may be lost.
    pub fn fail_over(&mut self) {
        self.counts.one("failovers");
        self.remote.servers += 1;
        if let (Some((record, operations)), true) =
            (self.remote.confirmed.clone(), self.random.one_in(2))
        {
            if self.remote.operations.len() > operations {
                self.counts.one("writes lost");
            }
            self.store.content = Content::Record(record);
            self.remote.operations.truncate(operations);
        }
        // By another clock, so the whole of it once more.
        let ends_ms = self.now_ms + LEASE_MS;
        if let Some(holder) = &mut self.store.holder {
            holder.ends_ms = Some(ends_ms);
        }
        self.note(format!("server {} takes over", self.remote.servers));
    }

    /// The server loses its last save, or all.
    pub fn forget(&mut self) {
        self.counts.one("losses");
        self.platform.losses += 1;
        self.platform.forgotten += self.platform.under_way.len();
        self.remote.servers += 1;
        self.remote.unseen = true;
        match self.store.before.take().filter(|_| self.random.one_in(2)) {
            Some(before) => {
                self.store.content = Content::Record(before);
                self.remote.operations.pop();
            }
            None => {
                self.store.content = Content::Nothing;
                self.store.holder = None;
                self.remote.operations.clear();
                self.remote.doubt = false;
            }
        }
        self.forget_what_is_expected();
        self.note("the server forgets".into());
    }

    /// What is left of a record and what a host knows of it, taken together.
    pub fn incomplete(&mut self, host: usize) -> Found {
        let (now, salt) = (self.store_moment(host), self.new_salt());
        let kept = self.store.record().cloned();
        let kept = kept.unwrap_or_else(|| Record::new(salt, &now));
        let witness = self.remote.witnesses[host].as_ref().expect("it knows more");
        let rest = redis::merged(kept, witness.record.clone(), &now);
        let again = self.remote.doubt || witness.doubt;
        self.counts.one("losses found");
        Found::Incomplete {
            rest: Box::new(rest),
            why: "lost".into(),
            again,
        }
    }

    /// Those who follow have what is there.
    fn follow(&mut self) {
        let operations = self.remote.operations.len();
        let record = self.store.record().cloned();
        self.remote.confirmed = record.map(|record| (record.into(), operations));
    }

    /// A host has looked; where nothing is lost, it knows what it saw.
    pub fn note_look(&mut self, host: usize) {
        let knows = self.flaw != Flaw::ConfirmsNothing;
        if self.weather.is_elsewhere() && knows && !self.remote.was_lost(host) {
            self.note_at(host);
        }
    }

    /// A host knows what is there.
    fn note_at(&mut self, host: usize) {
        let operation = self.remote.operations.last().copied();
        if let (Some(operation), Some(record)) = (operation, self.store.record()) {
            self.remote.witnesses[host] = Some(Witness {
                operation,
                doubt: self.remote.doubt,
                record: record.clone(),
            });
        }
    }

    /// The operator's word is noted on every host.
    pub fn note_all_over(&mut self) {
        if self.weather.is_elsewhere() {
            self.remote.saves += 1;
            self.remote.operations.push(self.remote.saves);
            self.remote.doubt = false;
            self.follow();
            (0..PROCESSES).for_each(|host| self.note_at(host));
        }
    }
}

impl SimulatedLease {
    /// Compared with what is there, done once, and confirmed by those who follow.
    pub fn save_elsewhere(&mut self, record: &Record, hash: &PasswordHash) -> Result<()> {
        let host = self.machine.process;
        let mut scene = self.machine.world.lock();
        scene.remote.saves += 1;
        let operation = scene.remote.saves;
        drop(scene);
        loop {
            let mut scene = self.machine.world.lock();
            let arrives = scene.calm || !scene.random.one_in(15);
            let answered = scene.calm || !scene.random.one_in(15);
            let done = scene.remote.operations.contains(&operation);
            let fits = scene.remote.operations.last().copied() == self.based_on;
            let fenced = scene.is_fenced_off(self.number, self.ends_ms);
            if arrives && !done {
                let blindly = scene.flaw == Flaw::SavesBlindly;
                if (fenced || !fits) && !blindly {
                    scene.counts.one("saves fenced off");
                    scene.note_unsaved(host);
                    return Err(store_error("the lease is another's"));
                }
                if scene.flaw == Flaw::ConfirmsNothing {
                    scene.follow();
                }
                scene.store.keep(record.clone());
                scene.remote.operations.push(operation);
                scene.remote.doubt |= self.noticed;
            }
            let server = scene.remote.servers;
            drop(scene);
            let mut scene = self
                .machine
                .world
                .pass("waits for those who follow", FOLLOWED_MS);
            let confirms = scene.flaw != Flaw::ConfirmsNothing;
            if !arrives || !answered || (scene.remote.servers != server && confirms) {
                scene.counts.one("saves sent again");
                continue;
            }
            if !scene.calm && scene.random.one_in(40) {
                scene.counts.one("saves not confirmed");
                scene.note_unsaved(host);
                return Err(store_error("too few follow"));
            }
            if confirms && scene.remote.operations.last() == Some(&operation) {
                scene.follow();
                scene.note_at(host);
            }
            let went_on = scene.remote.unseen && !self.noticed;
            scene.remote.undetected += usize::from(went_on);
            scene.remote.unseen = false;
            scene.note_saved(host, hash);
            drop(scene);
            self.based_on = Some(operation);
            drop(self.pass("has saved"));
            return Ok(());
        }
    }
}
