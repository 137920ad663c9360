//! The binary as scripts meet it: run in an empty environment, against a sandbox.

mod scene;

mod arguments;
mod doctor;
mod exec;
mod login;
mod profiles;
mod request;
mod status;
mod token;

#[cfg(unix)]
mod ends;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod scripts;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod terminal;
