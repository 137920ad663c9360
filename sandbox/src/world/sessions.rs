//! The live sessions. Each ends after a time without use, which every accepted call begins anew; a
//! refused call does not.

use std::collections::HashMap;

use crate::random;

/// The header that carries a session's token over REST.
pub const HEADER: &str = "VZ-M2M-Token";
/// The one that some endpoints want instead.
pub const OTHER_HEADER: &str = "SessionToken";

/// How many sessions may gather before those that ended are swept up.
const SWEEP_AT: usize = 1024;

#[derive(Default)]
pub struct Sessions(HashMap<String, Session>);

struct Session {
    username: String,
    used_ms: u64,
}

/// Why a session token is refused.
#[derive(Clone, Copy)]
pub enum Refused {
    Missing,
    NotAGuid,
    Expired,
}

impl Refused {
    /// The platform's code, service name aside.
    pub fn code(self) -> &'static str {
        match self {
            Refused::Missing => "REQUEST_FAILED.SessionToken.Format",
            Refused::NotAGuid => "INPUT_INVALID.SessionToken.Invalid",
            Refused::Expired => "REQUEST_FAILED.SessionToken.Expired",
        }
    }

    /// For the log.
    pub fn why(self) -> &'static str {
        match self {
            Refused::Missing => "no session token",
            Refused::NotAGuid => "session token is no GUID",
            Refused::Expired => "session expired",
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            Refused::Missing => "The session token is missing.",
            Refused::NotAGuid => "The session token is not valid.",
            Refused::Expired => "The Session has expired.",
        }
    }
}

impl Sessions {
    pub fn begin(&mut self, username: String, now_ms: u64, idle_ms: u64) -> String {
        if self.0.len() >= SWEEP_AT {
            self.0.retain(|_, session| session.live(now_ms, idle_ms));
        }
        let token = random::guid();
        self.0.insert(
            token.clone(),
            Session {
                username,
                used_ms: now_ms,
            },
        );
        token
    }

    /// The token of this user's session, which counts as used.
    pub fn again(&mut self, username: &str, now_ms: u64, idle_ms: u64) -> Option<String> {
        let live =
            |session: &Session| session.username == username && session.live(now_ms, idle_ms);
        let (token, session) = self
            .0
            .iter_mut()
            .filter(|(_, session)| live(session))
            .max_by_key(|(_, session)| session.used_ms)?;
        session.used_ms = now_ms;
        Some(token.clone())
    }

    pub fn end_all_of(&mut self, username: &str) {
        self.0.retain(|_, session| session.username != username);
    }

    /// Whose session it is, if it is live.
    pub fn user_of(&self, token: &str, now_ms: u64, idle_ms: u64) -> Option<&str> {
        let session = self.0.get(token)?;
        session
            .live(now_ms, idle_ms)
            .then_some(session.username.as_str())
    }

    /// Accepts the token and counts the session as used, or says why not. No token is `""`.
    pub fn accept(&mut self, token: &str, now_ms: u64, idle_ms: u64) -> Result<(), Refused> {
        match self.0.get_mut(token) {
            Some(session) if session.live(now_ms, idle_ms) => {
                session.used_ms = now_ms;
                Ok(())
            }
            _ if token.is_empty() => Err(Refused::Missing),
            _ if is_guid(token) => Err(Refused::Expired),
            _ => Err(Refused::NotAGuid),
        }
    }

    pub fn end(&mut self, token: &str) {
        self.0.remove(token);
    }

    /// How many were live.
    pub fn forget_all(&mut self, now_ms: u64, idle_ms: u64) -> usize {
        let live = self
            .0
            .values()
            .filter(|session| session.live(now_ms, idle_ms))
            .count();
        self.0.clear();
        live
    }
}

impl Session {
    fn live(&self, now_ms: u64, idle_ms: u64) -> bool {
        now_ms < self.used_ms.saturating_add(idle_ms)
    }
}

fn is_guid(token: &str) -> bool {
    token.len() == 36
        && token.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
