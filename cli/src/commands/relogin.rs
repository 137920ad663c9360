//! `thingspace relogin`: replaces a token that was refused, unless that was done already.

use clap::{Arg, ArgMatches, Command};
use thingspace_session::{Session, shared_token};

use super::login;
use crate::arguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::input;

pub fn arguments() -> Command {
    Command::new("relogin")
        .about("Log in again, if TOKEN is still the shared session token")
        .long_about(
            "Log in again, if TOKEN, which the platform refused, is still the session token that \
             is shared. If another one is shared by now, nothing is sent: however many scripts \
             find a session expired, one logs in.",
        )
        .arg(
            Arg::new("token")
                .value_name("TOKEN")
                .required(true)
                .allow_hyphen_values(true)
                .help(
                    "The session token that was refused; - reads it from standard input, so that \
                     it is in no list of processes",
                ),
        )
        .arg(arguments::json())
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let token = match matches.get_one::<String>("token").map(String::as_str) {
        Some("-") => input::secret_from_standard_input("TOKEN")?,
        token => thingspace_session::Secret::new(token.unwrap_or_default()),
    };
    let config = context.config()?;
    let shared = shared_token(config, &context.call)?;
    if shared.is_some() && !login::is_same(shared.as_ref(), token.reveal()) {
        return login::tell(context, config, false);
    }
    let logged_in = context.run(|config| {
        let session = Session::login(config, &context.call)?;
        session.relogin(&context.call, Some(token.reveal()))?;
        login::sent_one(&session)
    })?;
    login::tell(context, config, logged_in)
}
