//! Where what must outlive a login is kept, for all that share an account: the lockout guard's
//! record and, if wanted, the session token. A store gives out one lease per account at a time. It
//! knows neither HTTP nor what a record means.

pub(crate) mod file;
pub(crate) mod memory;
mod queue;
mod record;
pub(crate) mod redis;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use queue::Turn;
pub(crate) use record::{
    Digest, LastLogin, LoginFailure, Record, SharedToken, Slot, SlotName, Succeeded,
};

use crate::call::{LONGEST_OWN_TIME, Running};
use crate::error::{Error, Result, Status};
use crate::runtime::{Moment, Runtime};
use crate::settings::Account;
use crate::store_name::StoreName;

/// Whose record it is: one contact of one platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub realm: String,
    pub username: String,
}

impl Key {
    pub fn new(account: &Account) -> Key {
        Key {
            realm: account.realm.clone(),
            username: folded(&account.username),
        }
    }

    /// The account in words.
    pub fn in_words(&self) -> String {
        format!("{} at {}", self.username, self.realm)
    }
}

/// A name as the platform may read it: a count too many is the safe side. By capitals first, since
/// small letters alone tell some names apart that differ in case only: a sigma at a word's end.
fn folded(username: &str) -> String {
    username.trim().to_uppercase().to_lowercase()
}

/// What a store holds under a key.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Record(Box<Record>),
    /// Something that is no record.
    Unreadable {
        why: String,
        /// Another such thing was found before this one, and the account was not known to be well
        /// since.
        again: bool,
    },
    /// A record that lost something, as this host knows: what is left of it and what this host has
    /// noted, taken together.
    Incomplete {
        rest: Box<Record>,
        why: String,
        /// Something was lost before, and the account was not known to be well since.
        again: bool,
    },
}

/// What ends the memory of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// Nothing that it could know of.
    Longer,
    /// The end of this process.
    AsLongAsTheProcess,
    /// The container is made anew: the directory is on its own layer, or in memory there.
    // Only Linux tells of containers.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    AsLongAsTheContainer,
    /// The machine starts anew: the directory is in memory.
    AsLongAsTheMachineRuns,
}

impl Lasts {
    /// As `tsm_info` names it.
    pub fn name(self) -> &'static str {
        match self {
            Lasts::Longer => "for good",
            Lasts::AsLongAsTheProcess => "as long as the process",
            Lasts::AsLongAsTheContainer => "as long as the container",
            Lasts::AsLongAsTheMachineRuns => "as long as the machine runs",
        }
    }
}

/// How long a login and what comes before it may take under one lease: one that ends by itself ends
/// then.
pub(crate) const LEASE_MS: u64 = LONGEST_OWN_TIME.as_millis() as u64 + 30_000;

/// Says whether what was found while waiting for a lease will do, so that none is needed.
pub(crate) type Meanwhile<'a> = &'a mut dyn FnMut(Found) -> Result<bool>;

pub(crate) trait Store: Send + Sync {
    /// The only lease on the key, unless another holds it. It ends when it is dropped, with its
    /// process, and when it says so itself ([`Lease::ends`]).
    fn try_lease(&self, key: &Key, running: &Running) -> Result<Option<Box<dyn Lease>>>;

    /// The lease, waited for as long as the call goes on; `waited` is set where it was not free at
    /// once. `meanwhile` is shown what is there where that may have changed; once that will do for
    /// the caller, it is None.
    fn wait_for_lease(
        &self,
        key: &Key,
        running: &Running,
        runtime: &dyn Runtime,
        _meanwhile: Meanwhile<'_>,
        waited: &mut bool,
    ) -> Result<Option<Box<dyn Lease>>> {
        let mut pause = Duration::from_micros(500);
        loop {
            if let Some(lease) = self.try_lease(key, running)? {
                return Ok(Some(lease));
            }
            *waited = true;
            running.check()?;
            runtime.sleep(pause.min(running.slice()));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// What is there now, without a lease; it may be gone at the next moment.
    fn peek(&self, key: &Key, running: &Running) -> Result<Found>;

    /// What who takes the lease now would find, without taking it. Nothing is written, also not
    /// where [`Store::peek`] would note what it saw. Fails where the store cannot be used.
    fn inspect(&self, key: &Key, running: &Running) -> Result<Found> {
        self.peek(key, running)
    }

    /// The time by the clock that all who share the store go by.
    fn now(&self, running: &Running) -> Result<Moment>;

    /// The store as an option names it.
    fn name(&self) -> String;

    /// How long what it holds is there.
    fn lasts(&self) -> Lasts;

    /// What others hold while this account's lease is not free, for a person to look at.
    fn lease_in_words(&self, key: &Key) -> String;
}

/// The right to change one key's record.
pub(crate) trait Lease: Send {
    fn load(&mut self, running: &Running) -> Result<Found>;

    /// Durable when it returns; wholly written or not at all. Fails when the lease is no longer
    /// held.
    fn save(&mut self, record: &Record, running: &Running) -> Result<()>;

    /// When it ends by itself, by the store's clock. None where it lives as long as its process.
    fn ends(&self) -> Option<Moment>;

    /// The account is known to be well: what was unreadable before says nothing about it any more.
    fn all_is_well(&mut self) {}
}

pub(crate) fn open(account: &Account, runtime: &Arc<dyn Runtime>) -> Result<Arc<dyn Store>> {
    let runtime = Arc::clone(runtime);
    match &account.store {
        StoreName::Memory => Ok(Arc::new(memory::MemoryStore::new(runtime))),
        StoreName::File { directory, network } => Ok(Arc::new(file::FileStore::new(
            directory.as_deref(),
            *network,
            runtime,
        )?)),
        StoreName::Redis(name) => Ok(Arc::new(redis::RedisStore::new(name, account, runtime)?)),
    }
}

/// A lease and the turn of its thread among those of the process.
pub(crate) struct HeldLease {
    // Given back before the turn.
    pub lease: Box<dyn Lease>,
    /// Whether others had it before.
    pub waited: bool,
    _turn: Turn,
}

/// What waiting for a lease came to.
pub(crate) enum Waited<T> {
    Lease(HeldLease),
    /// What made the lease needless.
    Outcome(T),
}

/// A lease, waited for as long as the call goes on, unless `meanwhile` finds an outcome in what is
/// there. The threads of a process wait in the order in which they came, and one of them at a time
/// asks the store.
pub(crate) fn lease_unless<T>(
    store: &dyn Store,
    key: &Key,
    running: &Running,
    runtime: &dyn Runtime,
    mut meanwhile: impl FnMut(Found) -> Result<Option<T>>,
) -> Result<Waited<T>> {
    running.doing(|| {
        format!(
            "waiting for another login of {} to end ({})",
            key.in_words(),
            store.lease_in_words(key)
        )
    });
    let turn = queue::wait(&store.name(), key, running, runtime)?;
    let mut waited = turn.waited;
    let mut outcome = None;
    let mut look = |found| {
        outcome = meanwhile(found)?;
        Ok(outcome.is_some())
    };
    // Those who came before may have brought what this one wants.
    let is_done = turn.waited && look(store.peek(key, running)?)?;
    let lease = match is_done {
        true => None,
        false => store.wait_for_lease(key, running, runtime, &mut look, &mut waited)?,
    };
    running.doing(String::new);
    match (lease, outcome) {
        (Some(lease), _) => Ok(Waited::Lease(HeldLease {
            lease,
            waited,
            _turn: turn,
        })),
        (None, Some(outcome)) => Ok(Waited::Outcome(outcome)),
        (None, None) => Err(Error::new(
            Status::Internal,
            "a lease was given up for nothing",
        )),
    }
}

/// A lease, waited for as long as the call goes on.
pub(crate) fn lease(
    store: &dyn Store,
    key: &Key,
    running: &Running,
    runtime: &dyn Runtime,
) -> Result<HeldLease> {
    match lease_unless(store, key, running, runtime, |_| Ok(None::<Infallible>))? {
        Waited::Lease(held) => Ok(held),
        Waited::Outcome(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_one_however_its_letters_are_written() {
        for (one, other) in [
            ("zbeeblebrox", " ZBeeblebrox\u{a0}"),
            ("νίκοσ", "ΝΊΚΟΣ"),
            ("νίκος", "νίκοσ"),
            ("straße", "STRASSE"),
            ("\u{212a}elvin", "kelvin"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("zbeeblebrox"), folded("zbeeblebrox2"));
    }
}
