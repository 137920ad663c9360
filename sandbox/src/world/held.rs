//! The requests that are held: each under a name, until that name is released or the client is
//! gone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kind::Kind;

/// A held request, for as long as the sandbox runs.
pub type Ticket = u64;

#[derive(Default)]
pub struct Held {
    waiting: BTreeMap<Ticket, (String, Kind)>,
    next: Ticket,
}

impl Held {
    pub fn hold(&mut self, name: String, kind: Kind) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, (name, kind));
        ticket
    }

    pub fn holds(&self, ticket: Ticket) -> bool {
        self.waiting.contains_key(&ticket)
    }

    /// The client is gone.
    pub fn forget(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Lets those of that name go, or all. How many there were.
    pub fn release(&mut self, name: Option<&str>) -> usize {
        let before = self.waiting.len();
        self.waiting
            .retain(|_, (given, _)| name.is_some_and(|name| name != given));
        before - self.waiting.len()
    }

    pub fn to_json(&self) -> Value {
        let held = self.waiting.values();
        held.map(|(name, kind)| json!({"hold": name, "on": kind.name()}))
            .collect()
    }
}
