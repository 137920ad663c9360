//! The settings: what the platform's documents leave open, and the two lifetimes. Each is named,
//! checked and shown in this file; the README has a line for each.

use serde_json::{Map, Value, json};

use crate::nearest::unknown;

const MAX_ANSWER_BYTES: u64 = 1 << 30;

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
    pub soap_prefixes: Prefixes,
    pub soap_token_in: TokenIn,
    pub soap_fault_status: u16,
    pub soap_fault_prefix: String,
    pub api_answer_bytes: u64,
}

#[derive(Clone, Copy, PartialEq)]
pub enum ExpiresIn {
    Remaining,
    Full,
    Absent,
    Text,
    Number(i64),
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

const EXPIRES_IN: [(&str, ExpiresIn); 4] = [
    ("remaining", ExpiresIn::Remaining),
    ("full", ExpiresIn::Full),
    ("absent", ExpiresIn::Absent),
    ("string", ExpiresIn::Text),
];
const TOKEN_TYPES: [(&str, TokenType); 2] = [
    ("same_within_hour", TokenType::SameWithinHour),
    ("new_each_time", TokenType::NewEachTime),
];
const EXPIRED_SHAPES: [(&str, ExpiredShape); 3] = [
    ("errorCode", ExpiredShape::ErrorCode),
    ("proxied", ExpiredShape::Proxied),
    ("bare401", ExpiredShape::Bare401),
];
const CODE_TYPES: [(&str, CodeType); 2] =
    [("string", CodeType::Text), ("number", CodeType::Number)];
const PREFIXES: [(&str, Prefixes); 2] =
    [("documented", Prefixes::Documented), ("odd", Prefixes::Odd)];
const TOKEN_IN: [(&str, TokenIn); 4] = [
    ("both", TokenIn::Both),
    ("header", TokenIn::Header),
    ("body", TokenIn::Body),
    ("different", TokenIn::Different),
];

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
            soap_prefixes: Prefixes::Documented,
            soap_token_in: TokenIn::Both,
            soap_fault_status: 500,
            soap_fault_prefix: "s:".into(),
            api_answer_bytes: 0,
        }
    }
}

impl Settings {
    /// These settings with some changed.
    pub fn with(&self, changes: Option<&Map<String, Value>>) -> Result<Settings, String> {
        let mut changed = self.clone();
        for (name, value) in changes.into_iter().flatten() {
            changed.set(name, value)?;
        }
        Ok(changed)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        match name {
            "session_idle_ms" => self.session_idle_ms = whole(name, value, 0, u64::MAX)?,
            "api_token_ms" => self.api_token_ms = whole(name, value, 0, u64::MAX)?,
            "expires_in" => self.expires_in = expires_in(name, value)?,
            "oauth_token_type" => self.oauth_token_type = choice(name, value, &TOKEN_TYPES)?,
            "strikes_to_lock" => self.strikes_to_lock = whole(name, value, 1, u64::MAX)?,
            "bad_password_status" => self.bad_password_status = status(name, value)?,
            "bad_password_code" => self.bad_password_code = text(name, value)?,
            "locked_status" => self.locked_status = status(name, value)?,
            "locked_code" => self.locked_code = text(name, value)?,
            "service_name" => self.service_name = text(name, value)?,
            "expired_shape" => self.expired_shape = choice(name, value, &EXPIRED_SHAPES)?,
            "gateway_code_type" => self.gateway_code_type = choice(name, value, &CODE_TYPES)?,
            "login_ends_older_sessions" => self.login_ends_older_sessions = flag(name, value)?,
            "same_session_token" => self.same_session_token = flag(name, value)?,
            "soap_prefixes" => self.soap_prefixes = choice(name, value, &PREFIXES)?,
            "soap_token_in" => self.soap_token_in = choice(name, value, &TOKEN_IN)?,
            "soap_fault_status" => self.soap_fault_status = status(name, value)?,
            "soap_fault_prefix" => self.soap_fault_prefix = qname_prefix(name, value)?,
            "api_answer_bytes" => self.api_answer_bytes = answer_bytes(name, value)?,
            _ => {
                let all = self.to_map();
                return Err(unknown("setting", name, all.keys().map(String::as_str)));
            }
        }
        Ok(())
    }

    pub fn to_json(&self) -> Value {
        Value::Object(self.to_map())
    }

    fn to_map(&self) -> Map<String, Value> {
        let expires_in = match self.expires_in {
            ExpiresIn::Number(number) => number.into(),
            other => name_of(other, &EXPIRES_IN),
        };
        let pairs = [
            ("session_idle_ms", self.session_idle_ms.into()),
            ("api_token_ms", self.api_token_ms.into()),
            ("expires_in", expires_in),
            (
                "oauth_token_type",
                name_of(self.oauth_token_type, &TOKEN_TYPES),
            ),
            ("strikes_to_lock", self.strikes_to_lock.into()),
            ("bad_password_status", self.bad_password_status.into()),
            ("bad_password_code", json!(self.bad_password_code)),
            ("locked_status", self.locked_status.into()),
            ("locked_code", json!(self.locked_code)),
            ("service_name", json!(self.service_name)),
            (
                "expired_shape",
                name_of(self.expired_shape, &EXPIRED_SHAPES),
            ),
            (
                "gateway_code_type",
                name_of(self.gateway_code_type, &CODE_TYPES),
            ),
            (
                "login_ends_older_sessions",
                self.login_ends_older_sessions.into(),
            ),
            ("same_session_token", self.same_session_token.into()),
            ("soap_prefixes", name_of(self.soap_prefixes, &PREFIXES)),
            ("soap_token_in", name_of(self.soap_token_in, &TOKEN_IN)),
            ("soap_fault_status", self.soap_fault_status.into()),
            ("soap_fault_prefix", json!(self.soap_fault_prefix)),
            ("api_answer_bytes", self.api_answer_bytes.into()),
        ];
        pairs
            .into_iter()
            .map(|(name, value): (&str, Value)| (name.to_string(), value))
            .collect()
    }

    /// The code as the platform sends it: with the service's name before it.
    pub fn code(&self, code: &str) -> String {
        if self.service_name.is_empty() {
            code.into()
        } else {
            format!("{}.{code}", self.service_name)
        }
    }
}

fn whole(name: &str, value: &Value, least: u64, most: u64) -> Result<u64, String> {
    let number = value
        .as_u64()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| match most {
        u64::MAX => format!("{name:?} must be a whole number, {least} or more"),
        _ => format!("{name:?} must be a whole number from {least} to {most}"),
    })
}

fn status(name: &str, value: &Value) -> Result<u16, String> {
    whole(name, value, 200, 999).map(|status| status as u16)
}

fn answer_bytes(name: &str, value: &Value) -> Result<u64, String> {
    match whole(name, value, 0, MAX_ANSWER_BYTES)? {
        1 => Err(format!("{name:?}: the smallest JSON object has 2 bytes")),
        bytes => Ok(bytes),
    }
}

fn flag(name: &str, value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("{name:?} must be true or false"))
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    value
        .as_str()
        .map(Into::into)
        .ok_or_else(|| format!("{name:?} must be a string"))
}

fn qname_prefix(name: &str, value: &Value) -> Result<String, String> {
    let prefix = text(name, value)?;
    let good = match prefix.strip_suffix(':') {
        Some(word) => {
            word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
                && !word.to_ascii_lowercase().starts_with("xml")
        }
        None => prefix.is_empty(),
    };
    if good {
        Ok(prefix)
    } else {
        Err(format!(
            "{name:?} must be empty or an XML prefix with its colon, like \"s:\""
        ))
    }
}

fn expires_in(name: &str, value: &Value) -> Result<ExpiresIn, String> {
    match value.as_i64() {
        Some(number) => Ok(ExpiresIn::Number(number)),
        None => choice(name, value, &EXPIRES_IN)
            .map_err(|refusal| format!("{refusal}, or a whole number")),
    }
}

fn choice<T: Copy>(name: &str, value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices
        .iter()
        .find(|(word, _)| value.as_str() == Some(word));
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect();
        format!("{name:?} must be one of {}", words.join(", "))
    })
}

fn name_of<T: PartialEq>(value: T, choices: &[(&str, T)]) -> Value {
    choices
        .iter()
        .find(|(_, choice)| *choice == value)
        .map_or(Value::Null, |(word, _)| json!(word))
}
