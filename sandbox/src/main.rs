//! `thingspace-sandbox`: starts a sandbox, says how to reach it and runs until it is interrupted.
//! It leaves nothing behind.

mod arguments;
mod greeting;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;

use thingspace_sandbox::Sandbox;

use arguments::{Arguments, Wish};

fn main() -> ExitCode {
    let outcome = match Arguments::read(std::env::args().skip(1)) {
        Ok(Wish::Help) => print(greeting::HELP),
        Ok(Wish::Version) => print(concat!(
            "thingspace-sandbox ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )),
        Ok(Wish::Run(arguments)) => run(arguments),
        Err(wrong) => {
            eprintln!("thingspace-sandbox: {wrong}\nTry 'thingspace-sandbox --help'.");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thingspace-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let (end, ended) = mpsc::channel();
    let interrupted = end.clone();
    ctrlc::set_handler(move || interrupted.send(()).unwrap_or_default())
        .map_err(io::Error::other)?;

    let sandbox = Sandbox::start(arguments.options)?;
    print(&if arguments.json {
        greeting::json(&sandbox)
    } else {
        greeting::text(&sandbox)
    })?;
    if arguments.exit_with_stdin {
        end_with_stdin(end.clone());
    }
    // `end` lives until here, so that this waits for one of the two above.
    let _ = ended.recv();
    drop(end);
    Ok(())
}

fn end_with_stdin(end: Sender<()>) {
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut ignored = [0; 1024];
        while matches!(stdin.read(&mut ignored), Ok(1..)) {}
        let _ = end.send(());
    });
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
