//! The lockout guard: keeps the platform from counting five failed logins in a row (it locks the
//! contact then, and only support unlocks it).
//!
//! Pure rules over a [`Record`]. A login may leave only with a slot that is durable; the slot goes
//! when the login is known not to have counted. What was rejected, or never heard of again, keeps
//! it. Who holds the lease, and when to save, is `login.rs`'s business.
//!
//! The platform's rule: "Start a Connectivity Management Session", second note.

use std::time::{Duration, UNIX_EPOCH};

use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result, Status};
use crate::secret::{Secret, with_scratch};
use crate::store::{Found, Key, PasswordHash, Record, Slot};

/// How many rejected passwords are remembered.
const REMEMBERED: usize = 8;
/// A login of unknown fate may be judged this late, and count then.
const LATE_MS: u64 = 5 * 60 * 1000;
/// How many failures in a row lock the contact.
const LOCKED_AT: usize = 5;
/// After an outage one login is let through this often.
const PROBE_MS: u64 = 15 * 60 * 1000;

/// The right to send one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    slot: u64,
    /// What a success of this login proves harmless: everything the platform judged before it was
    /// sent.
    settled_by_success: Vec<u64>,
    /// The slot a probe stands for.
    replaced: Option<Slot>,
}

impl Permit {
    /// Whether its slot is still there.
    pub fn stands(&self, record: &Record) -> bool {
        record.slots.iter().any(|slot| slot.id == self.slot)
    }
}

#[cfg(test)]
impl Permit {
    /// What it is without the numbers of its slots: which one is its own, which a success settles,
    /// whether it is a probe.
    pub fn outline(&self, record: &Record) -> Vec<u8> {
        let of = |slot: &Slot| {
            let settled = self.settled_by_success.contains(&slot.id);
            2 * u8::from(slot.id == self.slot) + u8::from(settled)
        };
        let mut outline: Vec<u8> = record.slots.iter().map(of).collect();
        outline.push(u8::from(self.replaced.is_some()));
        outline
    }
}

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeded,
    Rejected,
    /// It is known not to have counted.
    NotCounted,
    /// It was answered, but whether it counted the answer does not tell.
    Unclear,
    /// No answer came.
    Unknown,
}

/// A password as the guard sees it: hashed only when the record makes it necessary, and once for
/// each salt.
pub(crate) struct Password<'a> {
    text: &'a Secret,
    hashed: Option<Hashed>,
}

/// A hash and the salt it was made with. It takes tens of milliseconds to make.
pub(crate) type Hashed = ([u8; 16], PasswordHash);

impl<'a> Password<'a> {
    /// `hashed` is what an earlier use made known.
    pub fn new(text: &'a Secret, hashed: Option<Hashed>) -> Password<'a> {
        Password { text, hashed }
    }

    pub fn hashed(&self) -> Option<Hashed> {
        self.hashed
    }

    fn hash(&mut self, salt: &[u8; 16]) -> Result<PasswordHash> {
        match &self.hashed {
            Some((known, hash)) if known == salt => Ok(*hash),
            _ => {
                #[cfg(not(test))]
                let hash = hash(self.text, salt)?;
                #[cfg(test)]
                let hash = crate::proof::made_once(self.text, salt, || hash(self.text, salt))?;
                self.hashed = Some((*salt, hash));
                Ok(hash)
            }
        }
    }
}

/// The record to work on. What cannot be read counts as one slot left, not as none used; and as
/// none left where one login more could be the last one, or where that one slot was given already.
pub(crate) fn record(found: Found, now_ms: u64, max_failures: usize) -> Result<Record> {
    match found {
        Found::Record(record) => Ok(*record),
        Found::Nothing => Ok(Record::new(new_salt()?)),
        Found::Unreadable { again, .. } => {
            let mut record = Record::new(new_salt()?);
            let left = !again && max_failures + 1 < LOCKED_AT;
            for _ in usize::from(left)..max_failures {
                reserve(&mut record, now_ms);
            }
            Ok(record)
        }
    }
}

/// Reserves a slot, or says why nothing may be sent. The record must be saved before the login
/// leaves; and where none does, so that the end of older ones is noted once.
pub(crate) fn admit(
    record: &mut Record,
    key: &Key,
    password: &mut Password<'_>,
    now_ms: u64,
    max_failures: usize,
) -> Result<Permit> {
    for slot in &mut record.slots {
        // A clock that was set back must not make a slot younger than it is for ever.
        slot.sent_ms = slot.sent_ms.min(now_ms);
        // The lease is ours: whoever sent it has given up by now, or died.
        slot.ended_ms = Some(slot.ended_ms.unwrap_or(now_ms).min(now_ms));
    }
    if is_rejected(record, password)? {
        return Err(blocked(key, record, max_failures, Why::Rejected));
    }
    let settled_by_success = record
        .slots
        .iter()
        .filter(|slot| slot.rejected || is_over(slot, now_ms))
        .map(|slot| slot.id)
        .collect();
    let mut replaced = None;
    if record.slots.len() >= max_failures {
        let due_ms = probe_due_ms(record, password)?;
        if due_ms.is_none_or(|due_ms| now_ms < due_ms) {
            let wait = due_ms.map(|due_ms| Duration::from_millis(due_ms - now_ms));
            return Err(blocked(key, record, max_failures, Why::Full { wait }));
        }
        // The probe stands for the oldest login that was never heard of: the count stays full.
        replaced = Some(record.slots.remove(0));
    }
    Ok(Permit {
        slot: reserve(record, now_ms),
        settled_by_success,
        replaced,
    })
}

/// Whether the platform is known to have said no to this password.
pub(crate) fn is_rejected(record: &Record, password: &mut Password<'_>) -> Result<bool> {
    match record.rejected.is_empty() {
        true => Ok(false),
        false => Ok(record.rejected.contains(&password.hash(&record.salt)?)),
    }
}

/// Notes what came of a login. The record must be saved afterwards.
pub(crate) fn settle(
    record: &mut Record,
    permit: &Permit,
    password: &mut Password<'_>,
    fate: Fate,
    now_ms: u64,
) -> Result<()> {
    record.ended += 1;
    for slot in &mut record.slots {
        if slot.id == permit.slot {
            slot.ended_ms = Some(now_ms);
        }
    }
    match fate {
        Fate::Succeeded => {
            let done = |id| id == permit.slot || permit.settled_by_success.contains(&id);
            record.slots.retain(|slot| !done(slot.id));
            record.succeeded = Some(password.hash(&record.salt)?);
        }
        Fate::NotCounted => {
            record.slots.retain(|slot| slot.id != permit.slot);
            if let Some(replaced) = &permit.replaced {
                record.slots.insert(0, replaced.clone());
            }
        }
        Fate::Unknown => {}
        // It counts like a rejection, and earns no probe: a changed password may be behind it.
        Fate::Unclear => mark_refused(record, permit),
        Fate::Rejected => {
            mark_refused(record, permit);
            let hash = password.hash(&record.salt)?;
            record.rejected.retain(|known| *known != hash);
            record.rejected.push(hash);
            let surplus = record.rejected.len().saturating_sub(REMEMBERED);
            record.rejected.drain(..surplus);
        }
    }
    Ok(())
}

/// What an operator asks for once the cause is mended: no slots, no remembered rejections.
pub(crate) fn unblock(record: &mut Record) {
    record.slots.clear();
    record.rejected.clear();
}

fn mark_refused(record: &mut Record, permit: &Permit) {
    for slot in &mut record.slots {
        slot.rejected |= slot.id == permit.slot;
    }
}

fn reserve(record: &mut Record, now_ms: u64) -> u64 {
    let id = record.next_id;
    record.next_id += 1;
    record.slots.push(Slot {
        id,
        sent_ms: now_ms,
        ended_ms: None,
        rejected: false,
    });
    id
}

/// Whether a login of unknown fate can no longer be judged.
fn is_over(slot: &Slot, now_ms: u64) -> bool {
    let over = |ended_ms| now_ms.saturating_sub(ended_ms) >= LATE_MS;
    slot.ended_ms.is_some_and(over)
}

/// When the next probe may leave, if ever: the password has worked before, and nothing was rejected
/// since.
fn probe_due_ms(record: &Record, password: &mut Password<'_>) -> Result<Option<u64>> {
    let Some(succeeded) = record.succeeded else {
        return Ok(None);
    };
    if record.slots.iter().any(|slot| slot.rejected) || password.hash(&record.salt)? != succeeded {
        return Ok(None);
    }
    // From their end: by then none of them can be judged any more, and the one that gives way to
    // the probe need not be counted on.
    let last = record.slots.iter().filter_map(|slot| slot.ended_ms).max();
    Ok(last.map(|last| last.saturating_add(PROBE_MS)))
}

enum Why {
    Rejected,
    Full { wait: Option<Duration> },
}

fn blocked(key: &Key, record: &Record, max_failures: usize, why: Why) -> Error {
    let who = format!("{} at {}", key.username, key.realm);
    let rejected = record.slots.iter().filter(|slot| slot.rejected).count();
    let unknown = record.slots.len() - rejected;
    let since = record.slots.iter().map(|slot| slot.sent_ms).min();
    let since = since.map_or_else(String::new, |ms| format!(" since {}", date(ms)));
    let count = format!(
        "{rejected} refused, {unknown} of unknown fate{since}; max_login_failures is {max_failures}"
    );
    let (message, wait) = match why {
        Why::Rejected => (
            format!(
                "login not sent: the platform rejected this password for {who} before ({count}). \
                 Correct the password; if it is right by now, unblock the account with this library"
            ),
            None,
        ),
        Why::Full { wait: None } => (
            format!(
                "login not sent: too many logins for {who} failed ({count}), and the platform \
                 locks the contact at five. Mend the cause, then unblock the account with this \
                 library"
            ),
            None,
        ),
        Why::Full { wait: Some(wait) } => (
            format!(
                "login not sent: too many logins for {who} had no answer ({count}). The password \
                 worked before, so one login is tried every 15 minutes, next in {} s; or unblock \
                 the account with this library",
                wait.as_secs().max(1)
            ),
            Some(wait),
        ),
    };
    Error::new(Status::LoginBlocked, message)
        .with_retryable(wait.is_some())
        .with_retry_after(wait)
}

fn date(ms: u64) -> String {
    // Years beyond 9999 do not fit the format, and are no times of ours.
    let ms = ms.min(253_402_300_799_000);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms))
}

fn hash(password: &Secret, salt: &[u8; 16]) -> Result<PasswordHash> {
    // 19 MiB, two passes: OWASP's recommendation for Argon2id.
    let failed = |error| Error::new(Status::Internal, format!("password hash failed: {error}"));
    let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(failed)?;
    let mut hash = [0; 32];
    let blocks = params.block_count();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let password = password.reveal().as_bytes();
    with_scratch(blocks, |memory| {
        argon2.hash_password_into_with_memory(password, salt, &mut hash, memory)
    })
    .ok_or_else(|| Error::new(Status::Internal, "no memory for the password hash"))?
    .map_err(failed)?;
    Ok(hash)
}

fn new_salt() -> Result<[u8; 16]> {
    use ring::rand::SecureRandom;

    let mut salt = [0; 16];
    ring::rand::SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| Error::new(Status::Internal, "the system gives no random numbers"))?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 3;
    const MINUTE: u64 = 60 * 1000;

    struct Guard {
        record: Record,
        now_ms: u64,
    }

    impl Guard {
        fn new() -> Guard {
            Guard {
                record: Record::new([9; 16]),
                now_ms: 1_700_000_000_000,
            }
        }

        fn admit(&mut self, password: &str) -> Result<Permit> {
            let secret = Secret::new(password);
            admit(
                &mut self.record,
                &key(),
                &mut Password::new(&secret, None),
                self.now_ms,
                MAX,
            )
        }

        fn login(&mut self, password: &str, fate: Fate) -> Result<()> {
            let permit = self.admit(password)?;
            let secret = Secret::new(password);
            settle(
                &mut self.record,
                &permit,
                &mut Password::new(&secret, None),
                fate,
                self.now_ms,
            )
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
        guard.login("wrong", Fate::Rejected).unwrap();
        let error = guard.admit("wrong").unwrap_err();
        assert_eq!(error.status(), Status::LoginBlocked);
        assert!(error.message().contains("unblock the account"), "{error}");
        assert!(error.message().contains("zbeeblebrox"), "{error}");
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 0);
        // It stays rejected, though it counts no more.
        assert!(guard.admit("wrong").is_err());
    }

    #[test]
    fn different_wrong_passwords_end_at_the_limit() {
        let mut guard = Guard::new();
        let sent = (0..12)
            .filter(|n| guard.login(&format!("wrong {n}"), Fate::Rejected).is_ok())
            .count();
        assert_eq!(sent, MAX);
        assert!(guard.admit("right").is_err());
        guard.now_ms += 365 * 24 * 60 * MINUTE;
        assert!(guard.admit("right").is_err());
        unblock(&mut guard.record);
        assert!(guard.admit("right").is_ok());
    }

    #[test]
    fn the_newest_eight_rejections_are_remembered() {
        let mut guard = Guard::new();
        for n in 0..9 {
            guard.login(&format!("wrong {n}"), Fate::Rejected).unwrap();
            guard.record.slots.clear();
        }
        assert!(guard.admit("wrong 1").is_err());
        assert!(guard.admit("wrong 0").is_ok());
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
    fn unknown_fates_block_for_good_where_the_password_never_worked() {
        let mut guard = Guard::new();
        for _ in 0..MAX {
            guard.login("right", Fate::Unknown).unwrap();
        }
        guard.now_ms += 365 * 24 * 60 * MINUTE;
        let error = guard.admit("right").unwrap_err();
        assert!(!error.retryable());
    }

    #[test]
    fn after_an_outage_one_probe_leaves_every_fifteen_minutes() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        for _ in 0..MAX {
            guard.login("right", Fate::Unknown).unwrap();
        }
        let error = guard.admit("right").unwrap_err();
        assert!(error.retryable());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(15 * 60)));
        assert!(guard.admit("other").is_err());

        for _ in 0..10 {
            guard.now_ms += 15 * MINUTE;
            guard.login("right", Fate::Unknown).unwrap();
            assert!(guard.admit("right").is_err());
            assert_eq!(guard.slots(), MAX);
        }
        guard.now_ms += 15 * MINUTE;
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn a_probe_that_did_not_count_leaves_the_count_as_it_was() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        for _ in 0..MAX {
            guard.login("right", Fate::Unknown).unwrap();
        }
        guard.now_ms += 15 * MINUTE;
        guard.login("right", Fate::NotCounted).unwrap();
        assert_eq!(guard.slots(), MAX);
        guard.login("right", Fate::Unknown).unwrap();
        assert!(guard.admit("right").is_err());
    }

    #[test]
    fn fifteen_minutes_count_from_the_end_of_the_last_login() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        for _ in 1..MAX {
            guard.login("other", Fate::Unknown).unwrap();
        }
        // Its sender dies sooner or later.
        let _ = guard.admit("other").unwrap();
        guard.now_ms += 15 * MINUTE;
        assert!(guard.admit("right").unwrap_err().retryable());
        guard.now_ms += 15 * MINUTE;
        assert!(guard.admit("right").is_ok());
    }

    #[test]
    fn answers_without_a_verdict_count_and_earn_no_probe() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        for _ in 0..MAX {
            guard.login("right", Fate::Unclear).unwrap();
        }
        guard.now_ms += 24 * 60 * MINUTE;
        assert!(!guard.admit("right").unwrap_err().retryable());
        unblock(&mut guard.record);
        guard.login("right", Fate::Unclear).unwrap();
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn a_rejection_ends_the_probes() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        guard.login("other", Fate::Rejected).unwrap();
        guard.login("right", Fate::Unknown).unwrap();
        guard.login("right", Fate::Unknown).unwrap();
        guard.now_ms += 60 * MINUTE;
        assert!(!guard.admit("right").unwrap_err().retryable());
    }

    #[test]
    fn a_success_clears_unknown_fates_only_once_they_cannot_be_judged_late() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Unknown).unwrap();
        guard.now_ms += LATE_MS - 1;
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 1);
        guard.now_ms += 1;
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 0);
    }

    #[test]
    fn a_success_does_not_clear_what_was_answered_after_it_was_sent() {
        let mut guard = Guard::new();
        let late = guard.admit("right").unwrap();
        guard.login("wrong", Fate::Rejected).unwrap();
        let secret = Secret::new("right");
        settle(
            &mut guard.record,
            &late,
            &mut Password::new(&secret, None),
            Fate::Succeeded,
            guard.now_ms,
        )
        .unwrap();
        assert_eq!(guard.slots(), 1);
    }

    #[test]
    fn a_clock_set_back_or_far_forward_opens_nothing_and_hangs_nothing() {
        let mut guard = Guard::new();
        guard.login("right", Fate::Succeeded).unwrap();
        for _ in 0..MAX {
            guard.login("right", Fate::Unknown).unwrap();
        }
        guard.now_ms -= 365 * 24 * 60 * MINUTE;
        assert!(guard.admit("right").is_err());
        // From now on the fifteen minutes count by the new clock.
        guard.now_ms += 15 * MINUTE;
        assert!(guard.admit("right").is_ok());
        guard.now_ms = u64::MAX;
        let _ = guard.admit("right");
    }

    #[test]
    fn five_minutes_count_from_the_end_of_a_login_not_from_its_start() {
        let mut guard = Guard::new();
        let permit = guard.admit("right").unwrap();
        guard.now_ms += 10 * MINUTE;
        let secret = Secret::new("right");
        let mut password = Password::new(&secret, None);
        let now_ms = guard.now_ms;
        settle(
            &mut guard.record,
            &permit,
            &mut password,
            Fate::Unknown,
            now_ms,
        )
        .unwrap();
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 1);

        // Nobody knows how long the sender of this one lived.
        let _ = guard.admit("right").unwrap();
        guard.now_ms += 10 * MINUTE;
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 1);
        guard.now_ms += LATE_MS;
        guard.login("right", Fate::Succeeded).unwrap();
        assert_eq!(guard.slots(), 0);
    }

    fn unreadable(again: bool, max_failures: usize) -> usize {
        let why = "half".into();
        let found = Found::Unreadable { why, again };
        max_failures - record(found, 0, max_failures).unwrap().slots.len()
    }

    #[test]
    fn an_unreadable_record_leaves_one_slot_once_and_none_where_four_may_have_failed() {
        assert_eq!([1, 2, 3, 4].map(|max| unreadable(false, max)), [1, 1, 1, 0]);
        assert_eq!([1, 2, 3, 4].map(|max| unreadable(true, max)), [0; 4]);
    }
}
