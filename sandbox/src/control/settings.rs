//! The settings as the control port names them: how each is read, checked and shown. What they mean
//! stands in the README.

use serde_json::{Map, Value, json};

use crate::nearest::unknown;
use crate::world::{CodeType, ExpiredShape, ExpiresIn, Prefixes, Settings, TokenIn, TokenType};

const MAX_ANSWER_BYTES: u64 = 1 << 30;

/// These settings with some changed.
pub fn changed(
    settings: &Settings,
    changes: Option<&Map<String, Value>>,
) -> Result<Settings, String> {
    let mut changed = settings.clone();
    for (name, value) in changes.into_iter().flatten() {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(unknown(
                "setting",
                name,
                SETTINGS.iter().map(|setting| setting.name),
            ));
        };
        (setting.set)(&mut changed, Given { name, value })?;
    }
    Ok(changed)
}

pub fn to_json(settings: &Settings) -> Value {
    let shown = SETTINGS
        .iter()
        .map(|setting| (setting.name.to_string(), (setting.get)(settings)));
    Value::Object(shown.collect())
}

struct Setting {
    name: &'static str,
    set: fn(&mut Settings, Given<'_>) -> Result<(), String>,
    get: fn(&Settings) -> Value,
}

const SETTINGS: [Setting; 21] = [
    Setting {
        name: "session_idle_ms",
        set: |to, given| given.whole(0, &mut to.session_idle_ms),
        get: |of| of.session_idle_ms.into(),
    },
    Setting {
        name: "api_token_ms",
        set: |to, given| given.whole(0, &mut to.api_token_ms),
        get: |of| of.api_token_ms.into(),
    },
    Setting {
        name: "expires_in",
        set: |to, given| given.expires_in(&mut to.expires_in),
        get: |of| expires_in(&of.expires_in),
    },
    Setting {
        name: "oauth_token_type",
        set: |to, given| given.choice(&TOKEN_TYPES, &mut to.oauth_token_type),
        get: |of| word(&of.oauth_token_type, &TOKEN_TYPES),
    },
    Setting {
        name: "strikes_to_lock",
        set: |to, given| given.whole(1, &mut to.strikes_to_lock),
        get: |of| of.strikes_to_lock.into(),
    },
    Setting {
        name: "bad_password_status",
        set: |to, given| given.status(&mut to.bad_password_status),
        get: |of| of.bad_password_status.into(),
    },
    Setting {
        name: "bad_password_code",
        set: |to, given| given.text(&mut to.bad_password_code),
        get: |of| json!(of.bad_password_code),
    },
    Setting {
        name: "locked_status",
        set: |to, given| given.status(&mut to.locked_status),
        get: |of| of.locked_status.into(),
    },
    Setting {
        name: "locked_code",
        set: |to, given| given.text(&mut to.locked_code),
        get: |of| json!(of.locked_code),
    },
    Setting {
        name: "service_name",
        set: |to, given| given.text(&mut to.service_name),
        get: |of| json!(of.service_name),
    },
    Setting {
        name: "expired_shape",
        set: |to, given| given.choice(&EXPIRED_SHAPES, &mut to.expired_shape),
        get: |of| word(&of.expired_shape, &EXPIRED_SHAPES),
    },
    Setting {
        name: "gateway_code_type",
        set: |to, given| given.choice(&CODE_TYPES, &mut to.gateway_code_type),
        get: |of| word(&of.gateway_code_type, &CODE_TYPES),
    },
    Setting {
        name: "login_ends_older_sessions",
        set: |to, given| given.flag(&mut to.login_ends_older_sessions),
        get: |of| of.login_ends_older_sessions.into(),
    },
    Setting {
        name: "same_session_token",
        set: |to, given| given.flag(&mut to.same_session_token),
        get: |of| of.same_session_token.into(),
    },
    Setting {
        name: "session_refused_at",
        set: |to, given| given.paths(&mut to.session_refused_at),
        get: |of| json!(of.session_refused_at),
    },
    Setting {
        name: "wrong_old_password_strikes",
        set: |to, given| given.flag(&mut to.wrong_old_password_strikes),
        get: |of| of.wrong_old_password_strikes.into(),
    },
    Setting {
        name: "soap_prefixes",
        set: |to, given| given.choice(&PREFIXES, &mut to.soap_prefixes),
        get: |of| word(&of.soap_prefixes, &PREFIXES),
    },
    Setting {
        name: "soap_token_in",
        set: |to, given| given.choice(&TOKEN_IN, &mut to.soap_token_in),
        get: |of| word(&of.soap_token_in, &TOKEN_IN),
    },
    Setting {
        name: "soap_fault_status",
        set: |to, given| given.status(&mut to.soap_fault_status),
        get: |of| of.soap_fault_status.into(),
    },
    Setting {
        name: "soap_fault_prefix",
        set: |to, given| given.qname_prefix(&mut to.soap_fault_prefix),
        get: |of| json!(of.soap_fault_prefix),
    },
    Setting {
        name: "api_answer_bytes",
        set: |to, given| given.answer_bytes(&mut to.api_answer_bytes),
        get: |of| of.api_answer_bytes.into(),
    },
];

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

/// A value for the setting of that name. Each method checks it and puts it in its place.
struct Given<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Given<'_> {
    fn whole(self, least: u64, place: &mut u64) -> Result<(), String> {
        let number = self.value.as_u64().filter(|number| *number >= least);
        let refusal = || format!("{:?} must be a whole number, {least} or more", self.name);
        put(number.ok_or_else(refusal)?, place)
    }

    fn status(self, place: &mut u16) -> Result<(), String> {
        let status = self
            .value
            .as_u64()
            .filter(|status| (200..=999).contains(status));
        let refusal = || format!("{:?} must be a whole number from 200 to 999", self.name);
        put(status.ok_or_else(refusal)? as u16, place)
    }

    fn answer_bytes(self, place: &mut u64) -> Result<(), String> {
        match self.value.as_u64() {
            Some(1) => Err(format!(
                "{:?}: the smallest JSON object has 2 bytes",
                self.name
            )),
            Some(bytes @ ..=MAX_ANSWER_BYTES) => put(bytes, place),
            _ => Err(format!(
                "{:?} must be a whole number up to {MAX_ANSWER_BYTES}",
                self.name
            )),
        }
    }

    fn flag(self, place: &mut bool) -> Result<(), String> {
        let refusal = || format!("{:?} must be true or false", self.name);
        put(self.value.as_bool().ok_or_else(refusal)?, place)
    }

    fn text(self, place: &mut String) -> Result<(), String> {
        let refusal = || format!("{:?} must be a string", self.name);
        put(self.value.as_str().ok_or_else(refusal)?.into(), place)
    }

    fn qname_prefix(self, place: &mut String) -> Result<(), String> {
        if !self.value.as_str().is_some_and(is_qname_prefix) {
            let name = self.name;
            return Err(format!(
                "{name:?} must be empty or an XML prefix with its colon, like \"s:\""
            ));
        }
        self.text(place)
    }

    fn paths(self, place: &mut Vec<String>) -> Result<(), String> {
        let path = |value: &Value| match value {
            Value::String(path) if path.starts_with('/') => Some(path.clone()),
            _ => None,
        };
        let paths = self
            .value
            .as_array()
            .and_then(|paths| paths.iter().map(path).collect());
        let refusal = || format!("{:?} must be a list of paths that start with /", self.name);
        put(paths.ok_or_else(refusal)?, place)
    }

    /// One of the words, or JSON that stands for itself.
    fn expires_in(self, place: &mut ExpiresIn) -> Result<(), String> {
        let word = EXPIRES_IN.iter().find(|(word, _)| self.value == word);
        let itself = || ExpiresIn::Json(self.value.clone());
        put(
            word.map_or_else(itself, |(_, meaning)| meaning.clone()),
            place,
        )
    }

    fn choice<T: Copy>(self, choices: &[(&str, T)], place: &mut T) -> Result<(), String> {
        if let Some((_, choice)) = choices.iter().find(|(word, _)| self.value == word) {
            return put(*choice, place);
        }
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect();
        Err(format!(
            "{:?} must be one of {}",
            self.name,
            words.join(", ")
        ))
    }
}

fn put<T>(value: T, place: &mut T) -> Result<(), String> {
    *place = value;
    Ok(())
}

fn is_qname_prefix(text: &str) -> bool {
    let Some(word) = text.strip_suffix(':') else {
        return text.is_empty();
    };
    word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && !word.to_ascii_lowercase().starts_with("xml")
}

fn expires_in(setting: &ExpiresIn) -> Value {
    match setting {
        ExpiresIn::Json(itself) => itself.clone(),
        other => word(other, &EXPIRES_IN),
    }
}

fn word<T: PartialEq>(value: &T, choices: &[(&str, T)]) -> Value {
    let chosen = choices.iter().find(|(_, choice)| choice == value);
    chosen.map_or(Value::Null, |(word, _)| json!(word))
}
