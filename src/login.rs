//! One login, from the decision to the record of what came of it: takes the account's lease, adopts
//! a shared token that is newer, asks the lockout guard, sends, and notes the outcome before anyone
//! else may try. At most one login of an account is under way in all that share a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use zeroize::Zeroizing;

use crate::api_token::{ApiToken, ApiTokens};
use crate::call::Running;
use crate::clock::Clock;
use crate::error::{Error, Result, Status};
use crate::http::{Failure, Outgoing, Wire};
use crate::lockout::{self, Fate, Hashed, Password, Permit};
use crate::log::Log;
use crate::platform::answer::LoginAnswer;
use crate::platform::{rest, soap};
use crate::response::Response;
use crate::secret::Secret;
use crate::settings::{Account, Protocol, Settings};
use crate::store::{
    self, Digest, Found, Key, Lease, Outcome, OutcomeFailure, Record, Shared, Store, StoreName,
    memory,
};

const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Logs in for one session, as often as it takes.
pub(crate) struct Logins {
    key: Key,
    username: String,
    password: Secret,
    hashed: ArcSwapOption<Hashed>,
    unsaved: ArcSwapOption<Rejection>,
    max_failures: usize,
    place: Place,
    share_token: bool,
    protocol: Protocol,
    url: String,
    clock: Arc<dyn Clock>,
    log: Log,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

/// A rejection that the store did not take: it is noted with the next login.
struct Rejection {
    salt: [u8; 16],
    permit: Permit,
}

/// A session token, and whether it took a login.
#[derive(Clone, Debug)]
pub(crate) struct Obtained {
    pub token: Secret,
    pub by_login: bool,
}

impl Logins {
    pub fn new(settings: &Settings, place: Place, clock: Arc<dyn Clock>) -> Logins {
        let account = &settings.account;
        Logins {
            key: Key::new(account),
            username: account.username.clone(),
            password: settings.password.clone(),
            hashed: ArcSwapOption::empty(),
            unsaved: ArcSwapOption::empty(),
            max_failures: account.max_login_failures,
            place,
            share_token: settings.share_token,
            protocol: settings.protocol,
            url: match settings.protocol {
                Protocol::Rest => format!("{}{}", settings.base_url.url(), rest::LOGIN_PATH),
                Protocol::Soap => format!("{}{}", settings.soap_url.url(), soap::LOG_IN.path()),
            },
            clock,
            log: settings.log.clone(),
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

    /// The store in use, and whether it is the fallback of the default one.
    pub fn store(&self) -> (String, bool) {
        (self.place.current().name(), self.place.has_fallen_back())
    }

    /// A session token other than the one to be replaced: a shared one, or else by a login.
    pub fn obtain(
        &self,
        wire: &dyn Wire,
        api_tokens: Option<&ApiTokens>,
        running: &Running,
        replaced: Option<&Secret>,
    ) -> Result<Obtained> {
        let attempt = |store: &dyn Store| {
            Attempt {
                logins: self,
                store,
                wire,
                api_tokens,
                running,
                replaced,
            }
            .obtain()
        };
        self.place.with(running, &*self.clock, &self.log, attempt)
    }

    /// Takes a token that was logged out from those who share it.
    pub fn forget_shared(&self, running: &Running, token: &Secret) -> Result<()> {
        if !self.share_token {
            return Ok(());
        }
        let clock = &*self.clock;
        self.place.with(running, clock, &self.log, |store| {
            let mut lease = store::lease(store, &self.key, running, clock)?;
            let Found::Record(mut record) = lease.load()? else {
                return Ok(());
            };
            let before = record.shared.len();
            record.shared.retain(|shared| shared.token != *token);
            match record.shared.len() == before {
                true => Ok(()),
                false => lease.save(&record),
            }
        })
    }

    fn shared<'a>(&self, record: &'a Record, replaced: Option<&Secret>) -> Option<&'a Secret> {
        let mine = |shared: &&Shared| shared.protocol == self.protocol.name();
        let token = record.shared.iter().find(mine).map(|shared| &shared.token);
        token.filter(|token| self.share_token && replaced != Some(token))
    }
}

/// Forgets what the guard counts for an account. Waits for a login under way.
pub(crate) fn unblock(account: &Account, running: &Running, clock: &dyn Clock) -> Result<()> {
    let key = Key::new(account);
    Place::open(account)?.with(running, clock, &account.log, |store| {
        let mut lease = store::lease(store, &key, running, clock)?;
        let mut record =
            lockout::record(lease.load()?, clock.wall_ms(), account.max_login_failures)?;
        lockout::unblock(&mut record);
        lease.save(&record)?;
        lease.all_is_well();
        Ok(())
    })
}

/// The store of an account. The default one gives way to memory when it cannot be used; one that
/// was asked for does not.
pub(crate) struct Place {
    key: Key,
    max_failures: usize,
    store: Option<Arc<dyn Store>>,
    memory: Arc<dyn Store>,
    is_default: bool,
}

impl Place {
    pub fn open(account: &Account) -> Result<Place> {
        let place = |store: Option<Arc<dyn Store>>| -> Result<Place> {
            Ok(Place {
                key: Key::new(account),
                max_failures: account.max_login_failures,
                store,
                memory: store::open(&StoreName::Memory)?,
                is_default: account.store_is_default,
            })
        };
        match store::open(&account.store) {
            Ok(store) => place(Some(store)),
            Err(error) if account.store_is_default => {
                warn_of_fallback(&account.log, &error);
                memory::count_alone(&Key::new(account));
                place(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A place over any store.
    #[cfg(test)]
    pub fn over(store: Arc<dyn Store>, account: &Account) -> Place {
        Place {
            key: Key::new(account),
            max_failures: account.max_login_failures,
            memory: Arc::clone(&store),
            store: Some(store),
            is_default: false,
        }
    }

    /// One session of the process that fell back takes all along: two counts of one account would
    /// allow twice as much.
    fn has_fallen_back(&self) -> bool {
        self.is_default && memory::counts_alone(&self.key)
    }

    fn current(&self) -> &dyn Store {
        match &self.store {
            Some(store) if !self.has_fallen_back() => &**store,
            _ => &*self.memory,
        }
    }

    /// Does it in the store; where the default store fails, once more in memory. What the store
    /// counts is counted on there: a store that cannot be written may well be read.
    fn with<T>(
        &self,
        running: &Running,
        clock: &dyn Clock,
        log: &Log,
        attempt: impl Fn(&dyn Store) -> Result<T>,
    ) -> Result<T> {
        let fell_back_before = self.has_fallen_back();
        let result = attempt(self.current());
        if !self.is_default || fell_back_before {
            return result;
        }
        let mirrored = self.mirror(running, clock);
        match result {
            Err(error) if error.status() == Status::Store => {
                warn_of_fallback(log, &error);
                mirrored?;
                memory::count_alone(&self.key);
                attempt(self.current())
            }
            result => result,
        }
    }

    /// Keeps a copy of the default store's record in memory, so that whatever becomes of that
    /// store, this process does not forget. Not once it counts alone: then memory knows more.
    fn mirror(&self, running: &Running, clock: &dyn Clock) -> Result<()> {
        let Some(Ok(found)) = self.store.as_ref().map(|store| store.peek(&self.key)) else {
            return Ok(());
        };
        if matches!(found, Found::Nothing) || self.has_fallen_back() {
            return Ok(());
        }
        let mut lease = store::lease(&*self.memory, &self.key, running, clock)?;
        let unreadable = matches!(found, Found::Unreadable { .. });
        let knows_better = unreadable && !matches!(lease.load()?, Found::Nothing);
        if knows_better || self.has_fallen_back() {
            return Ok(());
        }
        lease.save(&lockout::record(found, clock.wall_ms(), self.max_failures)?)
    }
}

fn warn_of_fallback(log: &Log, error: &Error) {
    log.warn(|| {
        format!(
            "{error}. The lockout guard falls back to memory: it protects the account from this \
             process alone"
        )
    });
}

/// What one try to obtain a token works with.
struct Attempt<'a> {
    logins: &'a Logins,
    store: &'a dyn Store,
    wire: &'a dyn Wire,
    api_tokens: Option<&'a ApiTokens>,
    running: &'a Running,
    replaced: Option<&'a Secret>,
}

impl Attempt<'_> {
    fn obtain(&self) -> Result<Obtained> {
        let Logins { key, log, .. } = self.logins;
        let clock = &*self.logins.clock;
        let mut ended_before = 0;
        if self.logins.share_token
            && let Found::Record(record) = self.store.peek(key)?
        {
            if let Some(adopted) = self.adopt(&record) {
                return Ok(adopted);
            }
            ended_before = record.ended;
        }
        let mut lease = store::lease(self.store, key, self.running, clock)?;
        let found = lease.load()?;
        if let Found::Unreadable { why, .. } = &found {
            log.error(|| {
                format!(
                    "lockout guard: {why}; it is set aside, and counts as one login left at most"
                )
            });
        }
        let mut record =
            lockout::record(found, self.logins.clock.wall_ms(), self.logins.max_failures)?;
        if let Some(adopted) = self.adopt(&record) {
            return Ok(adopted);
        }
        if let Some(failure) = self.failed_meanwhile(&record, ended_before)? {
            return Err(failure);
        }
        let result = self.log_in(&mut *lease, &mut record);
        result.map(|token| Obtained {
            token,
            by_login: true,
        })
    }

    fn adopt(&self, record: &Record) -> Option<Obtained> {
        let token = self.logins.shared(record, self.replaced)?.clone();
        self.logins
            .log
            .info(|| "shared session token adopted".into());
        Some(Obtained {
            token,
            by_login: false,
        })
    }

    /// The failure of a login for the same token that ended while this one waited: it is shared,
    /// not repeated. But a rejection is only for those who have the same password.
    fn failed_meanwhile(&self, record: &Record, ended_before: u64) -> Result<Option<Error>> {
        let Logins {
            share_token,
            protocol,
            ..
        } = self.logins;
        let same = |last: &&Outcome| {
            last.protocol == protocol.name() && last.replaced == self.replaced.map(digest)
        };
        let meanwhile = *share_token && record.ended > ended_before;
        let last = record.last.as_ref().filter(same).filter(|_| meanwhile);
        let Some(failure) = last.and_then(|last| last.failure.as_ref()) else {
            return Ok(None);
        };
        if failure.status == Status::Credentials {
            let mut password = self.password();
            let rejected = lockout::is_rejected(record, &mut password)?;
            self.remember(&password);
            if !rejected {
                return Ok(None);
            }
        }
        let error = Error::new(failure.status, failure.message.clone())
            .with_code(failure.code.clone())
            .with_http_status(failure.http_status);
        Ok(Some(error))
    }

    fn password(&self) -> Password<'_> {
        let hashed = self.logins.hashed.load_full().map(|hashed| *hashed);
        Password::new(&self.logins.password, hashed)
    }

    /// Keeps the hash that was made, if one was.
    fn remember(&self, password: &Password<'_>) {
        self.logins.hashed.store(password.hashed().map(Arc::new));
    }

    /// At most two logins: the second with another API token, when the first was refused for it.
    fn log_in(&self, lease: &mut dyn Lease, record: &mut Record) -> Result<Secret> {
        let mut api_token = self.api_token()?;
        let (error, refused) = match self.send(lease, record, api_token.as_deref())? {
            Ended::Token(token) => return Ok(token),
            Ended::Error(error) => return Err(error),
            Ended::ApiTokenRefused(error, refused) => (error, refused),
        };
        let Some(renewable) = self.api_tokens.filter(|tokens| tokens.is_renewable()) else {
            return Err(error);
        };
        api_token = Some(renewable.renew(self.wire, self.running, refused)?);
        match self.send(lease, record, api_token.as_deref())? {
            Ended::Token(token) => Ok(token),
            Ended::Error(error) | Ended::ApiTokenRefused(error, _) => Err(error),
        }
    }

    fn api_token(&self) -> Result<Option<Arc<ApiToken>>> {
        let get = |tokens: &ApiTokens| tokens.get(self.wire, self.running);
        self.api_tokens.map(get).transpose()
    }

    /// One login on the wire, between a slot that is durable and the record of its outcome.
    fn send(
        &self,
        lease: &mut dyn Lease,
        record: &mut Record,
        api_token: Option<&ApiToken>,
    ) -> Result<Ended> {
        let logins = self.logins;
        let body = self.body()?;
        let mut password = self.password();
        let now_ms = logins.clock.wall_ms();
        let before = record.clone();
        self.catch_up(record, &mut password, now_ms)?;
        let (key, max_failures) = (&logins.key, logins.max_failures);
        let permit = match lockout::admit(record, key, &mut password, now_ms, max_failures) {
            Ok(permit) => permit,
            Err(blocked) => {
                logins.log.error(|| blocked.to_string());
                self.remember(&password);
                if *record != before {
                    self.save_afterwards(lease, record);
                }
                return Err(blocked);
            }
        };
        lease.save(record)?;
        logins.unsaved.store(None);

        let (fate, ended) = self.judge(self.exchange(&body, api_token), api_token);
        let ended = self.without_secrets(ended, api_token);

        let now_ms = logins.clock.wall_ms();
        if let Err(error) = lockout::settle(record, &permit, &mut password, fate, now_ms) {
            logins.log.error(|| error.to_string());
        }
        self.remember(&password);
        self.note(record, &ended);
        match (self.save_afterwards(lease, record), fate) {
            (true, Fate::Succeeded) => lease.all_is_well(),
            (false, Fate::Rejected) => {
                let salt = record.salt;
                let rejection = Rejection { salt, permit };
                logins.unsaved.store(Some(Arc::new(rejection)));
            }
            _ => {}
        }
        self.tell(fate, &ended);
        Ok(ended)
    }

    /// Where this fails the record before it stands, with slots of unknown fate: the safe side.
    fn save_afterwards(&self, lease: &mut dyn Lease, record: &Record) -> bool {
        let saved = lease.save(record);
        if let Err(error) = &saved {
            self.logins.log.error(|| error.to_string());
        }
        saved.is_ok()
    }

    /// Notes a rejection of this session's password that could not be saved when it came, unless
    /// its slot was forgotten meanwhile.
    fn catch_up(
        &self,
        record: &mut Record,
        password: &mut Password<'_>,
        now_ms: u64,
    ) -> Result<()> {
        match self.logins.unsaved.load_full() {
            Some(unsaved) if unsaved.salt == record.salt && unsaved.permit.stands(record) => {
                lockout::settle(record, &unsaved.permit, password, Fate::Rejected, now_ms)
            }
            _ => Ok(()),
        }
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let Logins {
            username, password, ..
        } = self.logins;
        match self.logins.protocol {
            Protocol::Rest => Ok(rest::login_body(username, password)),
            Protocol::Soap => soap::login_envelope(username, password),
        }
    }

    fn exchange(
        &self,
        body: &[u8],
        api_token: Option<&ApiToken>,
    ) -> std::result::Result<Response, Failure> {
        let bearer = api_token.map(|api| bearer(&api.token));
        let action = soap::LOG_IN.action();
        let mut headers = Vec::with_capacity(2);
        match self.logins.protocol {
            Protocol::Rest => headers.push(("Content-Type", "application/json")),
            Protocol::Soap => headers.extend([
                ("Content-Type", soap::CONTENT_TYPE),
                ("SOAPAction", action.as_str()),
                ("Accept", "text/xml"),
            ]),
        }
        if let Some(bearer) = &bearer {
            headers.push(("Authorization", bearer));
        }
        let outgoing = Outgoing {
            method: "POST",
            url: &self.logins.url,
            headers: &headers,
            body,
            max_response_bytes: MAX_ANSWER_BYTES,
            on_kept_connection: false,
        };
        self.wire.send(self.running, &outgoing)
    }

    fn judge(
        &self,
        exchanged: std::result::Result<Response, Failure>,
        api_token: Option<&ApiToken>,
    ) -> (Fate, Ended) {
        let answer = match exchanged {
            Ok(answer) => answer,
            Err(failure) if failure.sent => return (Fate::Unknown, Ended::Error(failure.error)),
            Err(failure) => return (Fate::NotCounted, Ended::Error(failure.error)),
        };
        let retry_after = answer.header("retry-after");
        let meaning = match self.logins.protocol {
            Protocol::Rest => rest::login_answer(answer.status, retry_after, &answer.body),
            Protocol::Soap => soap::login_answer(answer.status, retry_after, &answer.body),
        };
        let about_api_token = |error: Error| match api_token {
            Some(api) => {
                Ended::ApiTokenRefused(error.with_token(api.token.clone()), api.generation)
            }
            None => Ended::Error(error),
        };
        match meaning {
            LoginAnswer::Token(token) => (Fate::Succeeded, Ended::Token(token)),
            LoginAnswer::Rejected(error) => (Fate::Rejected, Ended::Error(error)),
            LoginAnswer::NotJudged(error) => (Fate::NotCounted, Ended::Error(error)),
            LoginAnswer::ApiToken(error) => (Fate::NotCounted, about_api_token(error)),
            LoginAnswer::Ambiguous(error) => (Fate::Unclear, about_api_token(error)),
            LoginAnswer::Unknown(error) => (Fate::Unclear, Ended::Error(error)),
        }
    }

    /// The platform may repeat what it was sent.
    fn without_secrets(&self, ended: Ended, api_token: Option<&ApiToken>) -> Ended {
        let without = |error: Error| {
            let error = error.without(&[&self.logins.password]);
            match api_token {
                Some(api) => error.without(&[&api.token]),
                None => error,
            }
        };
        match ended {
            Ended::Token(token) => Ended::Token(token),
            Ended::Error(error) => Ended::Error(without(error)),
            Ended::ApiTokenRefused(error, generation) => {
                Ended::ApiTokenRefused(without(error), generation)
            }
        }
    }

    /// What those who share the token, or wait for it, need to know.
    fn note(&self, record: &mut Record, ended: &Ended) {
        if !self.logins.share_token {
            // Whoever waits must not take an older outcome for that of this login.
            record.last = None;
            return;
        }
        let protocol = self.logins.protocol.name();
        record
            .shared
            .retain(|shared| shared.protocol != protocol || Some(&shared.token) != self.replaced);
        let failure = match ended {
            Ended::Token(token) => {
                record.shared.retain(|shared| shared.protocol != protocol);
                record.shared.push(Shared {
                    protocol: protocol.to_owned(),
                    token: token.clone(),
                    obtained_ms: self.logins.clock.wall_ms(),
                });
                None
            }
            Ended::Error(error) | Ended::ApiTokenRefused(error, _) => Some(error),
        };
        // One that gave up for reasons of its own has nothing to tell.
        if failure.is_some_and(|error| self.running.gave_up(error)) {
            record.last = None;
            return;
        }
        record.last = Some(Outcome {
            protocol: protocol.to_owned(),
            replaced: self.replaced.map(digest),
            failure: failure.map(|error| OutcomeFailure {
                status: error.status(),
                message: error.message().to_owned(),
                code: error.code().to_owned(),
                http_status: error.http_status(),
            }),
        });
    }

    fn tell(&self, fate: Fate, ended: &Ended) {
        let Logins { log, .. } = self.logins;
        match ended {
            Ended::Token(_) => {
                self.logins.succeeded.fetch_add(1, Ordering::Relaxed);
                log.info(|| "logged in".into());
            }
            Ended::Error(error) | Ended::ApiTokenRefused(error, _) => {
                self.logins.failed.fetch_add(1, Ordering::Relaxed);
                // The caller is told; who logs errors would have it twice.
                log.info(|| format!("login failed ({fate:?}): {error}"));
            }
        }
    }
}

/// How one login on the wire ended.
enum Ended {
    Token(Secret),
    Error(Error),
    /// With the generation of the API token that may be at fault.
    ApiTokenRefused(Error, u64),
}

/// The value of an `Authorization` header.
pub(crate) fn bearer(token: &Secret) -> Zeroizing<String> {
    Zeroizing::new(["Bearer ", token.reveal()].concat())
}

fn digest(token: &Secret) -> Digest {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.reveal().as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
