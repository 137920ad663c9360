//! The lockout guard: keeps the platform from counting five failed logins in a row (it locks the
//! contact then, and only support unlocks it).
//!
//! Pure rules over a [`Record`]. A login may leave only with a slot that is durable; the slot goes
//! when the login is known not to have counted. What was rejected, or may have been judged without
//! our hearing of it, keeps it. Who holds the lease, and when to save, is `login`'s business; what
//! time it is the record knows, since it was looked at.
//!
//! The platform's rule: "Start a Connectivity Management Session", second note.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use crate::call::LONGEST_OWN_TIME;
use crate::error::{Error, Result, Status};
use crate::password::{PasswordHash, Salt};
use crate::runtime::Moment;
use crate::store::{Found, Key, LEASE_MS, Record, Slot, SlotName, Succeeded};

/// How many rejected passwords are remembered.
const REMEMBERED: usize = 8;
/// A login of unknown fate may be judged this late, and count then.
const LATE_MS: u64 = 5 * 60 * 1000;
/// How many may have failed where nobody says otherwise: others who share the store may have come
/// this far.
const USUAL_MAX: usize = 3;
/// How many failures in a row lock the contact.
const LOCKED_AT: usize = 5;
/// How long to wait after one login of unknown fate, after two, and after more.
const SPACING_MS: [u64; 3] = [5 * 1000, 60 * 1000, 15 * 60 * 1000];
/// The longest a login takes, from the moment it is sent.
pub(crate) const LONGEST_LOGIN_MS: u64 = LONGEST_OWN_TIME.as_millis() as u64;
/// The longest that a `Retry-After` is heeded for all.
const LONGEST_HOLD_MS: u64 = 60 * 60 * 1000;

/// Makes the hash of the password at hand.
pub(crate) type HashWith<'a> = &'a mut dyn FnMut(&Salt) -> Result<PasswordHash>;

/// The right to send one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    slot: u64,
    sent_wall_ms: u64,
    reserved_ms: u64,
    /// What a success of this login proves harmless: everything the platform judged before it was
    /// sent.
    settled_by_success: Vec<u64>,
    /// The slot that a probe stands for.
    replaced: Option<Slot>,
}

impl Permit {
    /// The name of its slot.
    pub fn login(&self) -> SlotName {
        SlotName {
            id: self.slot,
            sent_wall_ms: self.sent_wall_ms,
        }
    }

    /// By when its login is to be over, by the clock of the record, under a lease that does not end
    /// by itself.
    pub fn over_by_ms(&self) -> u64 {
        over_by_ms(self.reserved_ms)
    }

    /// Whether its slot is still there.
    pub fn stands(&self, record: &Record) -> bool {
        record.slots.iter().any(|slot| slot.id == self.slot)
    }

    /// Whether it was given though the slots were full.
    pub fn is_probe(&self) -> bool {
        self.replaced.is_some()
    }

    /// What it is without the numbers of its slots: which one is its own, which a success settles,
    /// whether it is a probe.
    #[cfg(test)]
    pub fn outline(&self, record: &Record) -> Vec<u8> {
        let of = |slot: &Slot| {
            let settled = self.settled_by_success.contains(&slot.id);
            2 * u8::from(slot.id == self.slot) + u8::from(settled)
        };
        let mut outline: Vec<u8> = record.slots.iter().map(of).collect();
        outline.push(u8::from(self.is_probe()));
        outline
    }
}

/// What came of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// With the hash of the password where it is made already; else it is noted later.
    Succeeded(Option<PasswordHash>),
    /// The platform said no to this password.
    Rejected(PasswordHash),
    /// The platform said that the contact is locked: nothing about the password.
    Locked,
    /// It is known not to have counted.
    NotCounted,
    /// No answer, or one that tells nothing: the platform may have judged it.
    Unknown,
}

/// Without the hash of a password.
impl fmt::Debug for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Succeeded(_) => "Succeeded",
            Fate::Rejected(_) => "Rejected",
            Fate::Locked => "Locked",
            Fate::NotCounted => "NotCounted",
            Fate::Unknown => "Unknown",
        })
    }
}

/// When the next login may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextLogin {
    /// At once.
    Now,
    /// After this time.
    In(Duration),
    /// When an operator has unblocked the account, or the password is another one.
    Never,
}

/// The record to work on, as of now. Of one that cannot be read, or that lost something, it is not
/// known how many logins it counted. One more is left, but none where four may have been counted
/// (`max_failures` 4), where that one was given already (`again`), or where others may count to
/// more than `max_failures`.
pub(crate) fn record(
    found: Found,
    now: &Moment,
    salt: impl FnOnce() -> Result<Salt>,
    max_failures: usize,
) -> Result<Record> {
    match found {
        Found::Record(mut record) => {
            record.look_at(now);
            Ok(*record)
        }
        Found::Nothing => Ok(Record::new(salt()?, now)),
        Found::Unreadable { again, .. } => {
            let record = Record::new(salt()?, now);
            Ok(with_slots_of_what_was_lost(record, again, max_failures))
        }
        Found::Incomplete {
            mut rest, again, ..
        } => {
            rest.look_at(now);
            Ok(with_slots_of_what_was_lost(*rest, again, max_failures))
        }
    }
}

/// After a loss one login is left at most, and only to a password that may be the one that worked
/// last: each host finds out for itself, and none knows whether another had one already.
pub(crate) fn leave_nothing_to_unproven(
    found: Found,
    may_have_worked: impl FnOnce(&Record) -> Result<bool>,
) -> Result<Found> {
    let Found::Incomplete { rest, why, again } = found else {
        return Ok(found);
    };
    let again = again || !may_have_worked(&rest)?;
    Ok(Found::Incomplete { rest, why, again })
}

/// Whether this may be the password that worked last.
pub(crate) fn may_have_worked(record: &Record, hash: HashWith<'_>) -> Result<bool> {
    Ok(match record.succeeded {
        Succeeded::Nothing => false,
        // Of those who took a shared token right away nobody knows.
        Succeeded::Login(_) => true,
        Succeeded::Password(succeeded) => hash(&record.salt)? == succeeded,
    })
}

fn with_slots_of_what_was_lost(mut record: Record, again: bool, max_failures: usize) -> Record {
    let left = !again && max_failures + 1 < LOCKED_AT;
    let count = max_failures.max(USUAL_MAX) - usize::from(left);
    let keeps_a_distance = unsettled(&record).next().is_some();
    while record.slots.len() < count {
        reserve(&mut record, 0, None);
    }
    // What they stand for was sent at an unknown time: nothing to keep a distance from.
    if !keeps_a_distance {
        record.unsettled_from = record.next_id;
    }
    record
}

/// Reserves a slot, or says why nothing may be sent. The record must be saved before the login
/// leaves; and where none does, so that the end of older ones is noted once, and by which clock.
///
/// To be called with the lease, which ends by itself at `lease_ends_ms`.
pub(crate) fn admit(
    record: &mut Record,
    key: &Key,
    hash: HashWith<'_>,
    wall_ms: u64,
    lease_ends_ms: Option<u64>,
    max_failures: usize,
) -> Result<Permit> {
    end_slots(record);
    check(record, key, hash, max_failures)?;
    let is_settled = |slot: &&Slot| slot.refused || cannot_be_judged(slot, record.as_of_ms);
    let settled = record.slots.iter().filter(is_settled).map(|slot| slot.id);
    let settled_by_success = settled.collect();
    // A probe stands for the oldest login that was never heard of: the count stays full.
    let full = record.slots.len() >= max_failures;
    let replaced = full.then(|| record.slots.remove(0));
    Ok(Permit {
        slot: reserve(record, wall_ms, lease_ends_ms),
        sent_wall_ms: wall_ms,
        reserved_ms: record.as_of_ms,
        settled_by_success,
        replaced,
    })
}

/// Fails where a login would not be sent. With the lease, which ends what is under way; nothing is
/// reserved.
pub(crate) fn check_with_lease(
    record: &mut Record,
    key: &Key,
    hash: HashWith<'_>,
    max_failures: usize,
) -> Result<()> {
    end_slots(record);
    check(record, key, hash, max_failures)
}

/// Fails where a login would not be sent, as far as that can be told without the lease; says
/// whether it could. While a login is under way it cannot; nor where the record goes by another
/// clock, which only who holds the lease can set right: nothing would ever become older.
pub(crate) fn check_without_lease(
    record: &Record,
    now: &Moment,
    key: &Key,
    hash: HashWith<'_>,
    max_failures: usize,
) -> Result<bool> {
    let under_way = |slot: &Slot| slot.ended_ms.is_none();
    if record.slots.iter().any(under_way) || !record.is_by_clock_of(now) {
        return Ok(false);
    }
    let mut record = record.clone();
    record.look_at(now);
    check_with_lease(&mut record, key, hash, max_failures)?;
    Ok(true)
}

/// What who takes the lease now would be told: when a login may leave, and why none may before.
/// One that is under way counts as one that ends now, unless its time was over before.
pub(crate) fn outlook(
    record: &mut Record,
    key: &Key,
    hash: HashWith<'_>,
    max_failures: usize,
) -> Result<(NextLogin, Option<Error>)> {
    end_slots(record);
    let next = match is_rejected(record, hash)? {
        true => NextLogin::Never,
        false => next_login(record, hash, max_failures)?,
    };
    Ok((next, check(record, key, hash, max_failures).err()))
}

fn check(record: &Record, key: &Key, hash: HashWith<'_>, max_failures: usize) -> Result<()> {
    if is_rejected(record, hash)? {
        return Err(blocked(key, record, max_failures, Why::Rejected));
    }
    match next_login(record, hash, max_failures)? {
        NextLogin::Now => Ok(()),
        NextLogin::In(wait) => Err(too_early(key, record, max_failures, wait)),
        NextLogin::Never => Err(blocked(key, record, max_failures, Why::Full)),
    }
}

/// Whether the platform is known to have said no to this password.
pub(crate) fn is_rejected(record: &Record, hash: HashWith<'_>) -> Result<bool> {
    match record.rejected.is_empty() {
        true => Ok(false),
        false => Ok(record.rejected.contains(&hash(&record.salt)?)),
    }
}

/// Notes what came of a login. The record must have been looked at just now, and must be saved
/// afterwards. `retry_after` is how long the platform asks all to wait.
pub(crate) fn settle(
    record: &mut Record,
    permit: &Permit,
    fate: Fate,
    retry_after: Option<Duration>,
) {
    record.ended += 1;
    record.forget_other_clocks();
    let now_ms = record.as_of_ms;
    for slot in &mut record.slots {
        if slot.id == permit.slot {
            slot.ended_ms = Some(now_ms);
            slot.refused |= fate == Fate::Locked;
        }
    }
    record.hold_until_ms = retry_after.map(|wait| {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        now_ms.saturating_add(wait_ms.min(LONGEST_HOLD_MS))
    });
    match fate {
        Fate::Succeeded(password) => {
            let done = |id| id == permit.slot || permit.settled_by_success.contains(&id);
            record.slots.retain(|slot| !done(slot.id));
            record.succeeded = match password {
                Some(hash) => Succeeded::Password(hash),
                None => Succeeded::Login(permit.login()),
            };
            record.unsettled_from = record.next_id;
            record.hold_until_ms = None;
        }
        Fate::NotCounted => {
            record.slots.retain(|slot| slot.id != permit.slot);
            if let Some(replaced) = &permit.replaced {
                record.slots.insert(0, replaced.clone());
            }
        }
        Fate::Rejected(password) => note_rejection(record, permit, password),
        Fate::Locked | Fate::Unknown => {}
    }
}

/// Notes a rejection, perhaps long after it came: its slot counts as refused, and its password is
/// not sent again.
pub(crate) fn note_rejection(record: &mut Record, permit: &Permit, password: PasswordHash) {
    for slot in &mut record.slots {
        slot.refused |= slot.id == permit.slot;
    }
    record.rejected.retain(|known| *known != password);
    record.rejected.push(password);
    let surplus = record.rejected.len().saturating_sub(REMEMBERED);
    record.rejected.drain(..surplus);
    // It worked once, and does so no more: no probe may send it. One that has no hash yet may be
    // this one.
    record.succeeded = match record.succeeded {
        Succeeded::Password(known) if known != password => Succeeded::Password(known),
        _ => Succeeded::Nothing,
    };
}

/// A login that succeeded, whose password has no hash in the record yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unhashed {
    pub salt: Salt,
    pub login: SlotName,
}

impl Unhashed {
    /// Whether it still is what the record knows of the password that worked last: no success came
    /// after it, nor a rejection.
    pub fn stands(&self, record: &Record) -> bool {
        record.salt == self.salt && record.succeeded == Succeeded::Login(self.login)
    }

    /// Notes the hash of its password, unless that is out of date.
    pub fn note(&self, record: &mut Record, password: PasswordHash) {
        if self.stands(record) {
            record.succeeded = Succeeded::Password(password);
        }
    }
}

/// What an operator's word made the guard forget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unblocked {
    /// Logins that no longer count.
    pub logins: usize,
    /// Rejected passwords that may be sent again.
    pub passwords: usize,
    /// Logins of unknown fate, less than five minutes old: the platform may still judge them, so
    /// they count until they are older, and are forgotten then.
    pub still_counting: usize,
}

/// What an operator asks for once the cause is mended: no remembered rejections, and no slots but
/// those of logins that may still be judged.
pub(crate) fn unblock(record: &mut Record) -> Unblocked {
    end_slots(record);
    let before = record.slots.len();
    for slot in &mut record.slots {
        slot.forgiven = true;
    }
    end_slots(record);
    record.hold_until_ms = None;
    record.unsettled_from = record.next_id;
    let passwords = std::mem::take(&mut record.rejected).len();
    Unblocked {
        logins: before - record.slots.len(),
        passwords,
        still_counting: record.slots.len(),
    }
}

/// When the next login with this password may be sent, by what the record says.
pub(crate) fn next_login(
    record: &Record,
    hash: HashWith<'_>,
    max_failures: usize,
) -> Result<NextLogin> {
    let wait = match record.slots.len() >= max_failures {
        true => {
            let probe = may_probe(record, hash)?.then(|| {
                let all = record.slots.iter();
                wait_after(all, SPACING_MS[2], record.as_of_ms)
            });
            let forgiven = record.slots.iter().filter(|slot| slot.forgiven);
            let forgiven = forgiven.map(|slot| wait_after([slot], LATE_MS, record.as_of_ms));
            forgiven.chain(probe).min()
        }
        false => Some(spacing(record)),
    };
    let Some(wait) = wait else {
        return Ok(NextLogin::Never);
    };
    let wait = wait.max(record.hold().unwrap_or_default());
    Ok(match wait.is_zero() {
        true => NextLogin::Now,
        false => NextLogin::In(wait),
    })
}

/// The distance left to keep from logins of unknown fate that are younger than the last success.
fn spacing(record: &Record) -> Duration {
    match unsettled(record).count() {
        0 => Duration::ZERO,
        n => {
            let distance_ms = SPACING_MS[n.min(SPACING_MS.len()) - 1];
            wait_after(unsettled(record), distance_ms, record.as_of_ms)
        }
    }
}

/// Logins of unknown fate that are younger than the last success.
fn unsettled(record: &Record) -> impl Iterator<Item = &Slot> {
    let unsettled = |slot: &&Slot| !slot.refused && slot.id >= record.unsettled_from;
    record.slots.iter().filter(unsettled)
}

/// Whether one login may be tried now and then though the slots are full: this password has worked
/// before, and nothing was refused since.
fn may_probe(record: &Record, hash: HashWith<'_>) -> Result<bool> {
    let refused = record.slots.iter().any(|slot| slot.refused);
    match record.succeeded {
        Succeeded::Password(succeeded) if !refused => Ok(hash(&record.salt)? == succeeded),
        _ => Ok(false),
    }
}

/// How much of a distance is left to keep from the last of these slots.
fn wait_after<'a>(
    slots: impl IntoIterator<Item = &'a Slot>,
    distance_ms: u64,
    now_ms: u64,
) -> Duration {
    // One that is under way ends now at the earliest.
    let ended = slots
        .into_iter()
        .map(|slot| slot.ended_ms.unwrap_or(now_ms))
        .max();
    let due_ms = ended.map_or(0, |ended_ms| ended_ms.saturating_add(distance_ms));
    Duration::from_millis(due_ms.saturating_sub(now_ms))
}

/// With the lease in hand nothing older is under way any more: its sender gave up or died, or its
/// lease ran out while it slept.
fn end_slots(record: &mut Record) {
    let now_ms = record.as_of_ms;
    if record.slots.iter().any(|slot| slot.ended_ms.is_none()) {
        record.forget_other_clocks();
    }
    for slot in &mut record.slots {
        slot.ended_ms = slot.ended_ms.or(Some(ends_ms(slot, now_ms)));
    }
    let done = |slot: &Slot| slot.forgiven && (slot.refused || cannot_be_judged(slot, now_ms));
    record.slots.retain(|slot| !done(slot));
}

/// When nothing of a login can leave any more of whose end nobody tells. Where its lease ended by
/// itself, what it sent may leave until its own time is over. Else its sender died, nobody knows
/// when, but sent nothing later than it would have, alive.
fn ends_ms(slot: &Slot, now_ms: u64) -> u64 {
    let over = |lease_ends_ms: u64| lease_ends_ms.saturating_add(LONGEST_LOGIN_MS);
    match (slot.lease_ends_ms, slot.reserved_ms) {
        (Some(ends_ms), _) => over(ends_ms),
        (None, Some(reserved_ms)) => now_ms.min(over(over_by_ms(reserved_ms))),
        (None, None) => now_ms,
    }
}

/// See [`Permit::over_by_ms`].
fn over_by_ms(reserved_ms: u64) -> u64 {
    reserved_ms.saturating_add(LEASE_MS)
}

/// Whether nobody has told how a login ended, and it may not have.
pub(crate) fn is_under_way(slot: &Slot, now_ms: u64) -> bool {
    slot.ended_ms.is_none() && ends_ms(slot, now_ms) >= now_ms
}

fn reserve(record: &mut Record, wall_ms: u64, lease_ends_ms: Option<u64>) -> u64 {
    let id = record.next_id;
    record.next_id += 1;
    record.forget_other_clocks();
    record.slots.push(Slot {
        id,
        sent_wall_ms: wall_ms,
        reserved_ms: Some(record.as_of_ms),
        ended_ms: None,
        lease_ends_ms,
        refused: false,
        forgiven: false,
    });
    id
}

/// Whether it is too late for the platform to judge a login.
fn cannot_be_judged(slot: &Slot, now_ms: u64) -> bool {
    let over = |ended_ms| now_ms.saturating_sub(ended_ms) >= LATE_MS;
    slot.ended_ms.is_some_and(over)
}

enum Why {
    Rejected,
    Full,
}

fn blocked(key: &Key, record: &Record, max_failures: usize, why: Why) -> Error {
    let (who, count) = (key.in_words(), count_in_words(record, max_failures));
    let (what, advice) = match why {
        Why::Rejected => {
            let advice = match record.slots.len() >= max_failures {
                true => {
                    "Correct the password, then unblock the account (unblock in a program, \
                     thingspace unblock in a shell): no other password is sent before either"
                }
                false => {
                    "Correct the password; only if it is right by now, unblock the account \
                     (unblock in a program, thingspace unblock in a shell)"
                }
            };
            let what = format!("the platform rejected this password for {who} before ({count})");
            (what, advice)
        }
        Why::Full => (
            format!(
                "too many logins for {who} failed or may have failed ({count}), and the platform \
                 locks the contact at five"
            ),
            "Mend the cause, then unblock the account (unblock in a program, thingspace unblock in \
             a shell)",
        ),
    };
    Error::new(Status::LoginBlocked, format!("no login is sent: {what}")).advising(advice)
}

/// The failure of the last login, for those who would send another one too early.
fn too_early(key: &Key, record: &Record, max_failures: usize, wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1000);
    let last = record.last.as_ref().and_then(|last| last.failure.as_ref());
    // A verdict is about the password that was sent, which may be another one.
    let is_verdict = |status| matches!(status, Status::Credentials | Status::Locked);
    let error = match last.filter(|failure| !is_verdict(failure.status)) {
        Some(failure) => failure.error(&format!(
            ". That was another login for the same account, and this one was not sent: the next \
             one may leave in {seconds} s"
        )),
        None => Error::new(
            Status::LoginBlocked,
            format!(
                "no login is sent: it is too early after the last one for {} ({}). The next one \
                 may leave in {seconds} s",
                key.in_words(),
                count_in_words(record, max_failures)
            ),
        ),
    };
    error.with_retryable(true).with_retry_after(Some(wait))
}

fn count_in_words(record: &Record, max_failures: usize) -> String {
    let refused = record.slots.iter().filter(|slot| slot.refused).count();
    let unknown = record.slots.len() - refused;
    let sent = record.slots.iter().map(|slot| slot.sent_wall_ms);
    let since = sent.filter(|ms| *ms > 0).min();
    let since = since.map_or_else(String::new, |ms| format!(" since {}", date(ms)));
    format!(
        "{refused} refused, {unknown} of unknown fate{since}; max_login_failures is {max_failures}"
    )
}

fn date(ms: u64) -> String {
    // Years beyond 9999 do not fit the format, and are no times of ours.
    let ms = ms.min(253_402_300_799_000);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 3;
    const SECOND: u64 = 1000;
    const MINUTE: u64 = 60 * SECOND;
    const DAY: u64 = 24 * 60 * MINUTE;

    struct Guard {
        record: Record,
        now_ms: u64,
    }

    fn moment(ms: u64) -> Moment {
        let clock = "test".into();
        Moment { clock, ms }
    }

    /// A hash that is made at once.
    fn hashed(password: &str) -> PasswordHash {
        let mut hash = [0; 32];
        hash[..password.len()].copy_from_slice(password.as_bytes());
        hash
    }

    impl Guard {
        fn new() -> Guard {
            let now_ms = DAY;
            Guard {
                record: Record::new([9; 16], &moment(now_ms)),
                now_ms,
            }
        }

        /// The password has worked in this record.
        fn proven() -> Guard {
            let mut guard = Guard::new();
            guard.succeed("right").unwrap();
            guard
        }

        fn pass(&mut self, ms: u64) -> &mut Guard {
            self.now_ms += ms;
            self
        }

        fn admit(&mut self, password: &str) -> Result<Permit> {
            self.record.look_at(&moment(self.now_ms));
            let mut hash = |_: &Salt| Ok(hashed(password));
            let wall_ms = self.now_ms;
            admit(&mut self.record, &key(), &mut hash, wall_ms, None, MAX)
        }

        fn settle(&mut self, permit: &Permit, fate: Fate) {
            self.record.look_at(&moment(self.now_ms));
            settle(&mut self.record, permit, fate, None);
        }

        fn login(&mut self, password: &str, fate: Fate) -> Result<()> {
            let permit = self.admit(password)?;
            self.settle(&permit, fate);
            Ok(())
        }

        fn succeed(&mut self, password: &str) -> Result<()> {
            self.login(password, Fate::Succeeded(Some(hashed(password))))
        }

        fn reject(&mut self, password: &str) -> Result<()> {
            self.login(password, Fate::Rejected(hashed(password)))
        }

        /// Succeeds, and leaves the hash of the password for later.
        fn succeed_unhashed(&mut self, password: &str) -> Unhashed {
            let permit = self.admit(password).unwrap();
            self.settle(&permit, Fate::Succeeded(None));
            let unhashed = Unhashed {
                salt: self.record.salt,
                login: permit.login(),
            };
            assert!(unhashed.stands(&self.record));
            unhashed
        }

        /// One login of unknown fate after the other, each as soon as it may leave.
        fn lose(&mut self, password: &str, times: usize) {
            for _ in 0..times {
                let wait_ms = self.wait(password).unwrap_or(0);
                self.pass(wait_ms).login(password, Fate::Unknown).unwrap();
            }
        }

        /// How long a login would have to wait, and MAX for ever; None for not at all.
        fn wait(&mut self, password: &str) -> Option<u64> {
            let before = self.record.clone();
            let Err(error) = self.admit(password) else {
                self.record = before;
                return None;
            };
            assert_eq!(error.retryable(), error.retry_after().is_some(), "{error}");
            let wait_ms = error.retry_after().map(|wait| wait.as_millis() as u64);
            Some(wait_ms.unwrap_or(u64::MAX))
        }

        fn slots(&self) -> usize {
            self.record.slots.len()
        }
    }

    fn key() -> Key {
        Key {
            realm: "example".into(),
            username: "zbeeblebrox".into(),
        }
    }

    #[test]
    fn a_rejected_password_is_not_sent_again_and_a_corrected_one_is_at_once() {
        let mut guard = Guard::new();
        guard.reject("wrong").unwrap();
        let error = guard.admit("wrong").unwrap_err();
        assert_eq!(error.status(), Status::LoginBlocked);
        assert!(error.message().contains("unblock the account"), "{error}");
        assert!(
            error.message().contains("zbeeblebrox at example"),
            "{error}"
        );
        guard.succeed("right").unwrap();
        assert_eq!(guard.slots(), 0);
        // It stays rejected, though it counts no more.
        assert!(guard.admit("wrong").is_err());
    }

    #[test]
    fn different_wrong_passwords_end_at_the_limit() {
        let mut guard = Guard::new();
        let sent = (0..12)
            .filter(|n| guard.reject(&format!("wrong {n}")).is_ok())
            .count();
        assert_eq!(sent, MAX);
        assert!(guard.admit("right").is_err());
        assert!(guard.pass(365 * DAY).admit("right").is_err());
        assert_eq!(
            unblock(&mut guard.record),
            Unblocked {
                logins: 3,
                passwords: 3,
                still_counting: 0
            }
        );
        assert!(guard.admit("right").is_ok());
    }

    #[test]
    fn the_newest_eight_rejections_are_remembered() {
        let mut guard = Guard::new();
        for n in 0..9 {
            guard.reject(&format!("wrong {n}")).unwrap();
            guard.record.slots.clear();
        }
        assert!(guard.admit("wrong 1").is_err());
        assert!(guard.admit("wrong 0").is_ok());
    }

    #[test]
    fn locked_counts_and_says_nothing_about_the_password() {
        let mut guard = Guard::proven();
        guard.login("right", Fate::Locked).unwrap();
        assert_eq!(guard.slots(), 1);
        guard.succeed("right").unwrap();
        assert_eq!(guard.slots(), 0);
        for _ in 0..MAX {
            guard.login("right", Fate::Locked).unwrap();
        }
        // It was answered: no probe.
        assert_eq!(guard.pass(DAY).wait("right"), Some(u64::MAX));
    }

    #[test]
    fn what_did_not_count_leaves_no_slot() {
        let mut guard = Guard::new();
        for _ in 0..20 {
            guard.login("right", Fate::NotCounted).unwrap();
        }
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn logins_of_unknown_fate_keep_their_distance() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Unknown).unwrap();
        assert_eq!(guard.wait("right"), Some(5 * SECOND));
        assert_eq!(guard.wait("other"), Some(5 * SECOND));
        assert_eq!(guard.pass(4 * SECOND).wait("right"), Some(SECOND));
        guard.pass(SECOND).login("right", Fate::Unknown).unwrap();
        assert_eq!(guard.wait("right"), Some(MINUTE));
        guard.pass(MINUTE).login("right", Fate::Unknown).unwrap();
        // Where the password never worked, the third is the last.
        assert_eq!(guard.wait("right"), Some(u64::MAX));
        assert_eq!(guard.pass(365 * DAY).wait("right"), Some(u64::MAX));
    }

    #[test]
    fn after_a_success_the_distances_begin_anew() {
        let mut guard = Guard::new();
        guard.lose("right", 2);
        guard.pass(MINUTE).succeed("right").unwrap();
        // Both may still be judged.
        assert_eq!(guard.slots(), 2);
        assert_eq!(guard.wait("right"), None);
        let mut guard = Guard::proven();
        guard.lose("right", 1);
        guard.pass(5 * SECOND).succeed("right").unwrap();
        guard.pass(MINUTE).login("right", Fate::Unknown).unwrap();
        assert_eq!(guard.wait("right"), Some(5 * SECOND));
    }

    #[test]
    fn those_who_come_too_early_get_the_failure_that_they_wait_for() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Unknown).unwrap();
        assert_eq!(
            guard.admit("right").unwrap_err().status(),
            Status::LoginBlocked
        );
        let failure = Error::new(Status::Unavailable, "no luck").with_http_status(502);
        guard.record.last = Some(crate::store::LastLogin {
            protocol: "rest".into(),
            replaced: None,
            failure: Some(crate::store::LoginFailure::of(&failure)),
            ended_wall_ms: 0,
        });
        let error = guard.admit("right").unwrap_err();
        assert_eq!(
            (error.status(), error.http_status()),
            (Status::Unavailable, 502)
        );
        assert!(error.message().starts_with("no luck. "), "{error}");
        assert!(error.message().ends_with("may leave in 5 s"), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
    }

    #[test]
    fn a_retry_after_holds_for_all_but_not_for_ever() {
        let mut guard = Guard::new();
        let permit = guard.admit("right").unwrap();
        let day = Some(Duration::from_secs(24 * 60 * 60));
        settle(&mut guard.record, &permit, Fate::NotCounted, day);
        assert_eq!(guard.wait("other"), Some(60 * MINUTE));
        assert_eq!(guard.pass(60 * MINUTE).wait("right"), None);
    }

    #[test]
    fn after_an_outage_one_probe_leaves_every_fifteen_minutes() {
        let mut guard = Guard::proven();
        guard.lose("right", MAX);
        assert_eq!(guard.wait("right"), Some(15 * MINUTE));
        assert_eq!(guard.wait("other"), Some(u64::MAX));
        for _ in 0..10 {
            guard
                .pass(15 * MINUTE)
                .login("right", Fate::Unknown)
                .unwrap();
            assert_eq!(guard.wait("right"), Some(15 * MINUTE));
            assert_eq!(guard.slots(), MAX);
        }
        guard.pass(15 * MINUTE).succeed("right").unwrap();
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn a_probe_that_did_not_count_leaves_the_count_as_it_was() {
        let mut guard = Guard::proven();
        guard.lose("right", MAX);
        guard
            .pass(15 * MINUTE)
            .login("right", Fate::NotCounted)
            .unwrap();
        assert_eq!(guard.slots(), MAX);
        guard.login("right", Fate::Unknown).unwrap();
        assert!(guard.admit("right").is_err());
    }

    #[test]
    fn a_success_earns_probes_once_its_password_is_hashed() {
        let mut guard = Guard::new();
        let unhashed = guard.succeed_unhashed("right");
        guard.lose("right", MAX);
        assert_eq!(guard.wait("right"), Some(u64::MAX));
        unhashed.note(&mut guard.record, hashed("right"));
        assert_eq!(guard.wait("right"), Some(15 * MINUTE));
        assert_eq!(guard.wait("other"), Some(u64::MAX));
    }

    #[test]
    fn the_hash_of_a_success_is_not_noted_over_anything_newer() {
        let out_of_date: [fn(&mut Guard); 5] = [
            |guard| guard.succeed("newer").unwrap(),
            |guard| {
                guard.succeed_unhashed("newer");
            },
            // Which may be the same password, changed since.
            |guard| guard.reject("right").unwrap(),
            |guard| guard.record.salt = [8; 16],
            // The record was lost and begun anew, and the number given again.
            |guard| {
                guard.now_ms += 1;
                guard.record.next_id = 1;
                guard.succeed_unhashed("newer");
            },
        ];
        for happens in out_of_date {
            let mut guard = Guard::new();
            let unhashed = guard.succeed_unhashed("right");
            happens(&mut guard);
            let before = guard.record.clone();
            unhashed.note(&mut guard.record, hashed("right"));
            assert_eq!(guard.record, before);
        }
    }

    #[test]
    fn a_rejection_ends_the_probes() {
        let mut guard = Guard::proven();
        guard.reject("other").unwrap();
        guard.lose("right", 2);
        assert_eq!(guard.pass(60 * MINUTE).wait("right"), Some(u64::MAX));
    }

    #[test]
    fn a_success_clears_unknown_fates_only_once_they_cannot_be_judged_late() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Unknown).unwrap();
        guard.pass(LATE_MS - 1).succeed("right").unwrap();
        assert_eq!(guard.slots(), 1);
        guard.pass(1).succeed("right").unwrap();
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn a_success_does_not_clear_what_was_answered_after_it_was_sent() {
        let mut guard = Guard::new();
        let late = guard.admit("right").unwrap();
        guard.pass(5 * SECOND).admit("wrong").unwrap_err();
        guard.pass(5 * SECOND).reject("wrong").unwrap();
        guard.settle(&late, Fate::Succeeded(None));
        assert_eq!(guard.slots(), 1);
    }

    #[test]
    fn a_lease_that_ended_by_itself_leaves_its_login_time_to_leave() {
        let mut guard = Guard::new();
        let lease_ends_ms = guard.now_ms + 10 * SECOND;
        let mut hash = |_: &Salt| Ok(hashed("right"));
        let record = &mut guard.record;
        admit(record, &key(), &mut hash, 1, Some(lease_ends_ms), MAX).unwrap();
        // Ten seconds of lease, sixty of login, five of distance.
        assert_eq!(guard.pass(30 * SECOND).wait("right"), Some(45 * SECOND));
        guard.pass(45 * SECOND).succeed("right").unwrap();
        assert_eq!(guard.slots(), 1);
    }

    #[test]
    fn an_operators_word_forgets_what_cannot_be_judged_any_more() {
        let mut guard = Guard::new();
        guard.reject("wrong").unwrap();
        guard.login("right", Fate::Unknown).unwrap();
        guard
            .pass(4 * MINUTE)
            .login("right", Fate::Unknown)
            .unwrap();
        guard.pass(MINUTE);
        guard.record.look_at(&moment(guard.now_ms));
        let forgotten = unblock(&mut guard.record);
        assert_eq!((forgotten.logins, forgotten.still_counting), (2, 1));
        assert_eq!(guard.wait("wrong"), None);
    }

    #[test]
    fn what_an_operator_forgave_goes_by_itself() {
        let mut guard = Guard::new();
        guard.lose("right", MAX);
        let forgotten = unblock(&mut guard.record);
        assert_eq!((forgotten.logins, forgotten.still_counting), (0, 3));
        // The first of them ended 65 seconds before.
        assert_eq!(guard.wait("right"), Some(LATE_MS - 65 * SECOND));
        assert_eq!(guard.pass(LATE_MS - 65 * SECOND).wait("right"), None);
    }

    #[test]
    fn a_clock_set_back_or_far_forward_opens_nothing_and_hangs_nothing() {
        let mut guard = Guard::proven();
        guard.lose("right", MAX);
        guard.now_ms -= 12 * 60 * MINUTE;
        assert_eq!(guard.wait("right"), Some(15 * MINUTE));
        let _ = guard.admit("right");
        // From now on the fifteen minutes count by the new clock.
        assert_eq!(guard.pass(15 * MINUTE).wait("right"), None);
        guard.now_ms = u64::MAX / 4;
        let _ = guard.admit("right");
    }

    #[test]
    fn a_password_that_worked_and_was_rejected_since_earns_no_probe() {
        let mut guard = Guard::proven();
        guard.reject("right").unwrap();
        guard.record.look_at(&moment(guard.now_ms));
        unblock(&mut guard.record);
        guard.lose("right", MAX);
        assert_eq!(guard.pass(DAY).wait("right"), Some(u64::MAX));
    }

    #[test]
    fn a_verdict_on_one_password_is_no_answer_for_another() {
        let mut guard = Guard::new();
        let permit = guard.admit("wrong").unwrap();
        let minute = Some(Duration::from_secs(60));
        let rejected = Fate::Rejected(hashed("wrong"));
        settle(&mut guard.record, &permit, rejected, minute);
        let verdict = Error::new(Status::Credentials, "rejected");
        guard.record.last = Some(crate::store::LastLogin {
            protocol: "rest".into(),
            replaced: None,
            failure: Some(crate::store::LoginFailure::of(&verdict)),
            ended_wall_ms: 0,
        });
        let error = guard.admit("right").unwrap_err();
        assert_eq!(error.status(), Status::LoginBlocked);
        assert_eq!(error.retry_after(), minute);
    }

    #[test]
    fn distances_count_from_the_end_of_a_login_that_nobody_ended() {
        let killed = |passed_ms: u64| {
            let mut guard = Guard::new();
            guard.admit("right").unwrap();
            guard.pass(passed_ms);
            guard
        };
        let longest = LEASE_MS + LONGEST_LOGIN_MS;
        assert_eq!(killed(0).wait("right"), Some(5 * SECOND));
        assert_eq!(killed(longest).wait("right"), Some(5 * SECOND));
        assert_eq!(killed(longest + SECOND).wait("right"), Some(4 * SECOND));
        assert_eq!(killed(longest + 5 * SECOND).wait("right"), None);
        // Until then it may be judged after this success.
        let mut young = killed(longest + LATE_MS - 1);
        young.succeed("right").unwrap();
        assert_eq!(young.slots(), 1);
        let mut old = killed(longest + LATE_MS);
        old.succeed("right").unwrap();
        assert_eq!(old.slots(), 0);
        assert_eq!(unblock(&mut killed(DAY).record).still_counting, 1);
        let mut looked_at = killed(DAY);
        looked_at.record.look_at(&moment(looked_at.now_ms));
        assert_eq!(unblock(&mut looked_at.record).logins, 1);
    }

    #[test]
    fn by_another_clock_one_that_was_killed_is_as_old_as_at_the_last_look() {
        let mut guard = Guard::new();
        guard.admit("right").unwrap();
        let other = Moment {
            clock: "other".into(),
            ms: 1000 * DAY,
        };
        guard.record.look_at(&other);
        let mut hash = |_: &Salt| Ok(hashed("right"));
        let next = outlook(&mut guard.record, &key(), &mut hash, MAX)
            .unwrap()
            .0;
        assert_eq!(next, NextLogin::In(Duration::from_secs(5)));
    }

    #[test]
    fn the_outlook_is_what_a_login_would_be_told() {
        let outlook = |guard: &Guard, password: &str| {
            let mut hash = |_: &Salt| Ok(hashed(password));
            let mut record = guard.record.clone();
            record.look_at(&moment(guard.now_ms));
            let (next, why) = outlook(&mut record, &key(), &mut hash, MAX).unwrap();
            assert_eq!(next == NextLogin::Now, why.is_none());
            (next, why.map(|error| error.status()))
        };
        let mut guard = Guard::new();
        assert_eq!(outlook(&guard, "right"), (NextLogin::Now, None));
        guard
            .login("wrong", Fate::Rejected(hashed("wrong")))
            .unwrap();
        assert_eq!(outlook(&guard, "right"), (NextLogin::Now, None));
        let blocked = Some(Status::LoginBlocked);
        assert_eq!(outlook(&guard, "wrong"), (NextLogin::Never, blocked));
        // One under way has nobody to say when it will have ended.
        guard.admit("right").unwrap();
        let wait = NextLogin::In(Duration::from_secs(5));
        assert_eq!(outlook(&guard, "right"), (wait, blocked));
    }

    #[test]
    fn without_the_lease_it_is_not_told_what_only_the_lease_can_tell() {
        let mut guard = Guard::new();
        let mut hash = |_: &Salt| Ok(hashed("right"));
        let mut check = |record: &Record, now: &Moment| {
            check_without_lease(record, now, &key(), &mut hash, MAX).map_err(|e| e.status())
        };
        let now = moment(guard.now_ms);
        assert_eq!(check(&guard.record, &now), Ok(true));
        guard.record.as_of_ms += 1;
        assert_eq!(
            check(&guard.record, &now),
            Ok(false),
            "a clock that was set back"
        );
        let _ = guard.admit("right").unwrap();
        assert_eq!(check(&guard.record, &now), Ok(false), "a login under way");
        guard.login("right", Fate::Unknown).unwrap_err();
        assert_eq!(check(&guard.record, &now), Err(Status::LoginBlocked));
    }

    fn unreadable(again: bool, max_failures: usize) -> usize {
        let why = "half".into();
        let found = Found::Unreadable { why, again };
        let record = record(found, &moment(0), || Ok([0; 16]), max_failures).unwrap();
        max_failures.saturating_sub(record.slots.len())
    }

    #[test]
    fn an_unreadable_record_leaves_one_slot_once_and_none_where_four_may_have_failed() {
        assert_eq!([1, 2, 3, 4].map(|max| unreadable(false, max)), [0, 0, 1, 0]);
        assert_eq!([1, 2, 3, 4].map(|max| unreadable(true, max)), [0; 4]);
    }
}
