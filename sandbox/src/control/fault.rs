//! Reads a fault: which requests it hits, and what it does to them. It is carried out by the
//! platform and on the wire.

use std::time::Duration;

use serde_json::Value;

use super::answer::{body, described, extra, header, status};
use super::fields::{Fields, required};
use crate::http::{Answer, Body};
use crate::nearest::unknown;
use crate::world::{
    Effect, End, Fault, GatewayFault, Instead, Kind, Pause, Processed, Reply, Told, Travel,
};

const ON: [(&str, Option<Kind>); 9] = [
    ("oauth", Some(Kind::Oauth)),
    ("login", Some(Kind::Login)),
    ("logout", Some(Kind::Logout)),
    ("password_reset", Some(Kind::PasswordReset)),
    ("api", Some(Kind::Api)),
    ("soap_login", Some(Kind::SoapLogin)),
    ("soap_logout", Some(Kind::SoapLogout)),
    ("soap_call", Some(Kind::SoapCall)),
    ("any", None),
];

const NAMES: [&str; 20] = [
    "delay",
    "hold",
    "interim",
    "half_body",
    "drip",
    "answer",
    "status",
    "html",
    "redirect",
    "wrong_json",
    "huge",
    "gateway_fault",
    "expired",
    "api_token_rejected",
    "endless",
    "reset_before",
    "reset_after",
    "close_before",
    "close_after",
    "process_late",
];

const MAINTENANCE: &str = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\
    <body><h1>Back soon</h1></body></html>\n";

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
    let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
        return Err(unknown("fault", name, NAMES));
    };
    Ok(Fault {
        on: *on,
        effect: Effect {
            name,
            pause: pause(name, fields)?,
            reply: reply(name, fields)?,
        },
        times,
        skip,
        as_asked: fields.all().cloned().unwrap_or_default(),
    })
}

fn pause(name: &str, fields: &mut Fields<'_>) -> Result<Pause, String> {
    match name {
        "delay" => Ok(Pause::For(millis(fields)?)),
        "hold" => {
            let name = fields.text("hold")?.unwrap_or("hold");
            Ok(Pause::UntilReleased(name.into()))
        }
        _ => match fields.text("hold")? {
            Some(name) => Ok(Pause::UntilReleased(name.into())),
            None => Ok(Pause::No),
        },
    }
}

fn reply(name: &str, fields: &mut Fields<'_>) -> Result<Reply, String> {
    let given = match name {
        "delay" | "hold" => return outcome(Travel::Whole, fields),
        "interim" => {
            required("interim", fields.value("interim"))?;
            return outcome(Travel::Whole, fields);
        }
        "half_body" => {
            if fields.value("status").is_some() {
                required("body", fields.value("body"))?;
            }
            return outcome(Travel::HalfBody, fields);
        }
        "drip" => return outcome(Travel::Drip(millis(fields)?), fields),
        "endless" => return Ok(Reply::Endless),
        "reset_before" => return nothing(Processed::No, End::Reset),
        "reset_after" => return nothing(Processed::AtOnce, End::Reset),
        "close_before" => return nothing(Processed::No, End::Close),
        "close_after" => return nothing(Processed::AtOnce, End::Close),
        "process_late" => {
            let ms = required("ms", fields.whole("ms")?)?;
            return nothing(Processed::Late(ms), End::Close);
        }
        "answer" => verbatim(fields)?,
        "status" => {
            required("status", fields.value("status"))?;
            described(fields)?.unwrap_or_else(|| Answer::empty(200))
        }
        "html" => html(fields)?,
        "redirect" => redirect(fields)?,
        "wrong_json" => Answer::json(
            status(fields)?.unwrap_or(200),
            br#"{"answer":42,"question":null,"towels":["blue"]}"#.to_vec(),
        ),
        "huge" => huge(fields)?,
        "expired" => return instead(Instead::Expired, fields),
        "api_token_rejected" => return instead(Instead::ApiTokenRejected, fields),
        _ => return instead(Instead::GatewayFault(gateway_fault(fields)?), fields),
    };
    instead(Instead::Given(given), fields)
}

/// What processing gives, or another answer if the call describes one.
fn outcome(how: Travel, fields: &mut Fields<'_>) -> Result<Reply, String> {
    let process = fields.flag("process")?;
    let what = match described(fields)? {
        Some(answer) => Told::Instead {
            answer: Instead::Given(answer),
            process: process.unwrap_or(true),
        },
        None if process == Some(false) => {
            return Err("\"process\": false wants a \"status\" or a \"body\" to answer".into());
        }
        None => Told::Outcome,
    };
    Ok(Reply::Answer {
        what,
        how,
        extra: extra(fields)?,
    })
}

fn instead(answer: Instead, fields: &mut Fields<'_>) -> Result<Reply, String> {
    Ok(Reply::Answer {
        what: Told::Instead {
            answer,
            process: fields.flag("process")?.unwrap_or(false),
        },
        how: Travel::Whole,
        extra: extra(fields)?,
    })
}

fn nothing(processed: Processed, end: End) -> Result<Reply, String> {
    Ok(Reply::Nothing { processed, end })
}

fn verbatim(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let mut answer = Answer::empty(status(fields)?.unwrap_or(200));
    answer.body = Body::Bytes(body(fields));
    Ok(answer)
}

fn html(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let body = match fields.value("body") {
        Some(Value::String(page)) => Body::Bytes(page.clone().into_bytes()),
        Some(_) => return Err("\"body\" must be a string".into()),
        None => Body::Text(MAINTENANCE),
    };
    let status = status(fields)?.unwrap_or(200);
    Ok(Answer::new(status, "text/html; charset=utf-8", body))
}

fn redirect(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let location = required("location", fields.text("location")?)?;
    let mut answer = Answer::empty(status(fields)?.unwrap_or(302));
    answer.headers.push(header("Location", location)?);
    Ok(answer)
}

fn huge(fields: &mut Fields<'_>) -> Result<Answer, String> {
    let status = status(fields)?.unwrap_or(200);
    match required("bytes", fields.whole("bytes")?)? {
        0 | 1 => Err("\"bytes\": the smallest JSON object has 2 bytes".into()),
        bytes => Ok(Answer::new(
            status,
            "application/json",
            Body::Padding(bytes),
        )),
    }
}

fn gateway_fault(fields: &mut Fields<'_>) -> Result<GatewayFault, String> {
    let code = required("code", fields.whole("code")?)?;
    let usual = match code {
        900_906 => 400,
        900_900..=900_999 => 401,
        900_800..=900_899 => 429,
        101_504 => 504,
        _ => 500,
    };
    Ok(GatewayFault {
        code,
        status: status(fields)?.unwrap_or(usual),
        xml: fields.flag("xml")?.unwrap_or(false),
    })
}

fn millis(fields: &mut Fields<'_>) -> Result<Duration, String> {
    required("ms", fields.whole("ms")?).map(Duration::from_millis)
}
