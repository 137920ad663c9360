//! Where what must outlive a login is kept, for all that share an account: the lockout guard's
//! record and, if wanted, the session token. A store gives out one lease per account at a time. It
//! knows neither HTTP nor what a record means.

pub(crate) mod file;
pub(crate) mod memory;
mod queue;
mod record;

use std::sync::Arc;
use std::time::Duration;

use queue::Turn;
pub(crate) use record::{Digest, LastLogin, LoginFailure, Record, SharedToken, Slot};

use crate::call::Running;
use crate::error::Result;
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
            // As the platform may read it: a count too many is the safe side.
            username: account.username.trim().to_lowercase(),
        }
    }

    /// The account in words.
    pub fn in_words(&self) -> String {
        format!("{} at {}", self.username, self.realm)
    }
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
}

/// What ends the memory of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// Nothing that it could know of.
    Longer,
    /// The end of this process.
    AsLongAsTheProcess,
    /// The container is made anew: the directory is on its own layer.
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

pub(crate) trait Store: Send + Sync {
    /// The only lease on the key, unless another holds it. It ends when it is dropped, with its
    /// process, and when it says so itself ([`Lease::ends_ms`]).
    fn try_lease(&self, key: &Key, running: &Running) -> Result<Option<Box<dyn Lease>>>;

    /// What is there now, without a lease; it may be gone at the next moment.
    fn peek(&self, key: &Key, running: &Running) -> Result<Found>;

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
    fn ends_ms(&self) -> Option<u64>;

    /// The account is known to be well: what was unreadable before says nothing about it any more.
    fn all_is_well(&mut self) {}
}

pub(crate) fn open(name: &StoreName, runtime: &Arc<dyn Runtime>) -> Result<Arc<dyn Store>> {
    let runtime = Arc::clone(runtime);
    match name {
        StoreName::Memory => Ok(Arc::new(memory::MemoryStore::new(runtime))),
        StoreName::File { directory, network } => Ok(Arc::new(file::FileStore::new(
            directory.as_deref(),
            *network,
            runtime,
        )?)),
    }
}

/// A lease and the turn of its thread among those of the process.
pub(crate) struct HeldLease {
    // Given back before the turn.
    pub lease: Box<dyn Lease>,
    _turn: Turn,
}

/// A lease, waited for as long as the call goes on. The threads of a process wait in the order in
/// which they came, and one of them at a time asks the store.
pub(crate) fn lease(
    store: &dyn Store,
    key: &Key,
    running: &Running,
    runtime: &dyn Runtime,
) -> Result<HeldLease> {
    running.doing(|| {
        format!(
            "waiting for another login of {} to end ({})",
            key.in_words(),
            store.lease_in_words(key)
        )
    });
    let turn = queue::wait(&store.name(), key, running, runtime)?;
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(lease) = store.try_lease(key, running)? {
            running.doing(String::new);
            return Ok(HeldLease { lease, _turn: turn });
        }
        running.check()?;
        runtime.sleep(pause.min(running.slice()));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
