//! Reads a fault from a control call.

use std::time::Duration;

use serde_json::Value;

use super::fields::{Fields, required};
use crate::http::{Answer, Body};
use crate::nearest::unknown;
use crate::world::{Fault, Kind, What};

const ON: [(&str, Option<Kind>); 8] = [
    ("oauth", Some(Kind::Oauth)),
    ("login", Some(Kind::Login)),
    ("logout", Some(Kind::Logout)),
    ("api", Some(Kind::Api)),
    ("soap_login", Some(Kind::SoapLogin)),
    ("soap_logout", Some(Kind::SoapLogout)),
    ("soap_call", Some(Kind::SoapCall)),
    ("any", None),
];

const NAMES: [&str; 16] = [
    "delay",
    "hold",
    "reset_before",
    "reset_after",
    "process_late",
    "half_body",
    "drip",
    "endless",
    "huge",
    "answer",
    "wrong_json",
    "html",
    "status",
    "redirect",
    "expired",
    "api_token_rejected",
];

pub fn read(fields: &mut Fields<'_>) -> Result<Fault, String> {
    let on = required("on", fields.text("on")?)?;
    let Some((_, on)) = ON.iter().find(|(name, _)| *name == on) else {
        return Err(unknown("kind of request", on, ON.map(|(name, _)| name)));
    };
    let times = match fields.value("times") {
        None => Some(1),
        Some(value) if value.as_i64() == Some(-1) => None,
        Some(value) => Some(
            value
                .as_u64()
                .filter(|times| *times > 0)
                .ok_or("\"times\" must be 1 or more, or -1")?,
        ),
    };
    let skip = fields.whole("skip")?.unwrap_or(0);
    let name = required("fault", fields.text("fault")?)?;
    let what = what(name, fields)?;
    Ok(Fault {
        on: *on,
        what,
        times,
        skip,
        as_asked: fields.all().cloned().unwrap_or_default(),
    })
}

fn what(name: &str, fields: &mut Fields<'_>) -> Result<What, String> {
    let fixed = |name, answer| What::Answer {
        answer,
        process: false,
        name,
    };
    Ok(match name {
        "delay" => What::Delay(Duration::from_millis(required("ms", fields.whole("ms")?)?)),
        "hold" => What::Hold,
        "reset_before" => What::ResetBefore,
        "reset_after" => What::ResetAfter,
        "process_late" => What::ProcessLate(required("ms", fields.whole("ms")?)?),
        "half_body" => What::HalfBody,
        "drip" => What::Drip(Duration::from_millis(required("ms", fields.whole("ms")?)?)),
        "endless" => What::Endless,
        "huge" => fixed("huge", huge(fields)?),
        "answer" => {
            let answer = verbatim(fields)?;
            What::Answer {
                answer,
                process: fields.flag("process")?.unwrap_or(false),
                name: "answer",
            }
        }
        "wrong_json" => fixed(
            "wrong_json",
            Answer::json(
                200,
                br#"{"answer":42,"question":null,"towels":["blue"]}"#.to_vec(),
            ),
        ),
        "html" => {
            let page = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n";
            fixed(
                "html",
                Answer::new(
                    status(fields)?.unwrap_or(200),
                    "text/html; charset=utf-8",
                    Body::Text(page),
                ),
            )
        }
        "status" => fixed("status", plain_status(fields)?),
        "redirect" => {
            let location =
                header_text("location", required("location", fields.text("location")?)?)?;
            let mut answer = Answer::empty(status(fields)?.unwrap_or(302));
            answer.headers.push(("Location".into(), location));
            fixed("redirect", answer)
        }
        "expired" => What::Expired,
        "api_token_rejected" => What::ApiTokenRejected,
        _ => return Err(unknown("fault", name, NAMES)),
    })
}

fn huge(fields: &mut Fields<'_>) -> Result<Answer, String> {
    match required("bytes", fields.whole("bytes")?)? {
        0 | 1 => Err("\"bytes\": the smallest JSON object has 2 bytes".into()),
        bytes => Ok(Answer::new(200, "application/json", Body::Padding(bytes))),
    }
}

fn verbatim(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let mut answer = Answer::empty(status(fields)?.unwrap_or(200));
    answer.body = Body::Bytes(body(fields));
    let not_headers = "\"headers\" must be an object of strings, or a list of [name, value]";
    match fields.value("headers") {
        None => {}
        Some(Value::Object(headers)) => {
            for (name, value) in headers {
                answer
                    .headers
                    .push(header(name, value.as_str().ok_or(not_headers)?)?);
            }
        }
        Some(Value::Array(headers)) => {
            for pair in headers {
                let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) else {
                    return Err(not_headers.into());
                };
                answer.headers.push(header(name, value)?);
            }
        }
        Some(_) => return Err(not_headers.into()),
    }
    Ok(answer)
}

fn plain_status(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let mut answer = Answer::empty(required("status", status(fields)?)?);
    let body = body(fields);
    answer.content_type = match body.first() {
        None => None,
        Some(b'{' | b'[') => Some("application/json"),
        Some(b'<') => Some("text/xml; charset=utf-8"),
        Some(_) => Some("text/plain; charset=utf-8"),
    };
    answer.body = Body::Bytes(body);
    match fields.value("retry_after") {
        None => {}
        Some(Value::String(text)) => answer.headers.push(header("Retry-After", text)?),
        Some(Value::Number(seconds)) => answer
            .headers
            .push(("Retry-After".into(), seconds.to_string())),
        Some(_) => return Err("\"retry_after\" must be a number or a string".into()),
    }
    Ok(answer)
}

/// A string as it is, other JSON as its text.
fn body(fields: &mut Fields<'_>) -> Vec<u8> {
    match fields.value("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(json) => json.to_string().into_bytes(),
    }
}

fn status(fields: &mut Fields<'_>) -> Result<Option<u16>, String> {
    match fields.whole("status")? {
        None => Ok(None),
        Some(status @ 200..=999) => Ok(Some(status as u16)),
        Some(_) => Err("\"status\" must be from 200 to 999".into()),
    }
}

fn header(name: &str, value: &str) -> Result<(String, String), String> {
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
    {
        return Err(format!("{name:?} is no header name"));
    }
    Ok((name.into(), header_text(name, value)?))
}

fn header_text(name: &str, value: &str) -> Result<String, String> {
    if value.contains(['\r', '\n', '\0']) {
        Err(format!("{name:?} must be one line"))
    } else {
        Ok(value.into())
    }
}
