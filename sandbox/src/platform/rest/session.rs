//! Sessions over REST: log in, log out, and a new password for who has one. Who is let in is the
//! contacts' to say; how that is told is said here.

use serde_json::{Value, json};

use super::errors::{error, malformed};
use super::tokens;
use crate::http::{Answer, Request};
use crate::platform::gateway;
use crate::platform::outcome::Outcome;
use crate::random;
use crate::world::{Counter, HEADER, Kind, Note, Settings, Verdict, World};

pub fn login(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    let mut outcome = match gateway::refusal(world, now_ms, request, Kind::Login) {
        None => admitted_login(world, now_ms, request),
        Some(refusal) => refusal,
    };
    outcome.note.username = named(request).username;
    outcome
}

fn admitted_login(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    let Ok(body) = serde_json::from_slice::<Value>(request.body) else {
        return malformed(&world.settings);
    };
    let (Some(username), Some(password)) = (body["username"].as_str(), body["password"].as_str())
    else {
        return undefined(&world.settings, "username or no password");
    };
    let verdict = world.judge(username, password);
    if let Verdict::Accepted(username) = verdict {
        world.counters.add(Counter::LoginOk);
        let token = world.begin_session(username, now_ms);
        return Outcome::new(Answer::json(200, session_token_json(&token)), "logged in");
    }
    world.counters.add(Counter::LoginFailed);
    refused(world, &verdict)
}

/// The refusal of a username or password.
fn refused(world: &World, verdict: &Verdict) -> Outcome {
    let settings = &world.settings;
    if let Verdict::Locked = verdict {
        let (status, code) = (settings.locked_status, &settings.locked_code);
        return Outcome::new(error(status, code, "The user is locked."), "locked");
    }
    let (status, code) = (settings.bad_password_status, &settings.bad_password_code);
    Outcome::new(
        error(status, code, "The username or the password is not valid."),
        "wrong username or password",
    )
}

pub fn logout(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    if let Some(refusal) = tokens::refusal(world, now_ms, request, Kind::Logout, HEADER) {
        return refusal;
    }
    let token = tokens::session_token(request, HEADER);
    world.sessions.end(token);
    Outcome::new(Answer::json(200, session_token_json(token)), "logged out")
}

/// The new password is random, good at once, and told this once.
pub fn reset_password(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    if let Some(refusal) = tokens::refusal(world, now_ms, request, Kind::PasswordReset, HEADER) {
        return refusal;
    }
    let Ok(body) = serde_json::from_slice::<Value>(request.body) else {
        return malformed(&world.settings);
    };
    let Some(old) = body["oldPassword"].as_str() else {
        return undefined(&world.settings, "old password");
    };
    let username = world.user_of(tokens::session_token(request, HEADER), now_ms);
    let verdict = world.judge_old_password(&username, old);
    if !matches!(verdict, Verdict::Accepted(_)) {
        return refused(world, &verdict).with_user(&username);
    }
    let password = random::password();
    world.contacts.set_password(&username, Some(&password));
    world.counters.add(Counter::PasswordResetOk);
    let body = json!({"newPassword": password}).to_string();
    Outcome::new(Answer::json(200, body.into_bytes()), "password reset").with_user(&username)
}

fn undefined(settings: &Settings, missing: &str) -> Outcome {
    let code = settings.code("INPUT_INVALID.RequestUndefined");
    let message = format!("The request has no {missing}.");
    Outcome::new(error(400, &code, &message), format!("no {missing}"))
}

/// Who a login says it is, for the log; the token of a REST call stands in its headers.
pub fn named(request: &Request<'_>) -> Note {
    let body = serde_json::from_slice::<Value>(request.body).unwrap_or_default();
    Note {
        username: body["username"].as_str().map(Into::into),
        ..Note::default()
    }
}

/// Laid out as in the documented example.
fn session_token_json(token: &str) -> Vec<u8> {
    format!("{{\n  \"sessionToken\": \"{token}\"\n}}").into_bytes()
}
