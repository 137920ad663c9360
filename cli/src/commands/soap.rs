//! `thingspace soap`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("soap").about("Calls a SOAP operation, and prints the answer")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("soap is not written yet".into()))
}
