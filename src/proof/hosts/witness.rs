//! What each host of the model keeps of what it saw and saved, and what it does where the server
//! holds less: it puts back what it knows, beside what others have written since, and counts what
//! it does not know. One login is left then, to a password that is known to have worked.

use super::server::{Operation, Value};
use super::{Bounds, Flaw, State};
use crate::lockout;
use crate::runtime::Moment;
use crate::store::{Found, Record, Slot, Succeeded, redis};

use super::super::parts::hash_of;
use super::SALT;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Witness {
    pub version: u64,
    pub operation: Operation,
    pub born: Operation,
    /// A loss was found, and the account was not known to be well since.
    pub doubt: bool,
    pub record: Record,
}

impl Witness {
    /// What a host has seen.
    pub fn of(value: &Value, record: Record) -> Witness {
        Witness {
            version: value.version,
            operation: value.operations.last().copied().unwrap_or_default(),
            born: value.born(),
            doubt: value.doubt,
            record,
        }
    }
}

impl Bounds {
    /// The record to work on; and whether less was found than the witness knows of.
    pub fn examine(
        &self,
        state: &mut State,
        h: usize,
        now: &Moment,
        newer: bool,
    ) -> (Record, bool) {
        let found = state.first.record().filter(|_| !newer).cloned();
        let witness = state.hosts[h].witness.clone();
        let witness = witness.filter(|_| self.flaw != Flaw::NoWitness);
        if let Some(witness) = witness.filter(|witness| !self.was_kept(state, witness)) {
            return (self.mend(state, h, now, found, &witness), true);
        }
        if let (Some(value), Some(record)) = (&state.first.value, &found) {
            let witness = Witness::of(value, record.clone());
            state.hosts[h].witness = Some(witness);
        }
        let found = match found {
            Some(record) => Found::Record(Box::new(record)),
            None => Found::Nothing,
        };
        let record = lockout::record(found, now, || Ok(SALT), self.max_failures).unwrap();
        (record, false)
    }

    fn was_kept(&self, state: &State, witness: &Witness) -> bool {
        let Some(value) = &state.first.value else {
            return false;
        };
        let same_life = value.born() == witness.born;
        let newer = value.version >= witness.version;
        match self.flaw {
            Flaw::ComparesVersions => newer,
            Flaw::ComparesVersionsOfOneLife => same_life && newer,
            _ => same_life && value.operations.contains(&witness.operation),
        }
    }

    fn mend(
        &self,
        state: &State,
        h: usize,
        now: &Moment,
        found: Option<Record>,
        witness: &Witness,
    ) -> Record {
        let found = found.unwrap_or_else(|| Record::new(SALT, now));
        let rest = match self.flaw {
            Flaw::WitnessNotMerged => found,
            _ => redis::merged(found, witness.record.clone(), now),
        };
        let doubt = state.first.value.as_ref().is_some_and(|value| value.doubt);
        let incomplete = Found::Incomplete {
            rest: Box::new(rest),
            why: "lost".into(),
            again: witness.doubt || doubt,
        };
        let own = Succeeded::Password(hash_of(state.hosts[h].password));
        let incomplete = match self.flaw {
            Flaw::OneLeftForEachHost | Flaw::WitnessNotMerged => incomplete,
            _ => lockout::leave_nothing_to_unproven(incomplete, |rest| Ok(rest.succeeded == own))
                .unwrap(),
        };
        lockout::record(incomplete, now, || Ok(SALT), self.max_failures).unwrap()
    }
}

/// A slot more, under a number of its own.
pub(super) fn push(record: &mut Record, slot: Slot) {
    let id = record.next_id;
    record.next_id += 1;
    record.slots.push(Slot { id, ..slot });
}
