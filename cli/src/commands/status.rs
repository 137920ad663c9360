//! `thingspace status`: what the store holds of the account, and what the lockout guard would say
//! to a login now. The platform is never asked; a store on Redis is. Nothing is written.

use std::time::SystemTime;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use thingspace_session::{
    Error, GuardState, LastLoginState, NextLogin, RecordState, Status, guard,
};

use crate::arguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::count;
use crate::profile::Profile;
use crate::time::{age, seconds, utc};

pub fn arguments() -> Command {
    Command::new("status")
        .about("Tell what is stored of the account, and whether a login may leave")
        .long_about(
            "Tell what is stored of the account, and whether a login may leave: how many failed \
             logins count, how the last one ended, when the next one may leave, how old the shared \
             token is.\n\n\
             The platform is never asked; a store on Redis is. No lock is taken and nothing is \
             written. Tokens and passwords are not shown.\n\n\
             Exit status: 0 when a login may leave, 12 when the lockout guard would refuse it, 40 \
             when the store cannot be used.",
        )
        .arg(arguments::json())
}

pub fn run(context: &Context, _: &ArgMatches) -> Result<(), Failure> {
    let config = context.config()?;
    let state = guard(config, &context.call)?;
    let now = SystemTime::now();
    let profile = context.profile()?;
    let text = match context.output.json {
        true => format!("{}\n", object(&state, profile, now)),
        false => words(&state, profile, now),
    };
    context.output.print(text.as_bytes())?;
    match status(&state) {
        0 => Ok(()),
        status => Err(Failure::Exit(status)),
    }
}

/// The exit status: what keeps a login from leaving.
fn status(state: &GuardState) -> u8 {
    match &state.refusal {
        None => 0,
        // Such as a file of the password that cannot be read.
        Some(why) if why.status() == Status::InvalidArgument => why.status() as i32 as u8,
        // Whatever the last login failed with.
        Some(_) => Status::LoginBlocked as i32 as u8,
    }
}

/// Its keys never change their meaning; cli/README.md explains them.
fn object(state: &GuardState, profile: Option<&Profile>, now: SystemTime) -> Value {
    let (record, damage) = match &state.record {
        RecordState::Nothing => ("none", None),
        RecordState::Whole => ("whole", None),
        RecordState::Damaged(why) => ("damaged", Some(why)),
    };
    let (next_in, next_at) = match state.next_login {
        NextLogin::Now => (Some(0), Some(now)),
        NextLogin::In(wait) => (Some(seconds(wait)), now.checked_add(wait)),
        NextLogin::Never => (None, None),
    };
    json!({
        "status": status(state),
        "may_login": state.refusal.is_none(),
        "why": state.refusal.as_ref().map(Error::message),
        "next_login_in_s": next_in,
        "next_login_at": next_at.map(utc),
        "retry_after_s": state.hold.map(seconds),
        "profile": profile.map(|profile| &profile.name),
        "realm": state.realm,
        "username": state.username,
        "store": state.store,
        "store_lasts": state.store_lasts,
        "record": record,
        "damage": damage,
        "max_login_failures": state.max_login_failures,
        "slots_used": state.slots,
        "slots_left": state.slots_left(),
        "slots_refused": state.refused,
        "logins_under_way": state.under_way,
        "rejected_passwords": state.rejected_passwords,
        "last_login": state.last_login.as_ref().map(last_login),
        "last_success_at": state.last_success.map(utc),
        "token_age_s": state.shared_token_age.map(|age| age.as_secs()),
    })
}

fn last_login(last: &LastLoginState) -> Value {
    let failure = last.failure.as_ref();
    json!({
        "succeeded": failure.is_none(),
        "ended_at": last.ended.map(utc),
        "status": failure.map_or(0, |failure| failure.status() as i32),
        "code": failure.map(Error::code),
        "message": failure.map(Error::message),
    })
}

fn words(state: &GuardState, profile: Option<&Profile>, now: SystemTime) -> String {
    let mut lines = vec![("account", format!("{} at {}", state.username, state.realm))];
    if let Some(profile) = profile {
        let words = format!("{} of {}", profile.name, profile.file.display());
        lines.push(("profile", words));
    }
    lines.extend([
        (
            "store",
            format!("{}, which lasts {}", state.store, state.store_lasts),
        ),
        ("guard", guard_in_words(state)),
        ("last login", last_login_in_words(state, now)),
    ]);
    let has_succeeded = |last: &LastLoginState| last.failure.is_none();
    if let Some(at) = state.last_success
        && !state.last_login.as_ref().is_some_and(has_succeeded)
    {
        lines.push(("last success", ago(at, now)));
    }
    lines.push(("next login", next_login_in_words(state, now)));
    if let Some(hold) = state.hold {
        let words = format!("the platform asked all to wait: {} s more", seconds(hold));
        lines.push(("retry-after", words));
    }
    lines.push(("token", token_in_words(state)));
    let lines = lines
        .iter()
        .map(|(name, text)| format!("{name:<14}{text}\n"));
    lines.collect()
}

fn guard_in_words(state: &GuardState) -> String {
    let unknown = state.slots - state.refused;
    let mut words = match &state.record {
        RecordState::Damaged(why) => {
            format!("the record is damaged ({why}) and counts as one login left at most; ")
        }
        _ => String::new(),
    };
    words.push_str(&format!(
        "{} of {} slots used ({} refused, {unknown} of unknown fate), {} left; {} remembered",
        state.slots,
        state.max_login_failures,
        state.refused,
        state.slots_left(),
        count(state.rejected_passwords, "rejected password"),
    ));
    if state.under_way > 0 {
        words.push_str("; a login is under way, or its program ended before the answer");
    }
    words
}

fn last_login_in_words(state: &GuardState, now: SystemTime) -> String {
    let Some(last) = &state.last_login else {
        let is_lost = state.record == RecordState::Whole && state.slots > state.refused;
        return match (state.under_way > 0, is_lost) {
            (true, _) => "its answer has not come, or its program ended before",
            (false, true) => "its answer never came: nobody knows how it ended",
            (false, false) => "none is known of",
        }
        .into();
    };
    let when = match last.ended {
        None => String::new(),
        Some(ended) => format!(" {}", ago(ended, now)),
    };
    match &last.failure {
        None => format!("succeeded{when}"),
        Some(failure) => format!("failed{when}: {}", failure.message()),
    }
}

fn next_login_in_words(state: &GuardState, now: SystemTime) -> String {
    let why = state.refusal.as_ref().map_or("", Error::message);
    match (state.next_login, &state.refusal) {
        (NextLogin::Now, _) if state.contact_was_locked() => {
            "may leave now, and fails as long as the contact is locked: have Verizon's support \
             unlock it first"
                .into()
        }
        (NextLogin::Now, _) => "may leave now".into(),
        // Its end is known only when it says so, or when another one tries.
        (NextLogin::In(wait), _) if state.under_way > 0 => format!(
            "{} s after the one that is under way ends; where its program ended before the \
             answer, {0} s after the next try, and by itself within three minutes",
            seconds(wait)
        ),
        (NextLogin::In(wait), _) => {
            let at = now.checked_add(wait).map_or_else(String::new, utc);
            format!("in {} s, at {at}", seconds(wait))
        }
        (NextLogin::Never, _) => why.into(),
    }
}

fn token_in_words(state: &GuardState) -> String {
    match state.shared_token_age {
        None => "none is shared".into(),
        Some(old) => format!("shared, {} old", age(old)),
    }
}

fn ago(then: SystemTime, now: SystemTime) -> String {
    let ago = now.duration_since(then).unwrap_or_default();
    format!("{} ago, at {}", age(ago), utc(then))
}
