//! The REST services: log in, log out, and the calls that need a session.

use serde_json::{Value, json};

use crate::contacts::Verdict;
use crate::counters::{Counter, Counters};
use crate::devices;
use crate::gateway;
use crate::http::{Answer, Body, Request};
use crate::kind::Kind;
use crate::outcome::{Named, Outcome};
use crate::route::Route;
use crate::sessions::Refused;
use crate::settings::{ExpiredShape, Settings};
use crate::world::World;

pub fn login(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    let named = named(request, Kind::Login);
    let mut outcome = match gateway::refusal(world, now_ms, request, Kind::Login) {
        None => admitted_login(world, now_ms, request),
        Some(refusal) => refusal,
    };
    outcome.named = named;
    outcome
}

fn admitted_login(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    let Ok(body) = serde_json::from_slice::<Value>(request.body) else {
        return malformed(&world.settings);
    };
    let (Some(username), Some(password)) = (body["username"].as_str(), body["password"].as_str())
    else {
        let code = world.settings.code("INPUT_INVALID.RequestUndefined");
        return Outcome::new(
            error(400, &code, "The username or the password is missing."),
            "no username or no password",
        );
    };
    let verdict = world.judge(username, password);
    let settings = &world.settings;
    match verdict {
        Verdict::Accepted(username) => {
            world.counters.add(Counter::LoginOk);
            let token = world.begin_session(username, now_ms);
            Outcome::new(Answer::json(200, session_token(&token)), "logged in")
        }
        Verdict::Rejected { .. } => {
            world.counters.add(Counter::LoginFailed);
            let message = "The username or the password is not valid.";
            Outcome::new(
                error(
                    settings.bad_password_status,
                    &settings.bad_password_code,
                    message,
                ),
                "wrong username or password",
            )
        }
        Verdict::Locked => {
            world.counters.add(Counter::LoginFailed);
            Outcome::new(
                error(
                    settings.locked_status,
                    &settings.locked_code,
                    "The user is locked.",
                ),
                "locked",
            )
        }
    }
}

pub fn logout(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    if let Some(refusal) = refusal(world, now_ms, request, Kind::Logout) {
        return refusal;
    }
    let token = token_of(request).unwrap_or_default();
    world.sessions.end(token);
    Outcome::new(Answer::json(200, session_token(token)), "logged out")
}

pub fn call(world: &mut World, now_ms: u64, request: &Request<'_>, route: &Route<'_>) -> Outcome {
    if let Some(refusal) = refusal(world, now_ms, request, Kind::Api) {
        return refusal;
    }
    let body = match route {
        Route::Account(name) if *name == devices::ACCOUNT => devices::account(),
        Route::Account(_) => {
            let code = world.settings.code("REQUEST_FAILED.AccountNotFound");
            return Outcome::new(
                error(400, &code, "The account was not found."),
                "no such account",
            );
        }
        _ if !is_object(request.body) => return malformed(&world.settings),
        Route::DeviceList => match &world.device_list {
            Some(list) => Body::Shared(list.clone()),
            None => devices::list(),
        },
        _ => devices::usage(),
    };
    world.counters.add(Counter::ApiOk);
    Outcome::new(Answer::new(200, "application/json", body), "answered")
}

/// Why the request is refused, if it is: for its API token, at the gateway; else for its session,
/// which counts as used if not.
fn refusal(world: &mut World, now_ms: u64, request: &Request<'_>, kind: Kind) -> Option<Outcome> {
    if let Some(refusal) = gateway::refusal(world, now_ms, request, kind) {
        return Some(refusal);
    }
    let World {
        settings,
        counters,
        sessions,
        ..
    } = world;
    let refused = sessions
        .accept(token_of(request), now_ms, settings.session_idle_ms)
        .err()?;
    let answer = match refused {
        Refused::Expired => expired(settings, counters, kind),
        Refused::Missing | Refused::NotAGuid => {
            error(400, &settings.code(refused.code()), refused.message())
        }
    };
    Some(Outcome::new(answer, refused.why()))
}

/// The refusal of an expired session, in the shape that is set.
pub fn expired(settings: &Settings, counters: &mut Counters, kind: Kind) -> Answer {
    counters.expired(kind);
    match settings.expired_shape {
        ExpiredShape::ErrorCode => error(
            400,
            &settings.code(Refused::Expired.code()),
            Refused::Expired.message(),
        ),
        ExpiredShape::Proxied => {
            let wrapped = json!({
                "error": "unauthorized",
                "error_description": "Failure response received for UWS V1 REST accounts: [400]",
                "cause": "Requested service is unauthorized for given token",
            });
            Answer::json(401, wrapped.to_string().into_bytes())
        }
        ExpiredShape::Bare401 => Answer::empty(401),
    }
}

/// The username of a login, for the log; the token of a REST call stands in its headers.
pub fn named(request: &Request<'_>, kind: Kind) -> Named {
    let body = if kind == Kind::Login {
        serde_json::from_slice::<Value>(request.body).unwrap_or_default()
    } else {
        Value::Null
    };
    Named {
        username: body["username"].as_str().map(Into::into),
        session_token: None,
    }
}

pub fn token_of<'a>(request: &Request<'a>) -> Option<&'a str> {
    request.header("vz-m2m-token")
}

/// Laid out as in the documented example.
fn session_token(token: &str) -> Vec<u8> {
    format!("{{\n  \"sessionToken\": \"{token}\"\n}}").into_bytes()
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"errorCode": code, "errorMessage": message})
            .to_string()
            .into_bytes(),
    )
}

fn malformed(settings: &Settings) -> Outcome {
    let code = settings.code("DeserializationFailed");
    Outcome::new(
        error(400, &code, "The request body is not a JSON object."),
        "body is no JSON object",
    )
}

fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok()
}
