//! The settings: what the platform's documents leave open, and the two lifetimes. How they are
//! named and changed is the control port's to know; the README has a line for each.

use serde_json::Value;

#[derive(Clone)]
pub struct Settings {
    pub session_idle_ms: u64,
    pub api_token_ms: u64,
    pub expires_in: ExpiresIn,
    pub oauth_token_type: TokenType,
    pub strikes_to_lock: u64,
    pub bad_password_status: u16,
    pub bad_password_code: String,
    pub locked_status: u16,
    pub locked_code: String,
    pub service_name: String,
    pub expired_shape: ExpiredShape,
    pub gateway_code_type: CodeType,
    pub login_ends_older_sessions: bool,
    pub same_session_token: bool,
    /// Paths below the REST base, by their beginnings, that refuse every session token.
    pub session_refused_at: Vec<String>,
    pub wrong_old_password_strikes: bool,
    pub soap_prefixes: Prefixes,
    pub soap_token_in: TokenIn,
    pub soap_fault_status: u16,
    pub soap_fault_prefix: String,
    pub api_answer_bytes: u64,
}

#[derive(Clone, PartialEq)]
pub enum ExpiresIn {
    Remaining,
    Full,
    Absent,
    /// What remains, as text.
    Text,
    /// As it stands.
    Json(Value),
}

#[derive(Clone, Copy, PartialEq)]
pub enum TokenType {
    SameWithinHour,
    NewEachTime,
}

#[derive(Clone, Copy, PartialEq)]
pub enum ExpiredShape {
    ErrorCode,
    Proxied,
    Bare401,
}

#[derive(Clone, Copy, PartialEq)]
pub enum CodeType {
    Text,
    Number,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Prefixes {
    Documented,
    Odd,
}

#[derive(Clone, Copy, PartialEq)]
pub enum TokenIn {
    Both,
    Header,
    Body,
    Different,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            session_idle_ms: 20 * 60 * 1000,
            api_token_ms: 60 * 60 * 1000,
            expires_in: ExpiresIn::Remaining,
            oauth_token_type: TokenType::SameWithinHour,
            strikes_to_lock: 5,
            bad_password_status: 400,
            bad_password_code: "UnifiedWebService.REQUEST_FAILED.InvalidUserNameOrPassword".into(),
            locked_status: 400,
            locked_code: "UnifiedWebService.REQUEST_FAILED.UserLocked".into(),
            service_name: "UnifiedWebService".into(),
            expired_shape: ExpiredShape::ErrorCode,
            gateway_code_type: CodeType::Text,
            login_ends_older_sessions: false,
            same_session_token: false,
            session_refused_at: Vec::new(),
            wrong_old_password_strikes: false,
            soap_prefixes: Prefixes::Documented,
            soap_token_in: TokenIn::Both,
            soap_fault_status: 500,
            soap_fault_prefix: "s:".into(),
            api_answer_bytes: 0,
        }
    }
}

impl Settings {
    /// The code as the platform sends it: with the service's name before it.
    pub fn code(&self, code: &str) -> String {
        if self.service_name.is_empty() {
            code.into()
        } else {
            format!("{}.{code}", self.service_name)
        }
    }
}
