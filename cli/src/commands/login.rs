//! `thingspace login`: makes sure that a session is shared, and says whether that took a login.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use thingspace_session::{Config, Secret, Session, shared_token};

use crate::arguments;
use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("login")
        .about("Log in, or take the session that is shared already")
        .long_about(
            "Make sure that there is a session to share: the one in the store is taken as it is, \
             without a question to the platform, or else a login is sent. To replace a session \
             that has expired, see `thingspace relogin`.",
        )
        .arg(arguments::json())
}

pub fn run(context: &Context, _: &ArgMatches) -> Result<(), Failure> {
    let config = context.config()?;
    let before = shared_token(config, &context.call)?;
    let logged_in = match before {
        Some(_) => false,
        None => context.run(|config| sent_one(&Session::login(config, &context.call)?))?,
    };
    tell(context, config, logged_in)
}

/// What was done, for a person on standard error, for a program as JSON.
pub fn tell(context: &Context, config: &Config, logged_in: bool) -> Result<(), Failure> {
    let (username, store) = (config.value("username")?, config.value("store")?);
    let is_shared = config.value("share_token")? != "false";
    if context.output.json {
        let what = json!({"logged_in": logged_in, "username": username, "shared": is_shared});
        return context.output.print(format!("{what}\n").as_bytes());
    }
    context.output.note(&match (logged_in, is_shared) {
        (true, true) => format!("logged in as {username}; the session is shared in {store}"),
        (true, false) => format!(
            "logged in as {username}, but no session is left: share_token=false shares none"
        ),
        (false, _) => format!(
            "the session of {username} that is shared in {store} is there already; no login was \
             sent"
        ),
    });
    Ok(())
}

/// Whether these are the same token; nothing is no token.
pub fn is_same(token: Option<&Secret>, other: &str) -> bool {
    token.is_some_and(|token| token.reveal() == other)
}

/// Whether this session has logged in itself: another program may have been quicker.
pub fn sent_one(session: &Session) -> thingspace_session::Result<bool> {
    let info: Value = serde_json::from_str(&session.info()?).unwrap_or_default();
    Ok(info["logins"].as_u64() > Some(0))
}
