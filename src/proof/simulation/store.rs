//! The store that all processes share: its records, its leases, and how it fails.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use super::machine::{Machine, hashed_once};
use super::program::password;
use super::world::{Scene, me};
use super::{Flaw, Weather};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::lockout;
use crate::password::Salt;
use crate::runtime::Moment;
use crate::store::{Found, Key, LEASE_MS, Lasts, Lease, Record, Store, Succeeded};

/// A store elsewhere gives each record of an account the same.
const SALT_OF_THE_ACCOUNT: Salt = [255; 16];

#[derive(Default)]
pub(super) enum Content {
    #[default]
    Nothing,
    Record(Box<Record>),
    /// Which damage it is.
    Damaged(u64),
}

#[derive(Default)]
pub(super) struct Stored {
    pub content: Content,
    /// What was there before the last save.
    pub before: Option<Box<Record>>,
    damages: u64,
    /// The damage that was found first, since the account was known to be well.
    pub aside: Option<u64>,
    pub holder: Option<Holder>,
    leases: u64,
    pub full: bool,
    salts: u8,
    /// By which life, and in which login, a password worked last that has no hash: for a flaw.
    unhashed: BTreeMap<u64, Succeeded>,
}

pub(super) struct Holder {
    pub number: u64,
    life: u64,
    pub ends_ms: Option<u64>,
}

impl Stored {
    pub fn found(&self) -> Found {
        match &self.content {
            Content::Nothing => Found::Nothing,
            Content::Record(record) => Found::Record(record.clone()),
            Content::Damaged(number) => Found::Unreadable {
                why: "damaged".into(),
                again: self.aside.is_some_and(|aside| aside != *number),
            },
        }
    }

    pub fn record(&self) -> Option<&Record> {
        match &self.content {
            Content::Record(record) => Some(record),
            _ => None,
        }
    }

    pub fn is_damaged(&self) -> bool {
        matches!(self.content, Content::Damaged(_))
    }

    /// How many slots there were before the last save.
    pub fn slots_before(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.slots.len())
    }

    /// How many of them are not known to have been forgotten with that save.
    pub fn counted_before(&self) -> usize {
        let is_there = |id: u64| {
            let mut slots = self.record().into_iter().flat_map(|record| &record.slots);
            slots.any(|slot| slot.id == id)
        };
        let before = self.before.iter().flat_map(|before| &before.slots);
        let counted = before.filter(|slot| !slot.forgiven || is_there(slot.id));
        counted.count()
    }

    /// What one life is shown.
    fn shown(&self, life: u64, flaw: Flaw) -> Found {
        match (self.found(), self.unhashed.get(&life)) {
            (Found::Record(mut record), Some(old)) if flaw == Flaw::ShowsOldSuccesses => {
                record.succeeded = *old;
                Found::Record(record)
            }
            (found, _) => found,
        }
    }

    pub fn keep(&mut self, record: Record) {
        let new = Content::Record(Box::new(record));
        self.before = match std::mem::replace(&mut self.content, new) {
            Content::Record(before) => Some(before),
            _ => None,
        };
    }
}

impl Scene {
    /// As if it were random, but no two of a history are the same.
    pub fn new_salt(&mut self) -> Salt {
        if self.weather == Weather::Forgets {
            return SALT_OF_THE_ACCOUNT;
        }
        self.store.salts += 1;
        [self.store.salts; 16]
    }

    pub fn damage_store(&mut self) {
        self.note("the record is damaged".into());
        self.counts.one("damages");
        self.store.damages += 1;
        self.store.content = Content::Damaged(self.store.damages);
        self.forget_what_is_expected();
        self.platform.forgotten += self.platform.under_way.len();
    }

    /// The store starts anew, with nothing.
    pub fn lose_store(&mut self) {
        self.note("the store loses all".into());
        self.counts.one("losses");
        self.store.content = Content::Nothing;
        self.store.holder = None;
        self.forget_what_is_expected();
        self.platform.losses += 1;
    }

    /// The operator's word, given in a process of its own.
    pub fn unblock(&mut self) {
        let (now, max, salt) = (self.store_moment(0), self.allowed, self.new_salt());
        let mut record = lockout::record(self.store.found(), &now, || Ok(salt), max)
            .expect("what is damaged is replaced");
        let forgotten = lockout::unblock(&mut record);
        self.store.keep(record);
        self.note_all_over();
        self.store.aside = None;
        self.forget_what_was_refused();
        self.note(format!("the operator unblocks: {forgotten:?}"));
    }

    /// A process has ended that may have held the lease.
    pub fn store_loses_its_holder(&mut self, life: u64) {
        let held = |holder: &Holder| holder.life == life && holder.ends_ms.is_none();
        if !self.store.holder.as_ref().is_some_and(held) {
            return;
        }
        self.store.holder = None;
        if self.flaw == Flaw::IsNotDurable
            && let Some(before) = self.store.before.take()
        {
            self.store.content = Content::Record(before);
        }
    }

    /// Whether the login under a lease is known to those who come after.
    pub fn knows(&self, lease: u64) -> bool {
        self.holds(lease) && !self.store.is_damaged()
    }

    /// Whether a record to be saved has the hash that the one in the store lacks.
    fn notes_what_succeeded(&self, record: &Record) -> bool {
        let before = self.store.record().map(|before| before.succeeded);
        matches!(
            (before, record.succeeded),
            (Some(Succeeded::Login(_)), Succeeded::Password(_))
        )
    }

    /// Whether a lease is still its holder's.
    pub fn holds(&self, lease: u64) -> bool {
        self.store
            .holder
            .as_ref()
            .is_some_and(|h| h.number == lease)
    }

    fn lease_is_free(&self) -> bool {
        let ended = |ends_ms: u64| ends_ms <= self.now_ms;
        self.flaw == Flaw::LeasesToAll
            || self
                .store
                .holder
                .as_ref()
                .is_none_or(|h| h.ends_ms.is_some_and(ended))
    }

    /// Whether a lease is no longer its holder's. One that has run out is given up sooner or later.
    pub fn is_fenced_off(&mut self, lease: u64, ends_ms: Option<u64>) -> bool {
        let ended = ends_ms.is_some_and(|ends_ms| ends_ms <= self.now_ms);
        let holds = self.holds(lease);
        self.flaw != Flaw::LeasesToAll && (!holds || (ended && self.random.one_in(2)))
    }

    pub fn check_store(&mut self) -> Result<()> {
        if !self.calm && self.weather == Weather::StoreFails && self.random.one_in(80) {
            return Err(store_error("it does not answer"));
        }
        Ok(())
    }
}

pub(super) fn store_error(why: &str) -> Error {
    Error::new(Status::Store, format!("simulated store: {why}"))
}

impl Store for Machine {
    fn try_lease(&self, _: &Key, _: &Running) -> Result<Option<Box<dyn Lease>>> {
        let mut scene = self.world.pass("wants the lease", 0);
        scene.check_store()?;
        if !scene.lease_is_free() {
            return Ok(None);
        }
        let ends_ms = scene
            .weather
            .ends_leases()
            .then_some(scene.now_ms + LEASE_MS);
        let now = scene.store_moment(self.process);
        scene.store.leases += 1;
        let number = scene.store.leases;
        scene.store.holder = Some(Holder {
            number,
            life: self.life,
            ends_ms,
        });
        scene.workers[me()].lease = number;
        scene.workers[me()].lease_ends_ms = ends_ms;
        drop(scene);
        Ok(Some(Box::new(SimulatedLease {
            machine: self.clone(),
            number,
            ends_ms,
            ends: ends_ms.map(|_| Moment {
                ms: now.ms + LEASE_MS,
                ..now
            }),
            based_on: None,
            noticed: false,
        })))
    }

    fn peek(&self, _: &Key, _: &Running) -> Result<Found> {
        let mut scene = self.world.pass("looks", 0);
        scene.check_store()?;
        scene.note_look(self.process);
        Ok(scene.store.shown(self.life, scene.flaw))
    }

    fn now(&self, _: &Running) -> Result<Moment> {
        let mut scene = self.world.pass("asks for the time", 0);
        scene.check_store()?;
        Ok(scene.store_moment(self.process))
    }

    fn name(&self) -> String {
        "simulated:".into()
    }

    fn lasts(&self) -> Lasts {
        Lasts::Longer
    }

    fn lease_in_words(&self, _: &Key) -> String {
        "simulated".into()
    }
}

pub(super) struct SimulatedLease {
    pub machine: Machine,
    pub number: u64,
    pub ends_ms: Option<u64>,
    /// By the store's clock.
    ends: Option<Moment>,
    /// The save that its next one follows.
    pub based_on: Option<u64>,
    /// It was found that the server has lost something.
    pub noticed: bool,
}

impl SimulatedLease {
    pub fn pass(&self, what: &str) -> MutexGuard<'_, Scene> {
        self.machine.world.pass(what, 0)
    }
}

impl Drop for SimulatedLease {
    fn drop(&mut self) {
        let Machine { process, life, .. } = self.machine;
        let mut scene = self.machine.world.lock();
        let mine = scene
            .store
            .holder
            .as_ref()
            .is_some_and(|h| h.number == self.number);
        // Who is dead gives nothing back.
        if mine && !scene.is_over(process, life) {
            scene.store.holder = None;
        }
    }
}

impl Lease for SimulatedLease {
    fn load(&mut self, _: &Running) -> Result<Found> {
        let mut scene = self.pass("loads");
        scene.check_store()?;
        let (based_on, noticed) = scene.remote.loads(self.machine.process);
        if noticed {
            let found = scene.incomplete(self.machine.process);
            drop(scene);
            (self.based_on, self.noticed) = (based_on, true);
            return Ok(found);
        }
        scene.note_look(self.machine.process);
        let found = scene.store.shown(self.machine.life, scene.flaw);
        if let Content::Damaged(number) = scene.store.content {
            scene.store.aside.get_or_insert(number);
        }
        drop(scene);
        self.based_on = based_on;
        Ok(found)
    }

    fn save(&mut self, record: &Record, _: &Running) -> Result<()> {
        let Machine { process, .. } = self.machine;
        let mut scene = self.pass("saves");
        let life = scene.processes[process].life.clone().expect("it lives");
        let hash = hashed_once(&password(life.password), &record.salt);
        if scene.weather.is_elsewhere() {
            drop(scene);
            return self.save_elsewhere(record, &hash);
        }
        if scene.is_fenced_off(self.number, self.ends_ms) {
            scene.counts.one("saves fenced off");
            scene.note_unsaved(process);
            return Err(store_error("the lease is another's"));
        }
        if scene.store.full {
            scene.note_unsaved(process);
            return Err(store_error("the disk is full"));
        }
        // One that fails may have been written all the same.
        let failed = scene.check_store();
        let written = failed.is_ok() || scene.random.one_in(2);
        if written && scene.flaw != Flaw::SavesNothing {
            if let Succeeded::Login(_) = record.succeeded {
                scene.store.unhashed.insert(life.number, record.succeeded);
            }
            if scene.notes_what_succeeded(record) {
                scene.counts.one("noted afterwards");
            }
            scene.store.keep(record.clone());
        }
        if let Err(error) = failed {
            scene.note_unsaved(process);
            return Err(error);
        }
        scene.note_saved(process, &hash);
        drop(scene);
        drop(self.pass("has saved"));
        Ok(())
    }

    fn ends(&self) -> Option<Moment> {
        self.ends.clone()
    }

    fn all_is_well(&mut self) {
        let mut scene = self.machine.world.lock();
        scene.store.aside = None;
        scene.remote.all_is_well(self.machine.process);
    }
}
