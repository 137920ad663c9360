//! `thingspace logout`: ends the shared session on the platform, for all.

use clap::{ArgMatches, Command};
use serde_json::json;
use thingspace_session::{Session, Status, shared_token};

use crate::arguments;
use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("logout")
        .about("End the shared session, for all that share it")
        .arg(arguments::json())
}

pub fn run(context: &Context, _: &ArgMatches) -> Result<(), Failure> {
    let mut config = context.config()?.clone();
    let ended = shared_token(&config, &context.call)?.is_some() && {
        // Nobody logs in only to log out, not even where the session has just ended.
        config.unset("password")?;
        config.unset("password_file")?;
        config.do_without_password();
        match Session::login(&config, &context.call) {
            Ok(session) => session.logout(&context.call).map(|()| true)?,
            Err(error)
                if error.status() == Status::InvalidArgument
                    && shared_token(&config, &context.call)?.is_none() =>
            {
                false
            }
            Err(error) => return Err(error.into()),
        }
    };
    if context.output.json {
        let what = json!({"logged_out": ended});
        return context.output.print(format!("{what}\n").as_bytes());
    }
    context.output.note(match ended {
        true => "logged out",
        false => "no session is shared: there is nothing to log out of",
    });
    Ok(())
}
