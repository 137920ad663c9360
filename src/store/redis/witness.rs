//! What this host knows of a record that is elsewhere, in a file of its own. A server that loses
//! what it acknowledged is found out by it, and what this host knows is put back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::link::info;
use crate::call::Running;
use crate::error::Result;
use crate::runtime::{Moment, Runtime};
use crate::store::file::Note;
use crate::store::{Record, Succeeded};

const FORMAT: u32 = 1;
/// How many of the last operations a server keeps the ids of.
const OPERATIONS: u64 = 16;
/// How many rejected passwords a record remembers.
const REMEMBERED: usize = 8;

/// One state of a record, and where the server's history was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    format: u32,
    pub state: State,
    pub line: Line,
    /// The record itself, without shared tokens.
    pub record: String,
}

/// Which state of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The first operation on it, which tells it from one that was begun anew.
    pub born: String,
    pub version: u64,
    /// The last operation.
    pub operation: String,
    /// Whether a loss was found, and the account was not known to be well since.
    pub doubt: bool,
}

/// A moment in a server's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub id: String,
    pub offset: u64,
}

/// A server's history, and the one that it continued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    pub now: Line,
    pub before: Line,
}

impl Noted {
    pub fn new(state: State, line: Line, record: &Record) -> Noted {
        Noted {
            format: FORMAT,
            state,
            line,
            record: without_tokens(record),
        }
    }

    pub fn record(&self) -> Option<Record> {
        Record::from_json(self.record.as_bytes()).ok().flatten()
    }

    /// Whether all that this host knew is in what the server holds now. `operations` are the ids of
    /// the last ones, newest first.
    pub fn was_kept(&self, state: &State, operations: &str, history: &History) -> bool {
        let seen = &self.state;
        if seen.born != state.born {
            return false;
        }
        let is_named = operations.split(',').any(|id| id == seen.operation);
        let is_long_ago = state.version >= seen.version.saturating_add(OPERATIONS);
        is_named || (is_long_ago && history.continues(&self.line))
    }
}

impl History {
    /// What a server tells of it in INFO replication.
    pub fn of(replication: &str) -> History {
        let line = |id, offset| Line {
            id: info(replication, id).to_owned(),
            offset: info(replication, offset).parse().unwrap_or_default(),
        };
        History {
            now: line("master_replid", "master_repl_offset"),
            before: line("master_replid2", "second_repl_offset"),
        }
    }

    fn continues(&self, line: &Line) -> bool {
        let (now, before) = (&self.now, &self.before);
        // A server without replicas does not count its offset: it stays 0.
        let is_before = before.id == line.id && before.offset > line.offset && line.offset > 0;
        !line.id.is_empty() && (is_before || (now.id == line.id && now.offset >= line.offset))
    }
}

pub(super) fn without_tokens(record: &Record) -> String {
    let mut bare = record.clone();
    bare.shared.clear();
    String::from_utf8(bare.to_json()).unwrap_or_default()
}

/// What the server holds and what this host knew, taken together: no login and no rejection of
/// either is left out.
pub(crate) fn merged(mut kept: Record, mut noted: Record, now: &Moment) -> Record {
    kept.look_at(now);
    noted.look_at(now);
    kept.forget_other_clocks();
    let mut next_id = kept.next_id.max(noted.next_id);
    for mut slot in noted.slots {
        // The same number may stand for another login where both counted on by themselves.
        match kept.slots.iter().find(|other| other.id == slot.id) {
            Some(other) if other.sent_wall_ms == slot.sent_wall_ms => continue,
            Some(_) => {
                slot.id = next_id;
                next_id += 1;
            }
            None => {}
        }
        if slot.id >= noted.unsettled_from {
            kept.unsettled_from = kept.unsettled_from.min(slot.id);
        }
        // One of those that another host has counted for what it did not know.
        if let Some(unknown) = kept.slots.iter().position(|other| other.is_of_nobody()) {
            kept.slots.remove(unknown);
        }
        kept.slots.push(slot);
    }
    kept.slots.sort_by_key(|slot| slot.id);
    kept.next_id = next_id;
    if kept.salt == noted.salt {
        let new = |hash: &_| !kept.rejected.contains(hash);
        let mut rejected: Vec<_> = noted.rejected.into_iter().filter(new).collect();
        rejected.append(&mut kept.rejected);
        let surplus = rejected.len().saturating_sub(REMEMBERED);
        rejected.drain(..surplus);
        kept.rejected = rejected;
        if kept.succeeded == Succeeded::Nothing {
            kept.succeeded = noted.succeeded;
        }
    }
    kept.hold_until_ms = kept.hold_until_ms.max(noted.hold_until_ms);
    kept.ended = kept.ended.max(noted.ended);
    kept
}

/// The file.
pub(super) struct Witness(Note);

impl Witness {
    pub fn new(note: Note) -> Witness {
        Witness(note)
    }

    /// What was noted; nothing where that is damaged: the server has the word then.
    pub fn read(&self) -> Result<Option<Noted>> {
        let text = self.0.read()?;
        let noted = text.and_then(|text| serde_json::from_slice::<Noted>(&text).ok());
        Ok(noted.filter(|noted| noted.format == FORMAT))
    }

    /// Notes a state after a save, durably.
    pub fn note_save(&self, noted: &Noted, running: &Running, runtime: &dyn Runtime) -> Result<()> {
        self.change(running, runtime, true, |before| {
            let is_older = before.is_some_and(|before| {
                before.state.born == noted.state.born && before.state.version > noted.state.version
            });
            (!is_older).then(|| noted.clone())
        })
    }

    /// Notes a state that was seen, if it follows what is noted.
    pub fn note_look(
        &self,
        seen: &Noted,
        operations: &str,
        running: &Running,
        runtime: &dyn Runtime,
    ) -> Result<()> {
        let follows = |before: &Noted| {
            before.state.version < seen.state.version
                && before.was_kept(&seen.state, operations, &History::default())
        };
        if self.read()?.is_some_and(|before| !follows(&before)) {
            return Ok(());
        }
        self.change(running, runtime, false, |before| {
            before.is_none_or(&follows).then(|| seen.clone())
        })
    }

    /// Ends the doubt about a state.
    pub fn all_is_well(
        &self,
        state: &State,
        running: &Running,
        runtime: &dyn Runtime,
    ) -> Result<()> {
        self.change(running, runtime, false, |before| {
            let mut noted = before.filter(|before| before.state == *state)?.clone();
            noted.state.doubt = false;
            Some(noted)
        })
    }

    fn change(
        &self,
        running: &Running,
        runtime: &dyn Runtime,
        durable: bool,
        change: impl Fn(Option<&Noted>) -> Option<Noted>,
    ) -> Result<()> {
        let _lock = loop {
            if let Some(lock) = self.0.try_lock()? {
                break lock;
            }
            running.check()?;
            runtime.sleep(Duration::from_millis(2).min(running.slice()));
        };
        match change(self.read()?.as_ref()) {
            Some(noted) => {
                let text = serde_json::to_vec(&noted).expect("it is plain data");
                self.0.write(&text, durable)
            }
            None => Ok(()),
        }
    }
}
