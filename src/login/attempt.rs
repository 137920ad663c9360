//! One login: reserve → save → send → judge → settle → save. The slot is durable before anything
//! leaves, and what came of it is noted before anyone else may try.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::password::Hashable;
use super::{Logins, Obtained, UnsavedRejection, digest};
use crate::api_token::ApiToken;
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::events::{Event, EventDetail, EventKind};
use crate::http::SendFailure;
use crate::lockout::{self, Fate, LONGEST_LOGIN_MS, NextLogin, Permit, Unhashed};
use crate::platform::login::LoginAnswer;
use crate::response::Response;
use crate::runtime::{Moment, Stopwatch};
use crate::secret::Secret;
use crate::secret_source::SecretAtHand;
use crate::store::{LastLogin, Lease, LoginFailure, Record, SharedToken};

/// A gateway that throttles and does not say for how long is left alone this long.
const THROTTLED: Duration = Duration::from_secs(5);

/// What one login works with.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub logins: &'a Logins,
    pub running: &'a Running,
    pub replaced: Option<&'a Secret>,
    pub password: &'a SecretAtHand<'a>,
    pub api_token: Option<&'a ApiToken>,
}

/// How it ended.
pub(super) enum End {
    Adopted(Obtained),
    Token(Secret),
    Failed(Error),
    /// The API token may be at fault. `counts` unless it certainly was.
    ApiTokenRefused {
        error: Error,
        counts: bool,
    },
}

impl<'a> Attempt<'a> {
    /// `looked_ms` is when the record was looked at, by this machine's clock.
    pub fn log_in(
        &self,
        lease: &mut dyn Lease,
        record: &mut Record,
        looked_ms: u64,
    ) -> Result<End> {
        let secret = self.password.get()?;
        let body = self.logins.request.body(secret)?;
        let (permit, mut password) = self.reserve(lease, record, secret)?;
        self.logins.saw(record);
        let began = self.tell_begin(&permit);
        let sent = self.send(&body, lease, record, &permit);
        let ended = Event::new(EventKind::LoginEnded).lasting(began.elapsed());
        let is_sent = !matches!(&sent, Err(failure) if !failure.sent);
        let (fate, mut end) = self.judge(sent, &mut password);
        // What came of it is noted whether or not anybody waits for it still.
        let after = &self.running.once_sent();
        let after = Attempt {
            running: after,
            ..*self
        };
        record.look_at(&after.end_of_login(record, looked_ms));
        after.settle(lease, record, &permit, &mut password, fate, &mut end);
        self.logins.saw(record);
        self.report(fate, is_sent, ended, &end);
        Ok(end)
    }

    fn tell_begin(&self, permit: &Permit) -> Stopwatch<'a> {
        let events = &self.logins.events;
        if permit.is_probe() {
            events.happened(Event::new(EventKind::Probe));
        }
        events.happened(Event::new(EventKind::LoginBegun));
        Stopwatch::start(&*self.logins.runtime)
    }

    /// A slot, durable, and what it takes to remember the password if it is rejected.
    fn reserve(
        &self,
        lease: &mut dyn Lease,
        record: &mut Record,
        secret: &'a Secret,
    ) -> Result<(Permit, Hashable<'a>)> {
        let logins = self.logins;
        logins.note_news(record);
        let admitted = lockout::admit(
            record,
            &logins.key,
            &mut |salt| logins.hash(secret, salt),
            logins.runtime.wall_ms(),
            lease.ends().map(|ends| ends.ms),
            logins.max_failures,
        );
        match admitted {
            Ok(permit) => {
                let password = Hashable::new(secret, &record.salt, &*logins.runtime)?;
                // If this process dies now, what came of its login is not known.
                record.last = None;
                if let Err(error) = lease.save(record, self.running) {
                    // Nothing was sent: a store that has the slot all the same need not keep it.
                    lockout::settle(record, &permit, Fate::NotCounted, None);
                    self.save_afterwards(lease, record);
                    return Err(error);
                }
                logins.forget_unsaved();
                Ok((permit, password))
            }
            Err(refusal) => {
                logins.saw(record);
                logins.tell_refusal(record, self.password, &refusal);
                if self.save_afterwards(lease, record) {
                    logins.forget_unsaved();
                }
                Err(refusal)
            }
        }
    }

    fn send(
        &self,
        body: &[u8],
        lease: &dyn Lease,
        record: &Record,
        permit: &Permit,
    ) -> std::result::Result<Response, SendFailure> {
        let logins = self.logins;
        // The process may have been stopped meanwhile, or the machine suspended. A lease that has
        // run out is another's; and later than this nobody expects the login to leave.
        let ends = lease.ends().unwrap_or_else(|| Moment {
            clock: record.clock.clone(),
            ms: permit.over_by_ms(),
        });
        let unsent = |error| SendFailure { error, sent: false };
        let now = logins.store.now(self.running).map_err(unsent)?;
        let over_ms = now.ms.saturating_add(LONGEST_LOGIN_MS);
        if now.clock != ends.clock || over_ms > ends.ms {
            let message = "the lease ran out before the login could leave; nothing was sent";
            return Err(unsent(
                Error::new(Status::Store, message).with_retryable(true),
            ));
        }
        let who = || {
            format!(
                "waiting for the answer to a login of {}",
                logins.key.in_words()
            )
        };
        self.running.doing(who);
        let (wire, api_token) = (&*logins.wire, self.api_token);
        logins.request.send(wire, self.running, body, api_token)
    }

    /// The hash of the password is made here where it was rejected: nobody is to send it again.
    fn judge(
        &self,
        sent: std::result::Result<Response, SendFailure>,
        password: &mut Hashable<'_>,
    ) -> (Fate, End) {
        let answer = match sent {
            Ok(answer) => answer,
            Err(failure) if failure.sent => return (Fate::Unknown, End::Failed(failure.error)),
            Err(failure) => return (Fate::NotCounted, End::Failed(failure.error)),
        };
        let refused = |error: Error, counts: bool| match self.api_token {
            Some(api) => End::ApiTokenRefused {
                error: error.with_token(api.token.clone()),
                counts,
            },
            None => End::Failed(error),
        };
        let (fate, end) = match self.logins.request.meaning(&answer) {
            LoginAnswer::Token(token) => (Fate::Succeeded(password.made()), End::Token(token)),
            LoginAnswer::Rejected(error) => (Fate::Rejected(password.hash()), End::Failed(error)),
            LoginAnswer::Locked(error) => (Fate::Locked, End::Failed(error)),
            LoginAnswer::NotJudged(error) if error.status() == Status::RateLimited => {
                let asked = error.retry_after().filter(|wait| !wait.is_zero());
                let wait = asked.unwrap_or(THROTTLED);
                let error = error.with_retry_after(Some(wait));
                (Fate::NotCounted, End::Failed(error))
            }
            LoginAnswer::NotJudged(error) => (Fate::NotCounted, End::Failed(error)),
            LoginAnswer::ApiTokenRefused(error) => (Fate::NotCounted, refused(error, false)),
            LoginAnswer::PerhapsApiToken(error) => (Fate::Unknown, refused(error, true)),
            LoginAnswer::Unknown(error) => (Fate::Unknown, End::Failed(error)),
        };
        (fate, self.masked(end))
    }

    /// The platform may repeat what it was sent.
    fn masked(&self, mut end: End) -> End {
        if let End::Failed(error) | End::ApiTokenRefused { error, .. } = &mut end {
            let secrets = [
                self.password.get().ok(),
                self.api_token.map(|api| &api.token),
            ];
            for secret in secrets.into_iter().flatten() {
                *error = error.clone().masking(&[secret]);
            }
        }
        end
    }

    /// By the store's clock; where that cannot be asked, by what has passed on our own.
    fn end_of_login(&self, record: &Record, looked_ms: u64) -> Moment {
        let logins = self.logins;
        logins.store.now(self.running).unwrap_or_else(|error| {
            logins.log.error(|| error.to_string());
            let passed_ms = logins.runtime.now_ms().saturating_sub(looked_ms);
            Moment {
                clock: record.clock.clone(),
                ms: record.as_of_ms.saturating_add(passed_ms),
            }
        })
    }

    /// What came of it, noted in the record and told in the error: when the next login may leave.
    fn settle(
        &self,
        lease: &mut dyn Lease,
        record: &mut Record,
        permit: &Permit,
        password: &mut Hashable<'_>,
        fate: Fate,
        end: &mut End,
    ) {
        let logins = self.logins;
        self.running
            .doing(|| format!("writing to {}", logins.store.name()));
        let retry_after = end.error().and_then(Error::retry_after);
        lockout::settle(record, permit, fate, retry_after);
        self.note_last(record, end);
        let saved = self.save_afterwards(lease, record);
        let (salt, login) = (record.salt, permit.login());
        match (saved, fate) {
            (true, Fate::Succeeded(hash)) => {
                let unhashed = Unhashed { salt, login };
                let password = || (unhashed, password.password().clone());
                logins.set_unhashed(hash.is_none().then(password));
                lease.all_is_well();
            }
            (false, Fate::Rejected(password)) => {
                let rejection = Arc::new(UnsavedRejection {
                    salt,
                    permit: permit.clone(),
                    password,
                });
                let unsaved = &logins.unsaved;
                unsaved.rcu(|all| [&all[..], &[Arc::clone(&rejection)]].concat());
            }
            _ => {}
        }
        if let (Fate::Unknown, Some(error)) = (fate, end.error_mut()) {
            let next =
                lockout::next_login(record, &mut |_| Ok(password.hash()), logins.max_failures);
            *error = told_when(error.clone(), next.unwrap_or(NextLogin::Never));
        }
    }

    /// Where this fails the record before it stands, with slots of unknown fate: the safe side.
    fn save_afterwards(&self, lease: &mut dyn Lease, record: &Record) -> bool {
        let saved = lease.save(record, self.running);
        if let Err(error) = &saved {
            self.logins.log.error(|| error.to_string());
            self.logins.lost(EventDetail::Unsaved, Some(error));
        }
        saved.is_ok()
    }

    /// What those who share the token, or wait for it, need to know.
    fn note_last(&self, record: &mut Record, end: &End) {
        let logins = self.logins;
        let protocol = logins.request.protocol_name();
        if logins.share_token {
            let replaced = |shared: &SharedToken| Some(&shared.token) == self.replaced;
            record
                .shared
                .retain(|s| s.protocol != protocol || !replaced(s));
        }
        if let (End::Token(token), true) = (end, logins.share_token) {
            record.shared.retain(|shared| shared.protocol != protocol);
            record.shared.push(SharedToken {
                protocol: protocol.to_owned(),
                token: token.clone(),
                obtained_ms: record.as_of_ms,
            });
        }
        let ended_wall_ms = logins.runtime.wall_ms();
        if let End::Token(_) = end {
            record.succeeded_wall_ms = ended_wall_ms;
        }
        // One that nobody wanted any more has nothing to tell.
        let failure = end
            .error()
            .filter(|error| error.status() != Status::Cancelled);
        record.last = match (end, failure) {
            (End::Token(_), _) | (_, Some(_)) => Some(LastLogin {
                protocol: protocol.to_owned(),
                replaced: self.replaced.map(digest),
                failure: failure.map(LoginFailure::of),
                ended_wall_ms,
            }),
            _ => None,
        };
    }

    /// `ended` is the event that it becomes when all of it is known.
    fn report(&self, fate: Fate, is_sent: bool, ended: Event, end: &End) {
        let logins = self.logins;
        if is_sent {
            logins.warn_of_a_store_that_forgets();
        }
        let detail = match fate {
            Fate::Succeeded(_) => EventDetail::Success,
            Fate::Rejected(_) => EventDetail::Rejected,
            Fate::Locked => EventDetail::Locked,
            Fate::Unknown => EventDetail::Unknown,
            Fate::NotCounted if is_sent => EventDetail::NotCounted,
            Fate::NotCounted => EventDetail::NotSent,
        };
        logins
            .events
            .happened(ended.detailed(detail).because(end.error()));
        match end.error() {
            None => {
                logins.succeeded.fetch_add(1, Ordering::Relaxed);
                logins.log.info(|| "logged in".into());
            }
            Some(error) => {
                logins.failed.fetch_add(1, Ordering::Relaxed);
                // The caller is told; who logs errors would have it twice.
                logins
                    .log
                    .info(|| format!("login failed ({fate:?}): {error}"));
            }
        }
    }
}

impl End {
    fn error(&self) -> Option<&Error> {
        match self {
            End::Failed(error) | End::ApiTokenRefused { error, .. } => Some(error),
            End::Adopted(_) | End::Token(_) => None,
        }
    }

    fn error_mut(&mut self) -> Option<&mut Error> {
        match self {
            End::Failed(error) | End::ApiTokenRefused { error, .. } => Some(error),
            End::Adopted(_) | End::Token(_) => None,
        }
    }
}

/// A failure of unknown fate with the time of the next login.
fn told_when(error: Error, next: NextLogin) -> Error {
    let wait = match next {
        NextLogin::Now => Duration::ZERO,
        NextLogin::In(wait) => wait,
        NextLogin::Never => {
            return error
                .advising(
                    "The platform may have counted it, and it was the last login that the lockout \
                     guard allows: mend the cause, then unblock the account (unblock in a program, \
                     thingspace unblock in a shell)",
                )
                .with_retryable(false)
                .with_retry_after(None);
        }
    };
    let seconds = wait.as_millis().div_ceil(1000);
    error
        .advising(&format!(
            "The platform may have counted it: the next login may leave in {seconds} s"
        ))
        .with_retryable(true)
        .with_retry_after(Some(wait))
}
