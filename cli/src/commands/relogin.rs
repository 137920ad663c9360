//! `thingspace relogin`.

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

pub fn arguments() -> Command {
    Command::new("relogin").about("Logs in again if TOKEN is still the shared session token")
}

pub fn run(_context: &Context, _matches: &ArgMatches) -> Result<(), Failure> {
    Err(Failure::Usage("relogin is not written yet".into()))
}
