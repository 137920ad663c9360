//! `thingspace unblock`: the lockout guard forgets, for an operator who has mended the cause.

use std::io::{self, Write};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use thingspace_session::{Unblocked, unblock};

use crate::arguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::count;
use crate::terminal;

pub fn arguments() -> Command {
    Command::new("unblock")
        .about("Make the lockout guard forget failed logins")
        .long_about(
            "Make the lockout guard forget the failed logins and rejected passwords of the \
             account, once their cause is mended. The platform does not forget with it: it locks \
             the contact at the fifth failure in a row. Asks on a terminal.",
        )
        .arg(
            Arg::new("yes")
                .short('y')
                .long("yes")
                .action(ArgAction::SetTrue)
                .help("Do not ask"),
        )
        .arg(arguments::json())
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let config = context.config()?;
    if !matches.get_flag("yes") {
        if context.output.json {
            return Err(Failure::Usage(
                "with --json nobody is asked: say --yes".into(),
            ));
        }
        if !agrees(config.value("username")?)? {
            context.output.note("nothing was forgotten");
            return Err(Failure::Exit(1));
        }
    }
    let Unblocked {
        logins,
        passwords,
        still_counting,
    } = unblock(config)?;
    let text = match context.output.json {
        true => json!({
            "forgotten_logins": logins,
            "forgotten_passwords": passwords,
            "still_counting": still_counting,
        })
        .to_string(),
        false => format!(
            "forgotten: {} and {}; still counting: {} of less than five minutes ago, which the \
             platform may judge yet",
            count(logins, "login"),
            count(passwords, "rejected password"),
            count(still_counting, "login"),
        ),
    };
    context.output.print(format!("{text}\n").as_bytes())
}

fn agrees(username: &str) -> Result<bool, Failure> {
    if !terminal::is_there() {
        return Err(Failure::Usage(
            "there is no terminal to ask on: say --yes".into(),
        ));
    }
    eprint!(
        "The platform does not forget with it: it locks {username} at the fifth failed login in a \
         row. Is the cause of the failures mended? [y/N] "
    );
    let mut answer = String::new();
    io::stderr()
        .flush()
        .and_then(|()| io::stdin().read_line(&mut answer))
        .map_err(|error| Failure::io("the terminal", &error))?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}
