//! `thingspace request`: one request with both tokens. A token that was refused is renewed, and the
//! request sent again once.

use clap::{Arg, ArgAction, ArgMatches, Command};
use thingspace_session::{Config, Request, Response, Session, SessionCall};

use crate::context::Context;
use crate::failure::Failure;
use crate::input;

pub fn arguments() -> Command {
    Command::new("request")
        .about("Send one request, and print the body of its answer")
        .long_about(
            "Send one request with both tokens, and print the body of its answer as it came. \
             A token that the platform refuses is renewed, and the request sent again, once. \
             The exit status is 0 for an answer of 200 to 299, else that of the error.",
        )
        .arg(
            Arg::new("method")
                .value_name("METHOD")
                .required(true)
                .help("GET, POST, PUT, PATCH or DELETE"),
        )
        .arg(
            Arg::new("path")
                .value_name("PATH")
                .required(true)
                .help("Appended to base_url, as /m2m/v1/accounts/0000123456-00001"),
        )
        .arg(data(
            "The body: text, @FILE, or - for standard input; JSON, unless -H says otherwise",
        ))
        .arg(
            Arg::new("header")
                .short('H')
                .long("header")
                .value_name("NAME: VALUE")
                .action(ArgAction::Append)
                .help("A header more; may be given again"),
        )
        .arg(include())
        .after_long_help(
            "  thingspace request POST /m2m/v1/devices/actions/list -d '{\"accountName\": \
             \"0000123456-00001\"}'\n  \
             jq -n '{accountName: \"0000123456-00001\"}' | thingspace request POST \
             /m2m/v1/devices/actions/list -d -",
        )
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let given = |name| matches.get_one::<String>(name).expect("it is required");
    let config = context.config()?;
    let path = path_below(config, given("path"))?;
    not_a_logout(SessionCall::of_path(&path) == Some(SessionCall::LogOut))?;
    let method = given("method").to_ascii_uppercase();
    let headers = headers(matches)?;
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (&**n, &**v)).collect();
    let body = body(matches)?.unwrap_or_default();
    let request = Request {
        method: &method,
        path: &path,
        headers: &headers,
        body: &body,
    };
    let answer = context
        .run(|config| Session::open(config, &context.call)?.request(&context.call, request))?;
    print(context, matches, &answer)
}

/// The switch for the body of what is sent.
pub fn data(help: &'static str) -> Arg {
    Arg::new("data")
        .short('d')
        .long("data")
        .value_name("DATA")
        .allow_hyphen_values(true)
        .help(help)
}

/// The switch for the head of the answer.
pub fn include() -> Arg {
    Arg::new("include")
        .short('i')
        .long("include")
        .action(ArgAction::SetTrue)
        .help("Print the status and the headers of the answer first")
}

pub fn body(matches: &ArgMatches) -> Result<Option<Vec<u8>>, Failure> {
    let data = matches.get_one::<String>("data");
    data.map(|argument| input::body(argument)).transpose()
}

/// The answer to standard output, whatever it says; what it says decides the exit status.
pub fn print(context: &Context, matches: &ArgMatches, answer: &Response) -> Result<(), Failure> {
    if matches.get_flag("include") {
        let mut head = format!("HTTP/1.1 {}\r\n", answer.status());
        for (name, value) in answer.headers() {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        context.output.print(head.as_bytes())?;
    }
    context.output.print(answer.body())?;
    Ok(answer.check()?)
}

/// A path may be given as the URL that a document shows, or without its slash.
fn path_below(config: &Config, given: &str) -> Result<String, Failure> {
    let base = config.value("base_url")?.trim_end_matches('/');
    let path = match given.strip_prefix(base) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => given,
    };
    Ok(match path.starts_with('/') || path.contains("://") {
        true => path.to_owned(),
        false => format!("/{path}"),
    })
}

/// A session that is shared ends for all, who should hear of it. Logins are the library's to
/// refuse.
pub fn not_a_logout(is_logout: bool) -> Result<(), Failure> {
    match is_logout {
        true => Err(Failure::Usage(
            "this ends the session that is shared, and the others would not hear of it: use \
             thingspace logout"
                .into(),
        )),
        false => Ok(()),
    }
}

fn headers(matches: &ArgMatches) -> Result<Vec<(String, String)>, Failure> {
    let given = matches.get_many::<String>("header").into_iter().flatten();
    given
        .map(|line| match line.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            // It may be a secret.
            _ => Err(Failure::Usage(
                "a header is given as \"NAME: VALUE\"".into(),
            )),
        })
        .collect()
}
