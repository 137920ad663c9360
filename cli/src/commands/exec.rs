//! `thingspace exec`: runs a command that has the tokens in its environment, and nowhere else; the
//! secrets that the tokens were got with end here.

use std::ffi::OsString;
use std::io;
use std::process::Command as Process;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use thingspace_session::OPTIONS;

use super::token;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use crate::standard_streams;

/// As shells have it.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

pub fn arguments() -> Command {
    Command::new("exec")
        .about("Run a command with the tokens in its environment")
        .long_about(
            "Run a command with THINGSPACE_SESSION_TOKEN and, with REST, THINGSPACE_API_TOKEN in \
             its environment. They are not renewed while it runs: for what runs long, see \
             `thingspace proxy`. TSM_PASSWORD and the other variables that hold a secret of the \
             session are taken out of it. The exit status is the command's; 127 if it was not \
             found, 126 if it cannot be run.",
        )
        .arg(
            Arg::new("command")
                .value_name("COMMAND")
                .required(true)
                .num_args(1..)
                .action(ArgAction::Append)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString))
                .value_hint(ValueHint::CommandWithArguments)
                .help("The command and its arguments, behind --"),
        )
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let mut words = matches
        .get_many::<OsString>("command")
        .into_iter()
        .flatten();
    let name = words.next().expect("it is required");
    let config = context.config()?;
    let tokens = token::both(context, config, config.value("session_token_header")?)?;
    let mut process = Process::new(name);
    process.args(words);
    for option in OPTIONS.iter().filter(|option| option.is_secret()) {
        process.env_remove(option.variable());
    }
    for token in &tokens {
        process.env(token.variable, token.text.reveal());
    }
    standard_streams::leave_as_they_were();
    let error = become_it(&mut process)?;
    let status = match error.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    };
    let reason = output::reason(&error);
    output::say(&format!("{}: {reason}", name.to_string_lossy()));
    Err(Failure::Exit(status))
}

/// Comes back only where that fails.
#[cfg(unix)]
fn become_it(process: &mut Process) -> Result<io::Error, Failure> {
    use std::os::unix::process::CommandExt;

    Ok(process.exec())
}

/// There is nothing to become: it is waited for, and its exit status is ours.
#[cfg(windows)]
fn become_it(process: &mut Process) -> Result<io::Error, Failure> {
    crate::interruption::is_for_the_command();
    match process.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => Ok(error),
    }
}
