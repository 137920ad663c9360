//! `thingspace token`: the token and nothing else. One that is shared costs a look into the store:
//! no network, no certificates, no password.

use clap::{Arg, ArgAction, ArgMatches, Command};
use thingspace_session::{Config, Session, shared_token};

use crate::context::Context;
use crate::failure::Failure;
use crate::format::{self, Format, Token};

pub fn arguments() -> Command {
    Command::new("token")
        .about("Print the session token")
        .long_about(
            "Print the session token: the one that is shared in the store, or else that of a \
             login. A shared one is not tried on the platform: when a request finds it expired, \
             `thingspace relogin TOKEN` gets another.",
        )
        .arg(
            Arg::new("api")
                .long("api")
                .action(ArgAction::SetTrue)
                .help("Print the API token instead; it is fetched each time"),
        )
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .conflicts_with("api")
                .help("Print both tokens, the session token first"),
        )
        .arg(
            Arg::new("header")
                .long("header")
                .action(ArgAction::SetTrue)
                .conflicts_with("format")
                .help("Print the header that carries it, as for curl -H @-"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(format::NAMES)
                .default_value("plain")
                .help("How to print it: to be read by a program, or evaluated by a shell"),
        )
        .after_long_help(
            "In a shell:\n  \
             eval \"$(thingspace token --all --format env)\"\n  \
             thingspace token --all --format fish | source\n  \
             thingspace token --all --format powershell | Out-String | Invoke-Expression\n  \
             for /f \"delims=\" %i in ('thingspace token --all --format cmd') do @%i\n\
             They set THINGSPACE_SESSION_TOKEN and THINGSPACE_API_TOKEN.",
        )
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let format = match matches.get_flag("header") {
        true => Format::Header,
        false => Format::named(
            matches
                .get_one::<String>("format")
                .expect("it has a default"),
        ),
    };
    let config = context.config()?;
    let header = config.value("session_token_header")?;
    let tokens = match (matches.get_flag("api"), matches.get_flag("all")) {
        (true, _) => vec![api_token(&context.run(|config| {
            Session::open(config, &context.call)?.api_token(&context.call)
        })?)],
        (_, true) => both(context, config, header)?,
        _ => vec![session_token(&of_session(context)?, header)],
    };
    context
        .output
        .print(format::write(&tokens, format)?.as_bytes())
}

/// Both tokens; the session token alone where the protocol has no other.
pub fn both<'a>(
    context: &Context,
    config: &Config,
    header: &'a str,
) -> Result<Vec<Token<'a>>, Failure> {
    let is_soap = config.value("protocol")? == "soap";
    if is_soap {
        return Ok(vec![session_token(&of_session(context)?, header)]);
    }
    let (session, api) = context.run(|config| {
        let session = Session::login(config, &context.call)?;
        Ok((session.token()?, session.api_token(&context.call)?))
    })?;
    Ok(vec![session_token(&session, header), api_token(&api)])
}

/// The shared one, or that of a login.
fn of_session(context: &Context) -> Result<thingspace_session::Secret, Failure> {
    if let Some(token) = shared_token(context.config()?, &context.call)? {
        return Ok(token);
    }
    context.run(|config| Session::login(config, &context.call)?.token())
}

fn session_token<'a>(text: &thingspace_session::Secret, header: &'a str) -> Token<'a> {
    Token {
        name: "session_token",
        variable: "THINGSPACE_SESSION_TOKEN",
        header: (header, ""),
        text: text.clone(),
    }
}

fn api_token(text: &thingspace_session::Secret) -> Token<'static> {
    Token {
        name: "api_token",
        variable: "THINGSPACE_API_TOKEN",
        header: ("Authorization", "Bearer "),
        text: text.clone(),
    }
}
