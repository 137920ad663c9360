//! The commands, a file each.

use clap::ArgMatches;

use crate::context::Context;
use crate::failure::Failure;

pub mod completion;
pub mod doctor;
pub mod exec;
pub mod login;
pub mod logout;
pub mod proxy;
pub mod relogin;
pub mod request;
pub mod soap;
pub mod status;
pub mod token;
pub mod unblock;

/// A command: what it takes, and what it does.
pub struct Command {
    pub arguments: fn() -> clap::Command,
    pub run: fn(&Context, &ArgMatches) -> Result<(), Failure>,
}

macro_rules! commands {
    ($($module:ident),*) => {
        &[$(Command { arguments: $module::arguments, run: $module::run }),*]
    };
}

/// Every command, in the order in which help shows them.
pub const ALL: &[Command] = commands!(
    token, request, soap, login, logout, relogin, exec, proxy, status, doctor, unblock, completion
);

/// The command of this name.
pub fn find(name: &str) -> Option<&'static Command> {
    ALL.iter()
        .find(|command| (command.arguments)().get_name() == name)
}
