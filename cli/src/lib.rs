//! The command line `thingspace`, over the Rust API of `thingspace-session` only: what the binary
//! dispatches to, and what help, man page and completions are generated from.
//!
//! A command is a file of [`commands`]. What ends one is a [`failure::Failure`]; what it has to
//! work with is its [`context::Context`].

#![deny(unsafe_code)]

pub use clap;

pub mod arguments;
pub mod commands;
pub mod context;
pub mod failure;
pub mod format;
pub mod input;
pub mod interruption;
pub mod output;
pub mod profile;
pub mod progress;
pub mod proxy;
pub mod standard_streams;
pub mod terminal;
pub mod time;
