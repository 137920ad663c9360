//! `thingspace request`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("request").about("Sends one request, and prints the answer")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("request is not written yet".into()))
}
