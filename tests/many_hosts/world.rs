//! What the platform saw of each account, and whether that may be.

use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

/// What was done to an account and its store, as far as it excuses what the platform saw.
#[derive(Clone, Debug, Default)]
pub struct Deeds {
    /// How often all sessions expired.
    pub expiries: usize,
    /// Processes that were killed or stopped, answers that were lost, and what befell the store.
    pub mishaps: usize,
    /// Whether some of its hosts have the right password.
    pub right: bool,
}

/// What the platform saw of one account.
#[derive(Debug, Default)]
pub struct Seen {
    pub logins: usize,
    pub succeeded: usize,
    /// Failures in a row, at the most.
    pub most: u64,
    /// How often the most frequent of the passwords was refused.
    pub same_refused: usize,
}

impl Seen {
    pub fn of(sandbox: &Sandbox, username: &str) -> Seen {
        let log = sandbox.control("GET", "/log", Value::Null);
        let of_account = |line: &&Value| line["kind"] == "login" && line["username"] == username;
        let logins: Vec<&Value> = log.as_array().unwrap().iter().filter(of_account).collect();
        let is_ok = |line: &&&Value| line["why"] == "logged in" || line["status"] == 200;
        let succeeded = logins.iter().filter(is_ok).count();
        // No password is logged; all are of different lengths, and so are the bodies.
        let refused = logins.iter().filter(|line| !is_ok(line));
        let lengths: Vec<&Value> = refused.map(|line| &line["body_bytes"]).collect();
        let times = |length: &&&Value| lengths.iter().filter(|other| *other == *length).count();
        let state = sandbox.control("GET", "/state", Value::Null);
        Seen {
            logins: logins.len(),
            succeeded,
            most: state["contacts"][username]["max_strikes"]
                .as_u64()
                .unwrap_or(0),
            same_refused: lengths
                .iter()
                .map(|length| times(&length))
                .max()
                .unwrap_or(0),
        }
    }

    /// Why it must not be so.
    pub fn flaw(&self, deeds: &Deeds) -> Option<String> {
        let mishaps = deeds.mishaps;
        let most_succeed = match deeds.right {
            true => 1 + deeds.expiries + mishaps,
            false => 0,
        };
        // After a loss one login is left to a password that may have worked.
        let most_fail = if deeds.right { 4 } else { 3 };
        let most_refused = 1 + mishaps;
        (self.most > most_fail || self.succeeded > most_succeed || self.same_refused > most_refused)
            .then(|| format!("{self:?}, after {deeds:?}"))
    }
}

/// Ends all sessions.
pub fn expire(sandbox: &Sandbox) {
    sandbox.control("POST", "/expire", json!({"what": "session"}));
}

pub fn contact(sandbox: &Sandbox, username: &str, password: &str) {
    let contact = json!({"username": username, "password": password});
    sandbox.control("POST", "/contacts", contact);
}
