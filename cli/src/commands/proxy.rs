//! `thingspace proxy`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("proxy").about("Serves a local endpoint that adds both tokens to each request")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("proxy is not written yet".into()))
}
