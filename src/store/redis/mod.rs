//! The store of many hosts, on Redis or Valkey: one hash an account holds the record and the lease,
//! and one script changes them. Its clock is the server's. A lease ends by itself, so nothing rests
//! on it but that one login is sent; what counts is that a save is compared with what the saver
//! has seen, and that a login leaves only after its slot is there. What each host knows is noted in
//! a file of its own, too, so that a server which forgets is found out.

mod client;
mod content;
mod examined;
mod lease;
mod link;
mod place;
mod protocol;
mod seal;
#[cfg(all(test, unix))]
mod tests;
mod waiting;
mod witness;

pub(crate) use examined::ServerFacts;
#[cfg(test)]
pub(crate) use witness::merged;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arc_swap::ArcSwapOption;

use self::client::Client;
use self::lease::{RedisLease, Take, Taking};
use self::link::store_error;
use self::place::Known;
use self::protocol::{Answer, Command};
use self::waiting::Pace;
use self::witness::Witness;
use super::file::{FileStore, Note};
use super::record::hex;
use super::{Found, Key, Lasts, Lease, Meanwhile, Store};
use crate::call::Running;
use crate::error::{Error, Result};
use crate::net::tls;
use crate::password::Salt;
use crate::runtime::{Moment, Runtime};
use crate::settings::{Account, StoreAccess};
use crate::sha256::sha256;
use crate::store_name::{RedisName, WitnessAt};

/// How long the time is reckoned on from the last answer before it is asked for again.
const RECKONED_MS: u64 = 1000;

pub(crate) struct RedisStore(Arc<Shared>);

/// What a store and its leases work with.
struct Shared {
    name: RedisName,
    access: StoreAccess,
    /// The hash, and the channel of its hints.
    key: String,
    account: Key,
    witness: Option<Witness>,
    tls: tls::Client,
    runtime: Arc<dyn Runtime>,
    last_time: ArcSwapOption<LastTime>,
    /// Whether the last look saw that another holds the lease.
    seen_held: AtomicBool,
}

/// The server's time, and ours between which it was told.
struct LastTime {
    server: Moment,
    before_ms: u64,
    after_ms: u64,
}

impl RedisStore {
    pub fn new(
        name: &RedisName,
        account: &Account,
        runtime: Arc<dyn Runtime>,
    ) -> Result<RedisStore> {
        let account_key = Key::new(account);
        let directory = match &name.witness {
            WitnessAt::StateDirectory => Some(None),
            WitnessAt::Directory(directory) => Some(Some(directory.as_str())),
            WitnessAt::Nowhere => None,
        };
        let witness = directory.map(|directory| -> Result<Witness> {
            let files = FileStore::new(directory, false, Arc::clone(&runtime));
            let files = files.map_err(advise_witness)?;
            // Of this account on this store.
            let key = Key {
                realm: format!("{name}\0{}", account_key.realm),
                username: account_key.username.clone(),
            };
            Ok(Witness::new(Note::new(files, key)))
        });
        Ok(RedisStore(Arc::new(Shared {
            name: name.clone(),
            access: account.store_access.clone(),
            key: format!("tsm:{{{}}}", hex(&digest("", &account_key))),
            account: account_key,
            witness: witness.transpose()?,
            tls: tls::Client::new(
                account.store_access.ca_file.as_deref(),
                Arc::clone(&runtime),
            ),
            runtime,
            last_time: ArcSwapOption::empty(),
            seen_held: AtomicBool::new(false),
        })))
    }
}

fn advise_witness(error: Error) -> Error {
    error.advising(
        "Each host notes there what it knows of the record on Redis, to find out if that is lost: \
         name a directory with ?witness=DIR after the store's URL, or do without with ?witness=no",
    )
}

fn digest(what: &str, account: &Key) -> Salt {
    let text = format!("{what}{}\0{}", account.realm, account.username);
    let mut bytes = Salt::default();
    bytes.copy_from_slice(&sha256(text.as_bytes())[..16]);
    bytes
}

impl Store for RedisStore {
    fn try_lease(&self, _: &Key, running: &Running) -> Result<Option<Box<dyn Lease>>> {
        // Not asked for again by who has just looked.
        if self.0.seen_held.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        let mut client = Client::new(&self.0);
        let taking = Taking::new(&self.0)?;
        match taking.take(&mut client, running, false)? {
            Take::Taken(taken) => RedisLease::holding(&self.0, client, *taken),
            Take::Busy => Ok(None),
        }
    }

    fn wait_for_lease(
        &self,
        _: &Key,
        running: &Running,
        runtime: &dyn Runtime,
        meanwhile: Meanwhile<'_>,
        waited: &mut bool,
    ) -> Result<Option<Box<dyn Lease>>> {
        let mut client = Client::new(&self.0);
        let taking = Taking::new(&self.0)?;
        let mut last_hint = None;
        loop {
            if let Take::Taken(taken) = taking.take(&mut client, running, true)? {
                return RedisLease::holding(&self.0, client, *taken);
            }
            *waited = true;
            let pace = Pace::new(last_hint, runtime)?;
            if self.0.await_hint(&mut client, &pace, running, runtime)? {
                last_hint = Some(Instant::now());
                if meanwhile(self.0.look(&mut client, running)?)? {
                    return Ok(None);
                }
            }
        }
    }

    fn peek(&self, _: &Key, running: &Running) -> Result<Found> {
        self.0.look(&mut Client::new(&self.0), running)
    }

    fn inspect(&self, _: &Key, running: &Running) -> Result<Found> {
        self.0.inspect(&mut Client::new(&self.0), running)
    }

    fn now(&self, running: &Running) -> Result<Moment> {
        self.0.now(running)
    }

    fn name(&self) -> String {
        self.0.name.to_string()
    }

    fn lasts(&self) -> Lasts {
        Lasts::Longer
    }

    fn lease_in_words(&self, _: &Key) -> String {
        format!("the lease in {} of {}", self.0.key, self.0.name)
    }
}

impl Shared {
    /// The server's time.
    fn now(self: &Arc<Self>, running: &Running) -> Result<Moment> {
        if let Some(moment) = self.reckoned() {
            return Ok(moment);
        }
        let mut client = Client::new(self);
        // Of the server that the key is on, which only a question about it finds.
        let (answers, run_id) = client.ask(running, &|target| {
            let exists = Command::about_key(&["HMGET", target.key(), "v"]);
            vec![exists, Command::new(&["TIME"])]
        })?;
        let ms = answers.get(1).and_then(time_ms);
        let ms = ms.ok_or_else(|| self.odd("TIME"))?;
        Ok(Moment {
            clock: clock(&run_id),
            ms,
        })
    }

    fn known(&self) -> Arc<Known> {
        Known::of(&self.name, &*self.runtime)
    }

    /// The server's time by what it said last, if that is fresh.
    fn reckoned(&self) -> Option<Moment> {
        let last = self.last_time.load_full()?;
        let passed_ms = self.runtime.now_ms().checked_sub(last.before_ms)?;
        let waited_ms = last.after_ms.saturating_sub(last.before_ms);
        (passed_ms <= RECKONED_MS && waited_ms <= RECKONED_MS / 4).then(|| Moment {
            ms: last.server.ms.saturating_add(passed_ms),
            clock: last.server.clock.clone(),
        })
    }

    /// Notes the time where answers tell it: TIME does, and the script.
    fn note_time(&self, run_id: &str, answers: &[Answer], before_ms: u64) {
        let scripts = |answer: &Answer| match answer.list() {
            [word, now, ..] if !word.text().is_empty() && word.number().is_none() => {
                now.number().filter(|ms| *ms < END_OF_TIME_MS)
            }
            _ => time_ms(answer),
        };
        if let Some(ms) = answers.iter().find_map(scripts) {
            self.last_time.store(Some(Arc::new(LastTime {
                server: Moment {
                    clock: clock(run_id),
                    ms,
                },
                before_ms,
                after_ms: self.runtime.now_ms(),
            })));
        }
    }

    fn new_id(&self) -> Result<String> {
        Ok(hex(&self.runtime.salt()?))
    }

    fn odd(&self, what: &str) -> Error {
        store_error(format!("{}: an odd answer to {what}", self.name))
    }
}

fn clock(run_id: &str) -> String {
    format!("redis:{run_id}")
}

/// No server's time comes this far.
const END_OF_TIME_MS: u64 = 1 << 53;

/// The answer of TIME, in milliseconds.
fn time_ms(answer: &Answer) -> Option<u64> {
    match answer.list() {
        [seconds, micros] => {
            let ms = seconds.number()?.saturating_mul(1000);
            let ms = ms.saturating_add(micros.number()? / 1000);
            (ms < END_OF_TIME_MS).then_some(ms)
        }
        _ => None,
    }
}
