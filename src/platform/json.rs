//! JSON from strangers: bounded in size, and in depth by serde_json, which refuses what is nested
//! more than 128 deep.

use serde_json::{Map, Value};

use super::{READ_MAX, trimmed};

/// The members of a body that is one object, or what is wrong with it.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    if body.len() > READ_MAX {
        return Err(format!("it has more than {READ_MAX} bytes"));
    }
    match serde_json::from_slice(trimmed(body)) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err("it is not a JSON object".to_owned()),
    }
}

/// A member that is text and not blank.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members
        .get(name)?
        .as_str()
        .filter(|text| !text.trim().is_empty())
}
