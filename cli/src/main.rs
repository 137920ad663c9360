//! The binary: reads the arguments, runs the command, and ends as it ended.

use std::process::ExitCode;

use thingspace_cli::context::Context;
use thingspace_cli::{arguments, commands, interruption};

fn main() -> ExitCode {
    interruption::keep_memory_private();
    let mut json = arguments::want_json();
    let result = arguments::read().and_then(|matches| {
        let (name, matches) = matches.subcommand().expect("a command is required");
        let command = commands::find(name).expect("every command that is known is there");
        let context = Context::new(matches);
        json = context.output.json;
        (command.run)(&context, matches).map_err(|failure| context.locate(failure))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(json),
    }
}
