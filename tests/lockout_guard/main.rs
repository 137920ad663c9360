//! The lockout guard in the real world: real processes, sockets and files. Processes are killed at
//! every step of a login, started in crowds, crash-looping, forked, and among damaged stores. The
//! sandbox counts what arrived; pipes and its counters tell when to go on. Nothing sleeps: a helper
//! process may start with a clock that is ahead.
//!
//! On Windows there are no forks, signals, mounts and modes; what needs them is for Linux alone.

#![cfg(any(target_os = "linux", windows))]

#[cfg(target_os = "linux")]
mod clocks;
mod crowds;
mod events;
#[cfg(target_os = "linux")]
mod fails_closed;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod fork;
mod gateways;
mod helper;
mod kills;
#[cfg_attr(windows, path = "machine_of_windows.rs")]
mod machine;
mod outages;
#[cfg(target_os = "linux")]
mod process;
mod renewals;
mod scene;
#[cfg(target_os = "linux")]
mod secret_files;
mod store;
#[cfg(target_os = "linux")]
mod system_calls;
mod waiting;
