//! `thingspace status`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("status").about("Tells what is stored, without any network")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("status is not written yet".into()))
}
