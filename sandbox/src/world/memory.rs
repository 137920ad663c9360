//! All that is remembered, in one place, and what takes more than one part of it. A reset forgets
//! all but the numbers that others still hold.

use std::sync::Arc;

use super::api_tokens::ApiTokens;
use super::canned::CannedAnswers;
use super::clock::Clock;
use super::contacts::{Contacts, Verdict};
use super::counters::{Counter, Counters};
use super::faults::Faults;
use super::held::Held;
use super::late::Late;
use super::log::Log;
use super::sessions::{Refused, Sessions};
use super::settings::Settings;

pub struct World {
    pub clock: Clock,
    pub settings: Settings,
    pub counters: Counters,
    pub contacts: Contacts,
    pub sessions: Sessions,
    pub api_tokens: ApiTokens,
    pub faults: Faults,
    pub held: Held,
    pub canned: CannedAnswers,
    pub late: Late,
    pub log: Log,
    /// The device list of `api_answer_bytes`, once somebody asked for it.
    pub sized_list: Option<Arc<[u8]>>,
}

impl World {
    pub fn new() -> World {
        World {
            clock: Clock::new(),
            settings: Settings::default(),
            counters: Counters::default(),
            contacts: Contacts::new(),
            sessions: Sessions::default(),
            api_tokens: ApiTokens::default(),
            faults: Faults::default(),
            held: Held::default(),
            canned: CannedAnswers::default(),
            late: Late::default(),
            log: Log::default(),
            sized_list: None,
        }
    }

    /// As at the start. Log lines and tickets go on counting, for those who still hold one.
    pub fn reset(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        let mut held = std::mem::take(&mut self.held);
        log.clear();
        held.release(None);
        *self = World {
            log,
            held,
            ..World::new()
        };
    }

    /// What the platform thinks of a username and password.
    pub fn judge(&mut self, username: &str, password: &str) -> Verdict {
        let verdict = self
            .contacts
            .judge(username, password, self.settings.strikes_to_lock);
        if let Verdict::Rejected { strikes } = verdict {
            self.counters.raise(Counter::MaxStrikes, strikes);
        }
        verdict
    }

    /// What the platform thinks of the old password of one who is logged in.
    pub fn judge_old_password(&mut self, username: &str, password: &str) -> Verdict {
        if self.settings.wrong_old_password_strikes {
            self.judge(username, password)
        } else if self.contacts.is_password(username, password) {
            Verdict::Accepted(username.into())
        } else {
            Verdict::Rejected { strikes: 0 }
        }
    }

    /// Whose session it is; empty for nobody's.
    pub fn user_of(&self, token: &str, now_ms: u64) -> String {
        let idle_ms = self.settings.session_idle_ms;
        let user = self.sessions.user_of(token, now_ms, idle_ms);
        user.unwrap_or_default().into()
    }

    /// The token of the session that a login gives.
    pub fn begin_session(&mut self, username: String, now_ms: u64) -> String {
        let idle_ms = self.settings.session_idle_ms;
        if self.settings.same_session_token
            && let Some(token) = self.sessions.again(&username, now_ms, idle_ms)
        {
            return token;
        }
        if self.settings.login_ends_older_sessions {
            self.sessions.end_all_of(&username);
        }
        self.sessions.begin(username, now_ms, idle_ms)
    }

    /// Accepts the token for that path below the base, and counts its session as used.
    pub fn accept_session(&mut self, token: &str, path: &str, now_ms: u64) -> Result<(), Refused> {
        let refused_at = &self.settings.session_refused_at;
        if refused_at
            .iter()
            .any(|start| path.starts_with(start.as_str()))
        {
            return Err(Refused::Expired);
        }
        self.sessions
            .accept(token, now_ms, self.settings.session_idle_ms)
    }

    /// How many were live.
    pub fn forget_sessions(&mut self) -> usize {
        self.sessions
            .forget_all(self.clock.now_ms(), self.settings.session_idle_ms)
    }

    /// How many were live.
    pub fn forget_api_tokens(&mut self) -> usize {
        self.api_tokens
            .forget_all(self.clock.now_ms(), self.settings.api_token_ms)
    }
}
