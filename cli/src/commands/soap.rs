//! `thingspace soap`: one call of the Unified Web Service, in an envelope with the session token.

use clap::{Arg, ArgMatches, Command};
use thingspace_session::Session;

use super::request;
use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("soap")
        .about("Call a SOAP operation, and print the envelope of its answer")
        .long_about(
            "Call an operation of the Unified Web Service, and print the envelope of its answer. \
             The session is one of protocol=soap. A token that the platform refuses is renewed, \
             and the call sent again, once.",
        )
        .arg(
            Arg::new("service")
                .value_name("SERVICE")
                .required(true)
                .help("As DeviceService"),
        )
        .arg(
            Arg::new("operation")
                .value_name("OPERATION")
                .required(true)
                .help("As GetDeviceList"),
        )
        .arg(request::data(
            "The element inside soapenv:Body, where the prefix v2 is known: text, @FILE, or - for \
             standard input [default: an empty v2:OPERATION]",
        ))
        .arg(request::include())
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let given = |name| matches.get_one::<String>(name).expect("it is required");
    let (service, operation) = (given("service"), given("operation"));
    request::not_a_logout(operation.eq_ignore_ascii_case("LogOut"))?;
    let body = match request::body(matches)? {
        Some(body) => body,
        None => format!("<v2:{operation}/>").into_bytes(),
    };
    let mut config = context.config()?.clone();
    config.set("protocol", "soap")?;
    let answer = context.run_with(&config, |config| {
        Session::open(config, &context.call)?.soap_call(&context.call, service, operation, &body)
    })?;
    request::print(context, matches, &answer)
}
