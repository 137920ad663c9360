//! The terminal a person sits at: asks for a password without showing it. What asking changes is
//! put right again, even where a signal ends the process meanwhile.

use std::io::{self, IsTerminal};

use thingspace_session::Secret;

use crate::interruption;

/// Whether somebody can be asked.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a secret, without an echo.
pub fn ask(prompt: &str) -> io::Result<Secret> {
    remember();
    match rpassword::prompt_password(prompt) {
        // While it asks the terminal sends no signal for the key: it is read as any other.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => interruption::end_by_ctrl_c(),
        answer => Ok(Secret::new(answer?)),
    }
}

#[cfg(unix)]
static BEFORE: std::sync::OnceLock<rustix::termios::Termios> = std::sync::OnceLock::new();

#[cfg(unix)]
fn remember() {
    if let Ok(settings) = rustix::termios::tcgetattr(io::stdin()) {
        let _ = BEFORE.set(settings);
    }
}

#[cfg(windows)]
fn remember() {}

/// Puts right what asking has changed, if it has.
#[cfg(unix)]
pub fn restore() {
    if let Some(settings) = BEFORE.get() {
        let now = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(io::stdin(), now, settings);
    }
}
