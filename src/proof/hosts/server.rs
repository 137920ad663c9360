//! The servers of the model: what they hold, and how it is changed.

use super::{Bounds, Flaw, Login, Sending, State, What};
use crate::runtime::Moment;
use crate::store::{LEASE_MS, Record};

/// What a server holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Content {
    /// How much was written.
    pub offset: u64,
    pub value: Option<Value>,
}

/// What it holds for the account.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Value {
    pub record: Option<Record>,
    pub format: u8,
    pub version: u64,
    /// Oldest first. The real one keeps sixteen; there are fewer here.
    pub operations: Vec<Operation>,
    pub doubt: bool,
    pub owner: Option<u8>,
    pub fence: u8,
    pub until: Option<Moment>,
}

/// The number of a lease, and which of its saves. (0, 0) is the one that all began with.
pub(super) type Operation = (u8, u8);

impl Value {
    pub fn begin(record: Record) -> Value {
        Value {
            record: Some(record),
            version: 1,
            operations: vec![(0, 0)],
            ..Value::default()
        }
    }

    /// The first save of this life of the value.
    pub fn born(&self) -> Operation {
        self.operations.first().copied().unwrap_or_default()
    }
}

impl Content {
    pub fn record(&self) -> Option<&Record> {
        self.value.as_ref()?.record.as_ref()
    }

    pub fn has(&self, operation: Operation) -> bool {
        let value = self.value.as_ref();
        value.is_some_and(|value| value.operations.contains(&operation))
    }
}

impl State {
    /// Whether the lease was taken. None where it is another's for the time being, and nothing
    /// changes.
    pub fn take_lease(&mut self, now: &Moment) -> Option<bool> {
        let until = Moment {
            ms: now.ms + LEASE_MS,
            ..now.clone()
        };
        let value = self.first.value.get_or_insert_default();
        if let (Some(_), Some(ends)) = (value.owner, &value.until) {
            if ends.clock != now.clock {
                // By another server's clock: how much of it has passed is not known.
                value.until = Some(until);
                self.first.offset += 1;
                return Some(false);
            }
            if now.ms < ends.ms {
                return None;
            }
        }
        self.leases += 1;
        (value.owner, value.until) = (Some(self.leases), Some(until));
        value.fence += 1;
        self.first.offset += 1;
        Some(true)
    }

    /// Gives a lease back, if it is still held.
    pub fn give_back(&mut self, lease: u8) {
        let value = self.first.value.as_mut();
        if let Some(value) = value.filter(|value| value.owner == Some(lease)) {
            (value.owner, value.until) = (None, None);
            self.first.offset += 1;
        }
    }

    /// All servers hold something else from now on. Where what is lost is nothing that anybody
    /// could make up for, it is `excused`.
    pub fn replace(&mut self, with: Content, excused: bool) {
        let lost = |saved: Option<_>| saved.is_some_and(|saved| !with.has(saved));
        for host in &mut self.hosts {
            host.bereft |= lost(host.own);
        }
        if lost(self.relied_on) {
            self.lost = true;
            self.unseen |= excused;
            self.relied_on = None;
            self.noted.clear();
        }
        self.strays.clear();
        self.follower = with.clone();
        self.first = with;
    }
}

impl Bounds {
    /// Compares, and writes. What was done before is done.
    pub fn save(
        &self,
        state: &mut State,
        login: &mut Login,
        what: What,
        sending: Sending,
        format: u8,
    ) -> bool {
        let operation = login.operation(what);
        let blind = self.flaw == Flaw::BlindResend && sending == Sending::Again;
        let compares = self.flaw != Flaw::NoFence && !blind;
        let Content { offset, value } = &mut state.first;
        if compares {
            let Some(value) = value else {
                return false;
            };
            let known = value.operations.contains(&operation);
            let next = sending == Sending::Again && value.version == login.version + 1;
            let done = match self.flaw {
                Flaw::NoOperationId => false,
                Flaw::GuessesByVersion => next,
                _ => known,
            };
            if done {
                // Written again, so that the follower can be waited for.
                *offset += 1;
                (login.version, login.epoch, login.offset) = (value.version, state.epoch, *offset);
                return true;
            }
            let held = value.owner == Some(login.lease) && value.fence == login.fence;
            if !held || value.version != login.version {
                if known {
                    state.broken = Some("a save that was done is taken for one that failed");
                }
                return false;
            }
        }
        let value = value.get_or_insert_default();
        value.record = Some(login.record.clone());
        value.format = format.max(value.format);
        value.operations.push(operation);
        value.version += 1;
        value.doubt = login.doubt;
        *offset += 1;
        (login.version, login.epoch, login.offset) = (value.version, state.epoch, *offset);
        true
    }
}
