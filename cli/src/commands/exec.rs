//! `thingspace exec`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("exec").about("Runs a command with tokens in its environment")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("exec is not written yet".into()))
}
