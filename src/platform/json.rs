//! JSON from strangers: bounded in size, and in depth by serde_json, which refuses what is nested
//! more than 128 deep.

use serde_json::{Map, Value};

use super::charset;

/// The members of a body that is one object, or what is wrong with it.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    members(&charset::read(body)?).ok_or_else(|| "it is not a JSON object".to_owned())
}

/// The members of a text that is one object.
pub(super) fn members(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// A member that is text and not blank.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members
        .get(name)?
        .as_str()
        .filter(|text| !text.trim().is_empty())
}
