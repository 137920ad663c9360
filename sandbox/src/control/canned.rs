//! Reads a canned answer: for which resource it is, and what it says. Who gets it is the platform's
//! to decide.

use super::answer::{described, extra};
use super::fields::{Fields, required};
use crate::http::Answer;
use crate::nearest::unknown;
use crate::world::{Canned, CannedPath, HEADER, OTHER_HEADER};

pub fn read(fields: &mut Fields<'_>) -> Result<Canned, String> {
    let method = fields.text("method")?.map(Into::into);
    let path = match (fields.text("path")?, fields.text("path_prefix")?) {
        (Some(whole), None) => CannedPath::Whole(below_base("path", whole)?),
        (None, Some(start)) => CannedPath::Prefix(below_base("path_prefix", start)?),
        (Some(_), Some(_)) => return Err("\"path\" or \"path_prefix\", not both".into()),
        (None, None) => required("path", None)?,
    };
    let answer = described(fields)?.unwrap_or_else(|| Answer::empty(200));
    Ok(Canned {
        method,
        path,
        session_token_header: session_token_header(fields)?,
        answer: answer.with(extra(fields)?),
        as_asked: fields.all().cloned().unwrap_or_default(),
    })
}

fn below_base(name: &str, path: &str) -> Result<String, String> {
    if path.starts_with('/') {
        Ok(path.into())
    } else {
        Err(format!(
            "{name:?} must start with /, and comes after the REST base"
        ))
    }
}

fn session_token_header(fields: &mut Fields<'_>) -> Result<&'static str, String> {
    let known = [HEADER, OTHER_HEADER];
    let Some(given) = fields.text("session_token_header")? else {
        return Ok(HEADER);
    };
    let found = known
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(given));
    found.ok_or_else(|| unknown("session token header", given, known))
}
