//! The record of one account: login slots, remembered passwords, the last login, a shared token.
//! Its JSON form has a format number; a newer format is refused, not replaced.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Status};
use crate::password::{PasswordHash, Salt};
use crate::runtime::Moment;
use crate::secret::Secret;

const FORMAT: u64 = 2;

/// No count of ours ever comes this far; one that did could not be counted on from.
const COUNTER_END: u64 = 1 << 53;

/// How many clocks are known besides the one that times are of: as many hosts that share a
/// directory.
const OTHER_CLOCKS: usize = 32;

pub(crate) type Digest = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u64,
    /// The clock that all times here are of.
    pub clock: String,
    /// When they were looked at last, by that clock.
    pub as_of_ms: u64,
    /// Those of others who looked since a time was noted last, the newest last.
    #[serde(default)]
    other_clocks: Vec<OtherClock>,
    #[serde(with = "hex_bytes")]
    pub salt: Salt,
    pub next_id: u64,
    /// Oldest first.
    pub slots: Vec<Slot>,
    /// Slots from here on are younger than the last success.
    pub unsettled_from: u64,
    /// Nothing is sent before this, because the platform asked for it.
    pub hold_until_ms: Option<u64>,
    /// Oldest first.
    #[serde(with = "hex_list")]
    pub rejected: Vec<PasswordHash>,
    /// The password that worked last.
    pub succeeded: Succeeded,
    /// How many logins have ended; tells a waiter whether one did meanwhile.
    pub ended: u64,
    pub last: Option<LastLogin>,
    /// When a login succeeded last, in milliseconds since 1970: for people. 0 where it is not
    /// known.
    #[serde(default)]
    pub succeeded_wall_ms: u64,
    pub shared: Vec<SharedToken>,
}

/// A clock by which somebody has looked. At a time of its, all that is noted is as old as it is by
/// the record's clock at a time that is so much later, or older.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct OtherClock {
    name: String,
    behind_ms: i64,
}

/// What is known of the password that worked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Succeeded {
    Nothing,
    /// The login that it worked for: its hash is not made yet.
    Login(SlotName),
    Password(#[serde(with = "hex_bytes")] PasswordHash),
}

/// What tells a slot from every other of an account: a number is given again where the record of
/// the first one was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotName {
    pub id: u64,
    pub sent_wall_ms: u64,
}

/// A login that may have counted as a failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub id: u64,
    /// When it was reserved, in milliseconds since 1970: for people.
    pub sent_wall_ms: u64,
    /// The same by the clock of the record. None in one that is from before this was noted.
    pub reserved_ms: Option<u64>,
    /// When nothing of it can have left any more. None while it is under way.
    pub ended_ms: Option<u64>,
    /// When the lease under which it was sent ends by itself. None where a lease lives as long as
    /// its process.
    pub lease_ends_ms: Option<u64>,
    /// The platform answered, and not with a token. Otherwise its fate is unknown.
    pub refused: bool,
    /// An operator has asked to forget it: it goes once it can no longer be judged.
    pub forgiven: bool,
}

impl Slot {
    /// Whether it stands for a login that nobody knows of, where a record was damaged or lost.
    pub fn is_of_nobody(&self) -> bool {
        self.sent_wall_ms == 0 && !self.refused
    }
}

/// How the last login ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct LastLogin {
    pub protocol: String,
    /// The token that was to be replaced.
    #[serde(with = "hex_option")]
    pub replaced: Option<Digest>,
    /// None for success.
    pub failure: Option<LoginFailure>,
    /// When that was, in milliseconds since 1970: for people. 0 where it is not known.
    #[serde(default)]
    pub ended_wall_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct LoginFailure {
    #[serde(with = "status_number")]
    pub status: Status,
    pub message: String,
    pub code: String,
    pub http_status: u16,
}

impl LoginFailure {
    pub fn of(error: &Error) -> LoginFailure {
        LoginFailure {
            status: error.status(),
            message: error.message().to_owned(),
            code: error.code().to_owned(),
            http_status: error.http_status(),
        }
    }

    /// The same failure for somebody else.
    pub fn error(&self, more: &str) -> Error {
        Error::new(self.status, format!("{}{more}", self.message))
            .with_code(self.code.clone())
            .with_http_status(self.http_status)
    }
}

/// A session token that all may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedToken {
    pub protocol: String,
    #[serde(with = "session_token")]
    pub token: Secret,
    pub obtained_ms: u64,
}

impl Record {
    pub fn new(salt: Salt, now: &Moment) -> Record {
        Record {
            format: FORMAT,
            clock: now.clock.clone(),
            as_of_ms: now.ms,
            other_clocks: Vec::new(),
            salt,
            next_id: 1,
            slots: Vec::new(),
            unsettled_from: 1,
            hold_until_ms: None,
            rejected: Vec::new(),
            succeeded: Succeeded::Nothing,
            ended: 0,
            last: None,
            succeeded_wall_ms: 0,
            shared: Vec::new(),
        }
    }

    /// Whether no login was ever counted in it.
    pub fn is_new(&self) -> bool {
        self.next_id == 1
    }

    /// Tells all times by the clock of `now`. Where that is another clock, or was set back, what
    /// has passed since the last look is not known: everything stays as old as it was then, but
    /// for what has passed by that clock since it was looked at by it.
    pub fn look_at(&mut self, now: &Moment) {
        if !self.is_by_clock_of(now) {
            let at_least_ms = self.as_of_ms.max(self.least(now));
            self.go_by(&now.clock, now.ms as i64 - at_least_ms as i64);
        }
        self.as_of_ms = now.ms;
    }

    /// To be called when a new time is noted: who looked before does not know how old it is.
    pub fn forget_other_clocks(&mut self) {
        self.other_clocks.clear();
    }

    /// How far each other clock that it knows is behind.
    #[cfg(test)]
    pub fn other_clocks(&self) -> impl Iterator<Item = i64> {
        self.other_clocks.iter().map(|other| other.behind_ms)
    }

    /// Knows the other clocks that this one knows, whatever was noted since.
    #[cfg(test)]
    pub fn keep_other_clocks_of(&mut self, before: &Record) {
        self.other_clocks.clone_from(&before.other_clocks);
    }

    /// The time by the record's clock by which all that is noted is no older than another clock
    /// tells.
    fn least(&self, now: &Moment) -> u64 {
        let known = self.other_clocks.iter().find(|it| it.name == now.clock);
        known.map_or(0, |it| now.ms.saturating_add_signed(it.behind_ms))
    }

    /// Times are of this clock from here on, by which all are so much later.
    fn go_by(&mut self, clock: &str, shift_ms: i64) {
        for time in self.times() {
            *time = time.saturating_add_signed(shift_ms);
        }
        for other in &mut self.other_clocks {
            other.behind_ms = other.behind_ms.saturating_add(shift_ms);
        }
        if self.clock == clock {
            return;
        }
        let name = std::mem::replace(&mut self.clock, clock.to_owned());
        let behind_ms = shift_ms;
        self.other_clocks.retain(|other| other.name != clock);
        self.other_clocks.push(OtherClock { name, behind_ms });
        let surplus = self.other_clocks.len().saturating_sub(OTHER_CLOCKS);
        self.other_clocks.drain(..surplus);
    }

    /// Whether it can be told how much time has passed since the last look.
    pub fn is_by_clock_of(&self, now: &Moment) -> bool {
        self.clock == now.clock && self.as_of_ms <= now.ms
    }

    fn times(&mut self) -> impl Iterator<Item = &mut u64> {
        let slots = self.slots.iter_mut();
        slots
            .flat_map(|slot| {
                [
                    &mut slot.reserved_ms,
                    &mut slot.ended_ms,
                    &mut slot.lease_ends_ms,
                ]
            })
            .flatten()
            .chain(&mut self.hold_until_ms)
            .chain(self.shared.iter_mut().map(|shared| &mut shared.obtained_ms))
    }

    /// How long the platform has asked to wait, from the last look on.
    pub fn hold(&self) -> Option<Duration> {
        let left_ms = self.hold_until_ms?.checked_sub(self.as_of_ms)?;
        (left_ms > 0).then(|| Duration::from_millis(left_ms))
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record is plain data")
    }

    /// None for anything that is not wholly a record; an error for one of a newer format.
    pub fn from_json(text: &[u8]) -> Result<Option<Record>> {
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        match serde_json::from_slice(text) {
            Ok(Format { format: FORMAT }) => {}
            Ok(Format { format }) if format > FORMAT => {
                return Err(Error::new(
                    Status::Store,
                    format!(
                        "store: the record of this account has the format {format}, of a newer \
                         version of this library, and this one knows {FORMAT}: update this \
                         program, or give it another store"
                    ),
                ));
            }
            _ => return Ok(None),
        }
        let record = serde_json::from_slice::<Record>(text).ok();
        Ok(record.filter(Record::is_sound))
    }

    fn is_sound(&self) -> bool {
        let counts = [self.next_id, self.ended, self.as_of_ms];
        let times = self
            .slots
            .iter()
            .flat_map(|slot| [slot.reserved_ms, slot.ended_ms, slot.lease_ends_ms]);
        let times = times.flatten().chain(self.hold_until_ms);
        let times = times.chain(self.shared.iter().map(|shared| shared.obtained_ms));
        let others = self
            .other_clocks
            .iter()
            .map(|it| it.behind_ms.unsigned_abs());
        let times = times.chain(others);
        let ids: Vec<_> = self.slots.iter().map(|slot| slot.id).collect();
        counts
            .into_iter()
            .chain(times)
            .all(|count| count < COUNTER_END)
            && self.unsettled_from <= self.next_id
            && ids.is_sorted_by(|one, next| one < next)
            && ids.last().is_none_or(|last| *last < self.next_id)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

mod hex_bytes {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::hex(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        super::unhex(&text).ok_or_else(|| D::Error::custom("not that many bytes in hex"))
    }
}

mod hex_option {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &Option<[u8; N]>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.map(|bytes| super::hex(&bytes)).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        let bytes = Option::<String>::deserialize(from)?.map(|text| super::unhex(&text));
        match bytes {
            Some(None) => Err(D::Error::custom("not that many bytes in hex")),
            bytes => Ok(bytes.flatten()),
        }
    }
}

mod hex_list {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(list: &[[u8; 32]], to: S) -> Result<S::Ok, S::Error> {
        let list: Vec<String> = list.iter().map(|bytes| super::hex(bytes)).collect();
        list.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<[u8; 32]>, D::Error> {
        let list = Vec::<String>::deserialize(from)?;
        let bytes = list.iter().map(|text| super::unhex(text)).collect();
        Option::ok_or_else(bytes, || D::Error::custom("not 32 bytes in hex"))
    }
}

mod status_number {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::error::Status;

    pub fn serialize<S: Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(*status as i32)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Status, D::Error> {
        let number = i32::deserialize(from)?;
        let status = Status::ALL.iter().find(|status| **status as i32 == number);
        status.copied().ok_or_else(|| D::Error::custom("no status"))
    }
}

mod session_token {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    use crate::platform::token;
    use crate::secret::Secret;

    pub fn serialize<S: Serializer>(token: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(token.reveal())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        token::session_token(&text).map_err(|_| D::Error::custom("no session token"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECOND: u64 = 1000;

    fn at(clock: &str, ms: u64) -> Moment {
        Moment {
            clock: clock.into(),
            ms,
        }
    }

    fn record() -> Record {
        Record {
            next_id: 9,
            slots: vec![Slot {
                id: 8,
                sent_wall_ms: 1_700_000_000_000,
                reserved_ms: Some(450_000),
                ended_ms: Some(500_000),
                lease_ends_ms: None,
                refused: true,
                forgiven: false,
            }],
            hold_until_ms: Some(700_000),
            rejected: vec![[1; 32], [0xab; 32]],
            succeeded: Succeeded::Password([2; 32]),
            ended: 5,
            last: Some(LastLogin {
                protocol: "rest".into(),
                replaced: Some([3; 32]),
                failure: Some(LoginFailure {
                    status: Status::Credentials,
                    message: "no".into(),
                    code: "X.Y".into(),
                    http_status: 400,
                }),
                ended_wall_ms: 1_700_000_001_000,
            }),
            succeeded_wall_ms: 1_700_000_000_500,
            shared: vec![SharedToken {
                protocol: "rest".into(),
                token: Secret::new("bcce3ea6-fe4f-4952-bacf-eadd80718e83"),
                obtained_ms: 400_000,
            }],
            ..Record::new([7; 16], &at("boot:1", 600_000))
        }
    }

    fn read(value: &Value) -> Result<Option<Record>> {
        Record::from_json(value.to_string().as_bytes())
    }

    fn value(record: &Record) -> Value {
        serde_json::from_slice(&record.to_json()).unwrap()
    }

    #[test]
    fn a_record_survives_its_json_form() {
        let unhashed = Record {
            succeeded: Succeeded::Login(SlotName {
                id: 8,
                sent_wall_ms: 1_700_000_000_000,
            }),
            ..record()
        };
        for record in [record(), unhashed, Record::new([0; 16], &at("x", 0))] {
            let read = Record::from_json(&record.to_json());
            assert_eq!(read.unwrap(), Some(record));
        }
    }

    #[test]
    fn a_record_whose_counts_cannot_be_counted_on_from_is_none() {
        for (name, number) in [("next_id", u64::MAX), ("next_id", 8), ("ended", u64::MAX)] {
            let mut value = value(&record());
            value[name] = json!(number);
            assert_eq!(read(&value).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn a_record_whose_times_or_slots_cannot_be_is_none() {
        let far = json!(1u64 << 63);
        for name in ["as_of_ms", "hold_until_ms", "unsettled_from"] {
            let mut value = value(&record());
            value[name] = far.clone();
            assert_eq!(read(&value).unwrap(), None, "{name}");
        }
        let mut twice = value(&record());
        let slot = twice["slots"][0].clone();
        twice["slots"].as_array_mut().unwrap().push(slot);
        assert_eq!(read(&twice).unwrap(), None);
        let mut late = value(&record());
        late["slots"][0]["ended_ms"] = far;
        assert_eq!(read(&late).unwrap(), None);
    }

    #[test]
    fn a_record_with_anything_missing_or_mistyped_is_none() {
        let whole = value(&record());
        for name in whole.as_object().unwrap().keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(name);
            let optional = ["hold_until_ms", "last", "other_clocks", "succeeded_wall_ms"];
            let optional = optional.contains(&name.as_str());
            assert_eq!(read(&lacking).unwrap().is_some(), optional, "{name}");
            let mut mistyped = whole.clone();
            mistyped[name] = json!(-1.5);
            assert_eq!(read(&mistyped).unwrap(), None, "mistyped {name}");
        }
        assert_eq!(read(&json!([])).unwrap(), None);
    }

    #[test]
    fn a_newer_format_is_refused_whatever_else_it_holds_and_an_older_one_is_none() {
        let newer = read(&json!({"format": FORMAT + 1, "else": 1}));
        assert_eq!(newer.unwrap_err().status(), Status::Store);
        assert_eq!(read(&json!({"format": 1})).unwrap(), None);
    }

    #[test]
    fn a_record_that_does_not_tell_when_the_last_login_ended_is_one() {
        let mut value = value(&record());
        let last = value["last"].as_object_mut().unwrap();
        last.remove("ended_wall_ms").unwrap();
        let last = read(&value).unwrap().unwrap().last.unwrap();
        assert_eq!(last.ended_wall_ms, 0);
    }

    #[test]
    fn by_another_clock_or_one_set_back_everything_stays_as_old_as_it_was() {
        for now in [
            at("boot:2", 90_000),
            at("boot:2", 900_000),
            at("boot:1", 599_999),
        ] {
            let mut record = record();
            record.look_at(&now);
            let ended_ms = record.slots[0].ended_ms.unwrap();
            // At 90 seconds nothing can have ended 100 seconds ago: it counts as younger.
            assert_eq!(now.ms - ended_ms, 100_000.min(now.ms));
            assert_eq!(record.hold(), Some(Duration::from_secs(100)));
        }
        let mut record = record();
        record.look_at(&at("boot:1", 700_000));
        assert_eq!(record.slots[0].ended_ms, Some(500_000));
        assert_eq!(record.hold(), None);
    }

    #[test]
    fn of_hosts_that_look_by_turns_each_tells_what_has_passed_since_its_own_look() {
        let age = |record: &Record| record.as_of_ms - record.slots[0].ended_ms.unwrap();
        let mut record = record();
        record.look_at(&at("boot:1", 700_000));
        let at_first = age(&record);
        let hosts = [
            ("boot:2", 400_000),
            ("boot:3", 1 << 40),
            ("boot:1", 700_000),
        ];
        for (second, (clock, began_ms)) in (1..=30).zip(hosts.into_iter().cycle()) {
            record.look_at(&at(clock, began_ms + second * SECOND));
            // A look that is the first by its clock tells nothing.
            let known = second - second % 3;
            assert_eq!(age(&record), at_first + known * SECOND, "{second}");
        }
        // What a clock tells that was set back is less, and never takes back.
        record.look_at(&at("boot:2", 400_000));
        record.look_at(&at("boot:3", 1 << 40));
        assert_eq!(age(&record), at_first + 30 * SECOND);
        assert_eq!(Record::from_json(&record.to_json()).unwrap(), Some(record));
    }

    #[test]
    fn who_looked_before_a_time_was_noted_does_not_know_how_old_it_is() {
        let mut record = record();
        record.look_at(&at("boot:1", 700_000));
        record.look_at(&at("boot:2", 400_000));
        record.slots[0].ended_ms = Some(400_000);
        record.forget_other_clocks();
        record.look_at(&at("boot:1", 800_000));
        assert_eq!(record.slots[0].ended_ms, Some(800_000));
    }

    #[test]
    fn a_record_knows_so_many_clocks_and_no_more() {
        let mut record = record();
        for boot in 0..100 {
            record.look_at(&at(&format!("boot:{boot}"), 1_000_000));
        }
        assert_eq!(record.other_clocks.len(), OTHER_CLOCKS);
        assert_eq!(record.other_clocks.last().unwrap().name, "boot:98");
    }
}
