//! Where what must outlive a login is kept, for all that share an account: the lockout guard's
//! record and, if wanted, the session token. A store gives out one lease per account at a time. It
//! knows neither HTTP nor what a record means.

pub(crate) mod file;
pub(crate) mod memory;
mod name;
mod record;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use name::StoreName;
pub(crate) use record::{Digest, Outcome, OutcomeFailure, PasswordHash, Record, Shared, Slot};

use crate::call::Running;
use crate::clock::Clock;
use crate::error::Result;
use crate::settings::Account;

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

pub(crate) trait Store: Send + Sync {
    /// The only lease on the key, unless another holds it. It ends when it is dropped, and with its
    /// process.
    fn try_lease(&self, key: &Key) -> Result<Option<Box<dyn Lease>>>;

    /// What is there now, without a lease; it may be gone at the next moment.
    fn peek(&self, key: &Key) -> Result<Found>;

    /// The store as an option names it.
    fn name(&self) -> String;
}

/// The right to change one key's record.
pub(crate) trait Lease {
    fn load(&mut self) -> Result<Found>;

    /// Durable when it returns; wholly written or not at all.
    fn save(&mut self, record: &Record) -> Result<()>;

    /// The account is known to be well: what was unreadable before says nothing about it any more.
    fn all_is_well(&mut self) {}
}

pub(crate) fn open(choice: &StoreName) -> Result<Arc<dyn Store>> {
    match choice {
        StoreName::Memory => Ok(Arc::new(memory::MemoryStore)),
        StoreName::File { directory, network } => Ok(Arc::new(file::FileStore::open(
            directory.as_deref(),
            *network,
        )?)),
    }
}

/// A lease, waited for as long as the call goes on.
pub(crate) fn lease(
    store: &dyn Store,
    key: &Key,
    running: &Running,
    clock: &dyn Clock,
) -> Result<Box<dyn Lease>> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(lease) = store.try_lease(key)? {
            return Ok(lease);
        }
        running.check()?;
        clock.pause(pause.min(running.slice()));
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
