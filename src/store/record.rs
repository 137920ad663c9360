//! The record of one account: login slots, remembered passwords, the last outcome, a shared token.
//! Its JSON form is versioned. Times are milliseconds since 1970 by the wall clock, so that
//! processes agree on them.

use serde_json::{Map, Value, json};

use crate::error::Status;
use crate::secret::Secret;

const FORMAT: u64 = 1;

pub(crate) type Digest = [u8; 32];
/// A salted, memory-hard hash of a password.
pub(crate) type PasswordHash = [u8; 32];

/// A login that may have counted as a failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    pub id: u64,
    pub sent_ms: u64,
    /// When its sender gave up or was found dead: nothing of it can have left later. None while it
    /// is under way.
    pub ended_ms: Option<u64>,
    /// It was answered, and not with a token. Otherwise its fate is unknown: under way, lost, or
    /// its process died.
    pub rejected: bool,
}

/// How the last login of a sharing session ended, for those who waited for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    pub protocol: String,
    /// The token that was to be replaced.
    pub replaced: Option<Digest>,
    /// None for success.
    pub failure: Option<OutcomeFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OutcomeFailure {
    pub status: Status,
    pub message: String,
    pub code: String,
    pub http_status: u16,
}

/// A session token that all may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    pub protocol: String,
    pub token: Secret,
    pub obtained_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub salt: [u8; 16],
    pub next_id: u64,
    pub slots: Vec<Slot>,
    /// Oldest first.
    pub rejected: Vec<PasswordHash>,
    pub succeeded: Option<PasswordHash>,
    /// How many logins have ended; tells a waiter whether one did meanwhile.
    pub ended: u64,
    pub last: Option<Outcome>,
    pub shared: Vec<Shared>,
}

impl Record {
    pub fn new(salt: [u8; 16]) -> Record {
        Record {
            salt,
            next_id: 1,
            slots: Vec::new(),
            rejected: Vec::new(),
            succeeded: None,
            ended: 0,
            last: None,
            shared: Vec::new(),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "format": FORMAT,
            "salt": hex(&self.salt),
            "next_id": self.next_id,
            "slots": self.slots.iter().map(|slot| json!({
                "id": slot.id,
                "sent_ms": slot.sent_ms,
                "ended_ms": slot.ended_ms,
                "rejected": slot.rejected,
            })).collect::<Vec<_>>(),
            "rejected": self.rejected.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
            "succeeded": self.succeeded.as_ref().map(|hash| hex(hash)),
            "ended": self.ended,
            "last": self.last.as_ref().map(Outcome::to_json),
            "shared": self.shared.iter().map(|shared| json!({
                "protocol": shared.protocol,
                "token": shared.token.reveal(),
                "obtained_ms": shared.obtained_ms,
            })).collect::<Vec<_>>(),
        })
    }

    /// None for anything that is not wholly a record of this format.
    pub fn from_json(value: &Value) -> Option<Record> {
        let record = value.as_object()?;
        if record.get("format")?.as_u64()? != FORMAT {
            return None;
        }
        let next_id = counter(record.get("next_id")?)?;
        Some(Record {
            salt: unhex(record.get("salt")?)?,
            next_id,
            slots: list(record, "slots", |slot| {
                let members = slot.as_object()?;
                Some(Slot {
                    id: slot.get("id")?.as_u64().filter(|id| *id < next_id)?,
                    sent_ms: slot.get("sent_ms")?.as_u64()?,
                    ended_ms: optional(members, "ended_ms", Value::as_u64)?,
                    rejected: slot.get("rejected")?.as_bool()?,
                })
            })?,
            rejected: list(record, "rejected", unhex)?,
            succeeded: optional(record, "succeeded", unhex)?,
            ended: counter(record.get("ended")?)?,
            last: optional(record, "last", Outcome::from_json)?,
            shared: list(record, "shared", |shared| {
                let token = shared.get("token")?.as_str()?;
                Some(Shared {
                    protocol: shared.get("protocol")?.as_str()?.to_owned(),
                    token: crate::platform::token::session_token(token).ok()?,
                    obtained_ms: shared.get("obtained_ms")?.as_u64()?,
                })
            })?,
        })
    }
}

impl Outcome {
    fn to_json(&self) -> Value {
        json!({
            "protocol": self.protocol,
            "replaced": self.replaced.as_ref().map(|digest| hex(digest)),
            "failure": self.failure.as_ref().map(|failure| json!({
                "status": failure.status as i32,
                "message": failure.message,
                "code": failure.code,
                "http_status": failure.http_status,
            })),
        })
    }

    fn from_json(value: &Value) -> Option<Outcome> {
        let outcome = value.as_object()?;
        Some(Outcome {
            protocol: outcome.get("protocol")?.as_str()?.to_owned(),
            replaced: optional(outcome, "replaced", unhex)?,
            failure: optional(outcome, "failure", |failure| {
                let number = failure.get("status")?.as_i64()?;
                Some(OutcomeFailure {
                    status: *Status::ALL.iter().find(|s| **s as i64 == number)?,
                    message: failure.get("message")?.as_str()?.to_owned(),
                    code: failure.get("code")?.as_str()?.to_owned(),
                    http_status: failure.get("http_status")?.as_u64()?.try_into().ok()?,
                })
            })?,
        })
    }
}

/// No count of ours ever comes this far; one that did could not be counted on from.
const COUNTER_END: u64 = 1 << 53;

fn counter(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count < COUNTER_END)
}

fn list<T>(
    object: &Map<String, Value>,
    name: &str,
    item: impl Fn(&Value) -> Option<T>,
) -> Option<Vec<T>> {
    object.get(name)?.as_array()?.iter().map(item).collect()
}

fn optional<T>(
    object: &Map<String, Value>,
    name: &str,
    item: impl Fn(&Value) -> Option<T>,
) -> Option<Option<T>> {
    match object.get(name)? {
        Value::Null => Some(None),
        value => item(value).map(Some),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(value: &Value) -> Option<[u8; N]> {
    let text = value.as_str()?;
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            salt: [7; 16],
            next_id: 9,
            slots: vec![Slot {
                id: 8,
                sent_ms: 1_700_000_000_000,
                ended_ms: Some(1_700_000_000_500),
                rejected: true,
            }],
            rejected: vec![[1; 32], [0xab; 32]],
            succeeded: Some([2; 32]),
            ended: 5,
            last: Some(Outcome {
                protocol: "rest".into(),
                replaced: Some([3; 32]),
                failure: Some(OutcomeFailure {
                    status: Status::Credentials,
                    message: "no".into(),
                    code: "X.Y".into(),
                    http_status: 400,
                }),
            }),
            shared: vec![Shared {
                protocol: "rest".into(),
                token: Secret::new("bcce3ea6-fe4f-4952-bacf-eadd80718e83"),
                obtained_ms: 1,
            }],
        }
    }

    #[test]
    fn a_record_survives_its_json_form() {
        for record in [record(), Record::new([0; 16])] {
            assert_eq!(Record::from_json(&record.to_json()), Some(record));
        }
    }

    #[test]
    fn a_record_whose_counts_cannot_be_counted_on_from_is_none() {
        for (name, number) in [("next_id", u64::MAX), ("next_id", 8), ("ended", u64::MAX)] {
            let mut value = record().to_json();
            value[name] = json!(number);
            assert_eq!(Record::from_json(&value), None, "{name}");
        }
    }

    #[test]
    fn a_record_with_anything_missing_or_mistyped_is_none() {
        let whole = record().to_json();
        for name in whole.as_object().unwrap().keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(name);
            assert_eq!(Record::from_json(&lacking), None, "without {name}");
            let mut mistyped = whole.clone();
            mistyped[name] = json!(-1.5);
            assert_eq!(Record::from_json(&mistyped), None, "mistyped {name}");
        }
        assert_eq!(Record::from_json(&json!([])), None);
    }
}
