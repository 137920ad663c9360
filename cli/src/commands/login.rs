//! `thingspace login`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("login").about("Logs in, or takes a session that is shared already")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("login is not written yet".into()))
}
