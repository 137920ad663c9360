//! Reads the parts of an answer that a control call describes. Faults and canned answers describe
//! theirs in the same words.

use serde_json::Value;

use super::fields::Fields;
use crate::http::{Answer, Body, Extra, Headers, Interim};

/// The answer of a `status` and a `body`, if there is either of them.
pub fn described(fields: &mut Fields<'_>) -> Result<Option<Answer>, String> {
    let status = status(fields)?;
    if status.is_none() && fields.value("body").is_none() {
        return Ok(None);
    }
    let body = body(fields);
    let mut answer = Answer::empty(status.unwrap_or(200));
    answer.content_type = match body.first() {
        None => None,
        Some(b'{' | b'[') => Some("application/json"),
        Some(b'<') => Some("text/xml; charset=utf-8"),
        Some(_) => Some("text/plain; charset=utf-8"),
    };
    answer.body = Body::Bytes(body);
    Ok(Some(answer))
}

pub fn status(fields: &mut Fields<'_>) -> Result<Option<u16>, String> {
    fields.whole_of("status", 200..=999)
}

/// A string as it is, other JSON as its text.
pub fn body(fields: &mut Fields<'_>) -> Vec<u8> {
    match fields.value("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(json) => json.to_string().into_bytes(),
    }
}

/// `headers`, `retry_after` and `interim`.
pub fn extra(fields: &mut Fields<'_>) -> Result<Extra, String> {
    let mut all = headers(fields)?;
    match fields.value("retry_after") {
        None => {}
        Some(Value::String(text)) => all.push(header("Retry-After", text)?),
        Some(Value::Number(seconds)) => all.push(("Retry-After".into(), seconds.to_string())),
        Some(_) => return Err("\"retry_after\" must be a number or a string".into()),
    }
    Ok(Extra {
        headers: all,
        interim: interim(fields)?,
    })
}

fn headers(fields: &mut Fields<'_>) -> Result<Headers, String> {
    let not_headers = "\"headers\" must be an object of strings, or a list of [name, value]";
    let pairs: Vec<(Option<&str>, Option<&str>)> = match fields.value("headers") {
        None => Vec::new(),
        Some(Value::Object(headers)) => headers
            .iter()
            .map(|(name, value)| (Some(name.as_str()), value.as_str()))
            .collect(),
        Some(Value::Array(headers)) => headers
            .iter()
            .map(|pair| (pair[0].as_str(), pair[1].as_str()))
            .collect(),
        Some(_) => return Err(not_headers.into()),
    };
    pairs
        .into_iter()
        .map(|(name, value)| header(name.ok_or(not_headers)?, value.ok_or(not_headers)?))
        .collect()
}

/// Each a status, or an object with one and `headers`.
fn interim(fields: &mut Fields<'_>) -> Result<Vec<Interim>, String> {
    let answers = match fields.value("interim") {
        None => return Ok(Vec::new()),
        Some(Value::Array(answers)) => answers,
        Some(_) => return Err("\"interim\" must be a list".into()),
    };
    answers.iter().map(one_interim).collect()
}

fn one_interim(answer: &Value) -> Result<Interim, String> {
    let mut headers_given = Headers::new();
    let status = if answer.is_object() {
        let mut fields = Fields::of(answer)?;
        headers_given = headers(&mut fields)?;
        let status = fields.whole_of("status", 100..=199)?;
        fields.nothing_else()?;
        status
    } else {
        answer
            .as_u64()
            .filter(|status| (100..=199).contains(status))
            .map(|status| status as u16)
    };
    let status = status.ok_or("an interim answer has a status from 100 to 199")?;
    Ok(Interim {
        status,
        headers: headers_given,
    })
}

pub fn header(name: &str, value: &str) -> Result<(String, String), String> {
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
    {
        return Err(format!("{name:?} is no header name"));
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err(format!("{name:?} must be one line"));
    }
    Ok((name.into(), value.into()))
}
