//! The contact records: who may log in, and how often in a row they got it wrong. User names are
//! compared without regard to letter case, so that no spelling gives anyone more attempts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::nearest::unknown;

pub struct Contacts(BTreeMap<String, Contact>);

struct Contact {
    username: String,
    password: Option<String>,
    strikes: u64,
    max_strikes: u64,
    locked: bool,
}

/// What the platform thinks of a username and password.
pub enum Verdict {
    /// With the name as the contact spells it.
    Accepted(String),
    /// With the consecutive failures so far; 0 when there is no such contact.
    Rejected { strikes: u64 },
    /// Not even looked at.
    Locked,
}

impl Contacts {
    pub fn new() -> Contacts {
        let mut contacts = Contacts(BTreeMap::new());
        contacts.set_password("zbeeblebrox", Some("IMgr8"));
        contacts
    }

    pub fn set_password(&mut self, username: &str, password: Option<&str>) {
        let contact = self
            .0
            .entry(username.to_lowercase())
            .or_insert_with(|| Contact {
                username: username.into(),
                password: None,
                strikes: 0,
                max_strikes: 0,
                locked: false,
            });
        contact.password = password.map(Into::into);
    }

    pub fn unlock(&mut self, username: &str) -> Result<(), String> {
        match self.0.get_mut(&username.to_lowercase()) {
            Some(contact) => {
                contact.strikes = 0;
                contact.locked = false;
                Ok(())
            }
            None => Err(unknown(
                "contact",
                username,
                self.0.values().map(|contact| contact.username.as_str()),
            )),
        }
    }

    pub fn judge(&mut self, username: &str, password: &str, strikes_to_lock: u64) -> Verdict {
        let Some(contact) = self.0.get_mut(&username.to_lowercase()) else {
            return Verdict::Rejected { strikes: 0 };
        };
        if contact.locked {
            return Verdict::Locked;
        }
        if contact.password.as_deref() == Some(password) {
            contact.strikes = 0;
            return Verdict::Accepted(contact.username.clone());
        }
        contact.strikes += 1;
        contact.max_strikes = contact.max_strikes.max(contact.strikes);
        contact.locked = contact.strikes >= strikes_to_lock;
        Verdict::Rejected {
            strikes: contact.strikes,
        }
    }

    /// Whether it is that contact's password. Counts as no attempt.
    pub fn is_password(&self, username: &str, password: &str) -> bool {
        let contact = self.0.get(&username.to_lowercase());
        contact.is_some_and(|contact| contact.password.as_deref() == Some(password))
    }

    pub fn to_json(&self) -> Value {
        let contacts = self.0.values().map(|contact| {
            let shown = json!({
                "password_set": contact.password.is_some(),
                "strikes": contact.strikes,
                "max_strikes": contact.max_strikes,
                "locked": contact.locked,
            });
            (contact.username.clone(), shown)
        });
        Value::Object(contacts.collect::<Map<_, _>>())
    }
}
