//! The C API as C programs see it: the header, what the library exports, what a panic does, and the
//! programs of `tests/c/`, each compiled against `include/tsm.h`, linked with the shared library
//! and run against a sandbox of its own; so are the examples.

#![cfg(unix)]

mod compiler;
mod early;
mod examples;
mod header;
mod panics;
mod programs;
