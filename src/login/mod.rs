//! How a session comes by a token: it adopts a shared one that is newer, or else takes the
//! account's lease and logs in. At most one login of an account is under way in all that share a
//! store, and those who waited for one that failed share its failure.

mod afterwards;
mod attempt;
mod password;
mod request;
mod state;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;

use crate::api_token::ApiTokens;
use crate::call::{Call, Running};
use crate::error::{Error, Result, Status};
use crate::events::{Event, EventDetail, EventKind, Events};
use crate::http::Wire;
use crate::lockout::{self, Permit, Unblocked, Unhashed};
use crate::log::Log;
use crate::password::{PasswordHash, Salt};
use crate::per_key::PerKey;
use crate::runtime::{Moment, Runtime, Stopwatch};
use crate::secret::Secret;
use crate::secret_source::{SecretAtHand, SecretSource};
use crate::settings::{Account, Protocol, Settings};
use crate::sha256::sha256;
use crate::single_flight::SingleFlight;
use crate::store::{
    self, Digest, Found, Key, LastLogin, Lasts, Record, SharedToken, Store, Waited,
};

#[cfg(test)]
pub(crate) use afterwards::is_at_rest;
use attempt::{Attempt, End};
use password::Hashable;
use request::LoginRequest;
pub(crate) use request::bearer;
pub(crate) use state::guard;
pub use state::{GuardState, LastLoginState, RecordState};

/// Logs in for one session, as often as it takes.
pub(crate) struct Logins {
    key: Key,
    password: Result<SecretSource>,
    request: LoginRequest,
    max_failures: usize,
    share_token: bool,
    store: Arc<dyn Store>,
    store_is_default: bool,
    lasts: OnceLock<Lasts>,
    warned: AtomicBool,
    wire: Arc<dyn Wire>,
    runtime: Arc<dyn Runtime>,
    log: Log,
    events: Arc<Events>,
    /// Rejections that the store did not take when they came.
    unsaved: Arc<UnsavedRejections>,
    /// The last login of this session that succeeded before its password was hashed, and that
    /// password.
    unhashed: Mutex<Option<(Unhashed, Secret)>>,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

/// A rejection that the store did not take: it is noted with the next login of this process.
struct UnsavedRejection {
    salt: Salt,
    permit: Permit,
    password: PasswordHash,
}

type UnsavedRejections = ArcSwap<Vec<Arc<UnsavedRejection>>>;

/// By process, store and account. Changed by whoever holds the lease.
static UNSAVED: PerKey<(u64, String, Key), UnsavedRejections> = PerKey::new();

/// A session token, and whether it took a login.
#[derive(Clone, Debug)]
pub(crate) struct Obtained {
    pub token: Secret,
    pub by_login: bool,
}

impl Logins {
    pub fn new(
        settings: &Settings,
        wire: Arc<dyn Wire>,
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
    ) -> Logins {
        let account = &settings.account;
        let key = Key::new(account);
        let unsaved = UNSAVED.get(&(runtime.process(), store.name(), key.clone()));
        Logins {
            key,
            password: settings.password.clone(),
            request: LoginRequest::new(settings),
            max_failures: account.max_login_failures,
            share_token: settings.share_token,
            store,
            store_is_default: account.store_is_default,
            lasts: OnceLock::new(),
            warned: AtomicBool::new(false),
            wire,
            runtime,
            log: settings.log.clone(),
            events: Arc::clone(&settings.events),
            unsaved,
            unhashed: Mutex::default(),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Logins that gave a token.
    pub fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Logins that were sent and gave none.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// The name of the store, and how long what it holds is there, as soon as that is known. Asks
    /// nothing of a disk that may stall.
    pub fn store(&self) -> (String, Option<Lasts>) {
        (self.store.name(), self.lasts.get().copied())
    }

    /// To be called when a login was sent, whatever came of it: one that fails at every start is
    /// what must not be forgotten. Says so, once, where the guard's memory ends sooner than an
    /// operator may think.
    fn warn_of_a_store_that_forgets(&self) {
        let lasts = self.find_out_how_long_the_store_lasts();
        let forgets = match lasts {
            Lasts::AsLongAsTheContainer | Lasts::AsLongAsTheMachineRuns => true,
            // One process is what memory: asks for.
            Lasts::AsLongAsTheProcess | Lasts::Longer => false,
        };
        if forgets && !self.warned.swap(true, Ordering::Relaxed) {
            self.log.warn(|| {
                format!(
                    "the lockout guard is in {}, which is there only {}: it forgets failed logins \
                     then, and a program that starts again and again with a wrong password locks \
                     the contact. Set the option store (TSM_STORE) to file:DIR on a volume that \
                     lasts",
                    self.store.name(),
                    lasts.name()
                )
            });
        }
    }

    fn find_out_how_long_the_store_lasts(&self) -> Lasts {
        *self.lasts.get_or_init(|| self.store.lasts())
    }

    /// A session token other than the one to be replaced: a shared one, or else by a login.
    pub fn obtain(
        self: &Arc<Self>,
        api_tokens: Option<&Arc<ApiTokens>>,
        running: &Running,
        replaced: Option<&Secret>,
    ) -> Result<Obtained> {
        let obtained = self.adopt_or_log_in(api_tokens, running, replaced);
        // Of a store that cannot be used there is nothing to say.
        if !matches!(&obtained, Err(error) if error.status() == Status::Store) {
            self.find_out_how_long_the_store_lasts();
        }
        if obtained.as_ref().is_ok_and(|obtained| obtained.by_login) && self.unhashed().is_some() {
            afterwards::hash_password(self);
        }
        obtained
            .inspect_err(|error| {
                if error.status() == Status::Store {
                    self.lost(EventDetail::Unusable, Some(error));
                }
            })
            .map_err(|error| advise(error, self.store_is_default))
    }

    fn lost(&self, detail: EventDetail, error: Option<&Error>) {
        let event = Event::new(EventKind::StoreLost).detailed(detail);
        self.events.happened(event.because(error));
    }

    /// Notes how many slots are left, for operators.
    fn saw(&self, record: &Record) {
        let left = self.max_failures.saturating_sub(record.slots.len());
        self.events.metrics.saw_slots_left(left);
    }

    fn adopt_or_log_in(
        &self,
        api_tokens: Option<&Arc<ApiTokens>>,
        running: &Running,
        replaced: Option<&Secret>,
    ) -> Result<Obtained> {
        let mut password = SecretAtHand::new(self.password.as_ref().map_err(Clone::clone));
        loop {
            let outcome = self.with_password(&password, api_tokens, running, replaced);
            match outcome {
                // Whoever changed it while the platform rejected it expects no more than a login.
                Err(error) if error.status() == Status::Credentials && password.has_changed() => {
                    self.log
                        .info(|| "the password's file has another one by now".into());
                }
                outcome => return outcome,
            }
        }
    }

    fn with_password(
        &self,
        password: &SecretAtHand<'_>,
        api_tokens: Option<&Arc<ApiTokens>>,
        running: &Running,
        replaced: Option<&Secret>,
    ) -> Result<Obtained> {
        let mut ended_before = None;
        let mut api_token_renewed = false;
        loop {
            // A look without the lease: it may spare the wait, and whatever would be sent in vain.
            running.doing(|| format!("looking into {}", self.store.name()));
            if let Found::Record(record) = self.store.peek(&self.key, running)? {
                self.saw(&record);
                if let Some(adopted) = self.adopt(&record, replaced) {
                    return Ok(adopted);
                }
                ended_before.get_or_insert(record.ended);
                self.check_before_anything_is_sent(&record, running, password)?;
            }
            password.source()?;
            running.doing(|| "waiting for an API token".into());
            let api_token = api_tokens.map(|tokens| tokens.get(running)).transpose()?;
            let attempt = Attempt {
                logins: self,
                running,
                replaced,
                password,
                api_token: api_token.as_deref(),
            };
            match self.with_lease(attempt, ended_before)? {
                End::Adopted(adopted) => return Ok(adopted),
                End::Token(token) => {
                    return Ok(Obtained {
                        token,
                        by_login: true,
                    });
                }
                End::Failed(error) => return Err(error),
                End::ApiTokenRefused { error, counts } => {
                    let renewable = api_tokens.filter(|tokens| tokens.is_renewable());
                    let (Some(tokens), Some(refused)) = (renewable, api_token) else {
                        return Err(error);
                    };
                    if api_token_renewed || tokens.keeps_for(&refused).is_some() {
                        return Err(error);
                    }
                    api_token_renewed = true;
                    let renewed = tokens.renew(running, refused.generation);
                    if counts {
                        // The next login has another API token; it keeps its distance.
                        return Err(error);
                    }
                    renewed?;
                    // The failure that has ended meanwhile is this call's own.
                    ended_before = None;
                }
            }
        }
    }

    /// What is done with the lease in hand.
    fn with_lease(&self, attempt: Attempt<'_>, ended_before: Option<u64>) -> Result<End> {
        let Attempt {
            running,
            replaced,
            password,
            ..
        } = attempt;
        let meanwhile = |found| self.outcome(found, attempt, ended_before);
        let (store, runtime) = (&*self.store, &*self.runtime);
        let asked = Stopwatch::start(runtime);
        let waited = || {
            let event = Event::new(EventKind::Waited).detailed(EventDetail::ForLease);
            self.events.happened(event.lasting(asked.elapsed()));
        };
        let mut held = match store::lease_unless(store, &self.key, running, runtime, meanwhile)? {
            Waited::Lease(held) => held,
            Waited::Outcome(end) => {
                waited();
                return Ok(end);
            }
        };
        if held.waited {
            waited();
        }
        let found = held.lease.load(running)?;
        self.tell_damage(&found);
        let looked_ms = self.runtime.now_ms();
        let now = self.store.now(running)?;
        let mut record = self.record(found, &now, password)?;
        self.saw(&record);
        if let Some(adopted) = self.adopt(&record, replaced) {
            return Ok(End::Adopted(adopted));
        }
        if ended_before.is_some_and(|ended| record.ended > ended)
            && let Some(failure) = self.shared_failure(&record, attempt)?
        {
            return Ok(End::Failed(failure));
        }
        attempt.log_in(&mut *held.lease, &mut record, looked_ms)
    }

    /// What another login that ended meanwhile came to for this one, if that can be told without
    /// the lease.
    fn outcome(
        &self,
        found: Found,
        of: Attempt<'_>,
        ended_before: Option<u64>,
    ) -> Result<Option<End>> {
        let Found::Record(mut record) = found else {
            return Ok(None);
        };
        self.saw(&record);
        if let Some(adopted) = self.adopt(&record, of.replaced) {
            return Ok(Some(End::Adopted(adopted)));
        }
        let now = self.store.now(of.running)?;
        if !record.is_by_clock_of(&now) {
            return Ok(None);
        }
        record.look_at(&now);
        let has_ended = ended_before.is_some_and(|ended| record.ended > ended);
        if has_ended && let Some(failure) = self.shared_failure(&record, of)? {
            return Ok(Some(End::Failed(failure)));
        }
        // Many who would all be refused need not take turns for it.
        let mut hash = |salt: &Salt| self.hash(of.password.get()?, salt);
        let max_failures = self.max_failures;
        lockout::check_without_lease(&record, &now, &self.key, &mut hash, max_failures)
            .inspect_err(|refusal| self.tell_refusal(&record, of.password, refusal))?;
        Ok(None)
    }

    fn tell_damage(&self, found: &Found) {
        let (why, detail) = match found {
            Found::Unreadable { why, .. } => (why, EventDetail::Damaged),
            Found::Incomplete { why, .. } => (why, EventDetail::Incomplete),
            Found::Nothing | Found::Record(_) => return,
        };
        let message = || {
            format!("lockout guard: {why}; it is set aside, and counts as one login left at most")
        };
        self.log.error(message);
        let error = Error::new(Status::Store, message());
        self.lost(detail, Some(&error));
    }

    /// Takes a token that was logged out from those who share it.
    pub fn forget_shared(self: &Arc<Self>, running: &Running, token: &Secret) -> Result<()> {
        if !self.share_token {
            return Ok(());
        }
        let (logins, token) = (Arc::clone(self), token.clone());
        let forget = move |running: &Running| {
            let runtime = &*logins.runtime;
            let mut held = store::lease(&*logins.store, &logins.key, running, runtime)?;
            let Found::Record(mut record) = held.lease.load(running)? else {
                return Ok(());
            };
            let before = record.shared.len();
            record.shared.retain(|shared| shared.token != token);
            match record.shared.len() == before {
                true => Ok(()),
                false => held.lease.save(&record, running),
            }
        };
        on_a_thread(&self.runtime, running, forget)
            .map_err(|error| advise(error, self.store_is_default))
    }

    fn record(&self, found: Found, now: &Moment, password: &SecretAtHand<'_>) -> Result<Record> {
        let mut hash = |salt: &Salt| self.hash(password.get()?, salt);
        let may_have_worked = |rest: &Record| lockout::may_have_worked(rest, &mut hash);
        let found = lockout::leave_nothing_to_unproven(found, may_have_worked)?;
        lockout::record(found, now, || self.runtime.salt(), self.max_failures)
    }

    /// Fails where the guard would refuse, so that not even an API token is asked for. Where that
    /// cannot be told without the lease, it is taken if it is free: then whoever held it is gone.
    fn check_before_anything_is_sent(
        &self,
        record: &Record,
        running: &Running,
        password: &SecretAtHand<'_>,
    ) -> Result<()> {
        let (key, max_failures) = (&self.key, self.max_failures);
        let now = self.store.now(running)?;
        let mut hash = |salt: &Salt| self.hash(password.get()?, salt);
        // What the store does not know yet is told it, now or as soon as it can be.
        let checked = match self.unsaved.load().is_empty() && self.succeeded_with(record).is_none()
        {
            true => lockout::check_without_lease(record, &now, key, &mut hash, max_failures),
            false => Ok(false),
        };
        match checked {
            Ok(false) => match self.store.try_lease(key, running)? {
                Some(mut lease) => {
                    let found = lease.load(running)?;
                    let mut record = self.record(found, &self.store.now(running)?, password)?;
                    self.note_news(&mut record);
                    let checked =
                        lockout::check_with_lease(&mut record, key, &mut hash, max_failures);
                    // Since when what was under way is over, and by which clock.
                    lease.save(&record, running)?;
                    self.forget_unsaved();
                    self.saw(&record);
                    checked.inspect_err(|refusal| self.tell_refusal(&record, password, refusal))
                }
                None => Ok(()),
            },
            checked => checked
                .map(drop)
                .inspect_err(|refusal| self.tell_refusal(record, password, refusal)),
        }
    }

    /// One that ends by itself is no matter for the log of an operator.
    fn tell_refusal(&self, record: &Record, password: &SecretAtHand<'_>, refusal: &Error) {
        let mut hash = |salt: &Salt| self.hash(password.get()?, salt);
        let mut rejected = || lockout::is_rejected(record, &mut hash);
        let reason = match refusal.retry_after() {
            Some(_) => EventDetail::Spacing,
            None if rejected().unwrap_or(false) => EventDetail::RejectedPassword,
            None => EventDetail::Limit,
        };
        match reason {
            EventDetail::Spacing => self.log.info(|| refusal.to_string()),
            _ => self.log.error(|| refusal.to_string()),
        }
        // Without memory for the password's hash the guard cannot even refuse.
        if reason == EventDetail::Spacing || refusal.status() == Status::LoginBlocked {
            let event = Event::new(EventKind::Blocked).detailed(reason);
            self.events.happened(event.because(Some(refusal)));
        }
    }

    /// Notes what could not be saved when it came: rejections, unless their slots were forgotten
    /// meanwhile, and the hash of the password that worked last. To be done with the lease, and
    /// saved.
    fn note_news(&self, record: &mut Record) {
        if let Some((unhashed, hash)) = self.succeeded_with(record) {
            unhashed.note(record, hash);
        }
        for unsaved in self.unsaved.load().iter() {
            if unsaved.salt == record.salt && unsaved.permit.stands(record) {
                lockout::note_rejection(record, &unsaved.permit, unsaved.password);
            }
        }
    }

    /// The store knows them now. Looked at first: a change looks at every thread that there was.
    fn forget_unsaved(&self) {
        if !self.unsaved.load().is_empty() {
            self.unsaved.store(Arc::default());
        }
    }

    /// The hash that the record lacks of the password that worked last, where this session had that
    /// success and its hash costs nothing.
    fn succeeded_with(&self, record: &Record) -> Option<(Unhashed, PasswordHash)> {
        let (unhashed, password) = self.unhashed().filter(|(login, _)| login.stands(record))?;
        let hash = self.runtime.known_hash(&password, &unhashed.salt)?;
        Some((unhashed, hash))
    }

    fn unhashed(&self) -> Option<(Unhashed, Secret)> {
        let unhashed = self.unhashed.lock();
        unhashed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_unhashed(&self, unhashed: Option<(Unhashed, Secret)>) {
        *self.unhashed.lock().unwrap_or_else(PoisonError::into_inner) = unhashed;
    }

    fn adopt(&self, record: &Record, replaced: Option<&Secret>) -> Option<Obtained> {
        let token = shared_in(record, self.request.protocol_name());
        let token = token.filter(|token| self.share_token && replaced != Some(token))?;
        self.log.info(|| "shared session token adopted".into());
        self.events.happened(Event::new(EventKind::Adopted));
        Some(Obtained {
            token: token.clone(),
            by_login: false,
        })
    }

    /// The failure of a login for the same token that ended while this one waited: it is shared,
    /// not repeated. But a rejection is only for those who have the same password; and where the
    /// guard refuses the next login, it has better words.
    fn shared_failure(&self, record: &Record, of: Attempt<'_>) -> Result<Option<Error>> {
        let same = |last: &&LastLogin| {
            last.protocol == self.request.protocol_name()
                && last.replaced == of.replaced.map(digest)
        };
        let last = record
            .last
            .as_ref()
            .filter(same)
            .filter(|_| self.share_token);
        let Some(failure) = last.and_then(|last| last.failure.as_ref()) else {
            return Ok(None);
        };
        if failure.status == Status::Credentials {
            let mut hash = |salt: &Salt| self.hash(of.password.get()?, salt);
            if !lockout::is_rejected(record, &mut hash)? {
                return Ok(None);
            }
        } else if record.slots.iter().any(|slot| !slot.refused) {
            return Ok(None);
        }
        Ok(Some(failure.error("").with_retry_after(record.hold())))
    }

    fn hash(&self, password: &Secret, salt: &Salt) -> Result<PasswordHash> {
        Ok(Hashable::new(password, salt, &*self.runtime)?.hash())
    }
}

/// The session token that is shared in the store now. Nothing but the store is asked.
pub(crate) fn shared_token(
    account: &Account,
    protocol: Protocol,
    runtime: &Arc<dyn Runtime>,
    call: &Call,
) -> Result<Option<Secret>> {
    let running = Running::start(call, Arc::default(), account.timeout);
    let (of, own) = (account.clone(), Arc::clone(runtime));
    let look = move |running: &Running| {
        let (key, store) = (Key::new(&of), store::open(&of, &own)?);
        running.doing(|| format!("looking into {}", store.name()));
        Ok(match store.peek(&key, running)? {
            Found::Record(record) => shared_in(&record, protocol.name()).cloned(),
            Found::Nothing | Found::Unreadable { .. } | Found::Incomplete { .. } => None,
        })
    };
    on_a_thread(runtime, &running, look).map_err(|error| advise(error, account.store_is_default))
}

/// The token that sessions of a protocol share.
fn shared_in<'a>(record: &'a Record, protocol: &str) -> Option<&'a Secret> {
    let mine = |shared: &&SharedToken| shared.protocol == protocol;
    record.shared.iter().find(mine).map(|shared| &shared.token)
}

/// Forgets what the guard counts for an account, and says what that was. Waits for a login under
/// way.
pub(crate) fn unblock(account: &Account, runtime: &Arc<dyn Runtime>) -> Result<Unblocked> {
    let running = Running::start(&Call::new(), Arc::default(), account.timeout);
    let (of, own) = (account.clone(), Arc::clone(runtime));
    let unblock = move |running: &Running| {
        let (key, store) = (Key::new(&of), store::open(&of, &own)?);
        let mut held = store::lease(&*store, &key, running, &*own)?;
        let (found, now) = (held.lease.load(running)?, store.now(running)?);
        let mut record = lockout::record(found, &now, || own.salt(), of.max_login_failures)?;
        let forgotten = lockout::unblock(&mut record);
        held.lease.save(&record, running)?;
        held.lease.all_is_well();
        of.log.info(|| {
            let Unblocked {
                logins,
                passwords,
                still_counting,
            } = forgotten;
            format!(
                "unblocked {}: forgot {logins} logins and {passwords} rejected passwords; \
                 {still_counting} logins may still be judged by the platform, and count until \
                 they are five minutes old",
                key.in_words()
            )
        });
        Ok(forgotten)
    };
    on_a_thread(runtime, &running, unblock).map_err(|error| advise(error, account.store_is_default))
}

/// Work on a store, which no call waits for longer than it has time: a disk may stall.
pub(crate) fn on_a_thread<T: Clone + Send + Sync + 'static>(
    runtime: &Arc<dyn Runtime>,
    running: &Running,
    work: impl FnOnce(&Running) -> Result<T> + Send + 'static,
) -> Result<T> {
    SingleFlight::new("tsm-store", Arc::clone(runtime)).run(running, || None, work)
}

/// A default store that cannot be used is for a person to replace: the guard falls back to nothing.
pub(crate) fn advise(error: Error, store_is_default: bool) -> Error {
    match error.status() {
        Status::Store if store_is_default => error.advising(
            "No login is sent without the lockout guard. Mend this, or set the option store \
             (TSM_STORE): to file:DIR, a directory that lasts, for all processes of this host; or \
             to memory:, where protection within one process will do",
        ),
        _ => error,
    }
}

fn digest(token: &Secret) -> Digest {
    sha256(token.reveal().as_bytes())
}
