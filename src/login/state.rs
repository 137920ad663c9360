//! What the lockout guard knows of an account, and what it would say to a login now: for people and
//! scripts that look on. No lease is taken and nothing is written.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::password::Hashable;
use super::{advise, on_a_thread};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::lockout::{self, NextLogin};
use crate::password::{PasswordHash, Salt};
use crate::runtime::{Moment, Runtime};
use crate::secret_source::{SecretAtHand, SecretSource};
use crate::settings::Account;
use crate::store::{self, Found, Key, LastLogin, Record, Slot, Store};

/// What the lockout guard knows of an account, as of one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GuardState {
    /// The platform whose logins are counted.
    pub realm: String,
    /// The contact, as the guard compares it.
    pub username: String,
    /// The store, as the option names it.
    pub store: String,
    /// How long what it holds is there, in words.
    pub store_lasts: &'static str,
    /// What was found there.
    pub record: RecordState,
    /// How many logins may have failed before none is sent.
    pub max_login_failures: usize,
    /// Logins that count: those that failed, or may have.
    pub slots: usize,
    /// How many of them the platform refused.
    pub refused: usize,
    /// How many of them were begun within two and a half minutes, and nobody has said yet how they
    /// ended: their senders wait, or are gone.
    pub under_way: usize,
    /// How many rejected passwords are remembered.
    pub rejected_passwords: usize,
    /// When the next login may leave. A login under way counts as one of unknown fate that ends
    /// now, or two and a half minutes after it was begun if that was before. Without a password in
    /// the configuration it is told for one that was never sent.
    pub next_login: NextLogin,
    /// What a login now would fail with, unless it may leave.
    pub refusal: Option<Error>,
    /// How long the platform asked all to wait (`Retry-After`), from now on.
    pub hold: Option<Duration>,
    /// The last login that ended.
    pub last_login: Option<LastLoginState>,
    /// When a login succeeded last, as far as is known, by the wall clock of the machine that sent
    /// it: told even while another one is under way, or failed.
    pub last_success: Option<SystemTime>,
    /// How old the session token is that all may use, for this protocol.
    pub shared_token_age: Option<Duration>,
}

impl GuardState {
    /// How many more logins may fail before none is sent.
    pub fn slots_left(&self) -> usize {
        self.max_login_failures.saturating_sub(self.slots)
    }

    /// Whether the platform said to the last login that the contact is locked: a login that leaves
    /// fails until Verizon's support has unlocked it.
    pub fn contact_was_locked(&self) -> bool {
        let last = self.last_login.as_ref();
        let failure = last.and_then(|last| last.failure.as_ref());
        failure.is_some_and(|failure| failure.status() == Status::Locked)
    }
}

/// What a store holds of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// Nothing: no login was sent yet.
    Nothing,
    /// A record.
    Whole,
    /// Something that is no record, or one that lost something, as this says: it counts as one
    /// login left at most.
    Damaged(String),
}

/// How the last login ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LastLoginState {
    /// By the wall clock of the machine that sent it.
    pub ended: Option<SystemTime>,
    /// None for success.
    pub failure: Option<Error>,
}

/// Looks at what the guard knows of an account. `password` is the one that a login would send.
pub(crate) fn guard(
    account: &Account,
    protocol: &'static str,
    password: Option<SecretSource>,
    running: &Running,
    runtime: &Arc<dyn Runtime>,
) -> Result<GuardState> {
    let (of, own) = (account.clone(), Arc::clone(runtime));
    let look = move |running: &Running| {
        let store = store::open(&of, &own)?;
        let look = Look {
            of: &of,
            protocol,
            store: &*store,
            runtime: &*own,
        };
        look.at(password.as_ref(), running)
    };
    on_a_thread(runtime, running, look).map_err(|error| advise(error, account.store_is_default))
}

struct Look<'a> {
    of: &'a Account,
    protocol: &'static str,
    store: &'a dyn Store,
    runtime: &'a dyn Runtime,
}

impl Look<'_> {
    fn at(&self, password: Option<&SecretSource>, running: &Running) -> Result<GuardState> {
        let (key, max_failures) = (Key::new(self.of), self.of.max_login_failures);
        running.doing(|| format!("looking into {}", self.store.name()));
        let found = self.store.inspect(&key, running)?;
        let now = self.store.now(running)?;
        let password = password.map(|source| SecretAtHand::new(Ok(source)));
        let mut hash = |salt: &Salt| match &password {
            Some(password) => Ok(Hashable::new(password.get()?, salt, self.runtime)?.hash()),
            None => Ok(PasswordHash::default()),
        };
        let state = record_state(&found);
        let may_have_worked = |rest: &Record| lockout::may_have_worked(rest, &mut hash);
        let found = lockout::leave_nothing_to_unproven(found, may_have_worked)?;
        let mut record = lockout::record(found, &now, || self.runtime.salt(), max_failures)?;
        let under_way = |slot: &&Slot| lockout::is_under_way(slot, now.ms);
        let under_way = record.slots.iter().filter(under_way);
        let under_way = match state {
            // Those that stand for what was lost are nobody's.
            RecordState::Damaged(_) => under_way.filter(|slot| !slot.is_of_nobody()).count(),
            _ => under_way.count(),
        };
        // One whose password cannot be had fails for that, whatever is counted.
        let at_hand = password.as_ref().map(SecretAtHand::get).transpose();
        let outlook =
            at_hand.and_then(|_| lockout::outlook(&mut record, &key, &mut hash, max_failures));
        let (next_login, refusal) = outlook.unwrap_or_else(|why| (NextLogin::Never, Some(why)));
        let refused = |slot: &&Slot| slot.refused;
        Ok(GuardState {
            store: self.store.name(),
            store_lasts: self.store.lasts().name(),
            record: state,
            max_login_failures: max_failures,
            slots: record.slots.len(),
            refused: record.slots.iter().filter(refused).count(),
            under_way,
            rejected_passwords: record.rejected.len(),
            next_login,
            refusal,
            hold: record.hold(),
            last_login: record.last.as_ref().map(last_login),
            last_success: wall_time(record.succeeded_wall_ms),
            shared_token_age: self.shared_token_age(&record, &now),
            realm: key.realm,
            username: key.username,
        })
    }

    fn shared_token_age(&self, record: &Record, now: &Moment) -> Option<Duration> {
        let mut shared = record.shared.iter();
        let shared = shared.find(|shared| shared.protocol == self.protocol)?;
        Some(Duration::from_millis(
            now.ms.saturating_sub(shared.obtained_ms),
        ))
    }
}

fn record_state(found: &Found) -> RecordState {
    match found {
        Found::Nothing => RecordState::Nothing,
        Found::Record(record) if record.is_new() => RecordState::Nothing,
        Found::Record(_) => RecordState::Whole,
        Found::Unreadable { why, .. } | Found::Incomplete { why, .. } => {
            RecordState::Damaged(why.clone())
        }
    }
}

fn last_login(last: &LastLogin) -> LastLoginState {
    LastLoginState {
        ended: wall_time(last.ended_wall_ms),
        failure: last.failure.as_ref().map(|failure| failure.error("")),
    }
}

/// None where it is not known.
fn wall_time(ms: u64) -> Option<SystemTime> {
    let since = Some(Duration::from_millis(ms)).filter(|since| !since.is_zero());
    since.and_then(|since| UNIX_EPOCH.checked_add(since))
}
