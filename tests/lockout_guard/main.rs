//! The lockout guard in the real world: real processes, sockets and files. Processes are killed at
//! every step of a login, started in crowds, crash-looping, forked, and among damaged stores. The
//! sandbox counts what arrived; pipes and its counters tell when to go on. Nothing sleeps: a helper
//! process may start with a clock that is ahead.

#![cfg(target_os = "linux")]

mod clocks;
mod crowds;
mod events;
mod fails_closed;
mod fork;
mod gateways;
mod helper;
mod kills;
mod machine;
mod outages;
mod renewals;
mod scene;
mod secret_files;
mod store;
mod system_calls;
mod waiting;
