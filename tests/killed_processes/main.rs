//! The lockout guard against real processes: killed with SIGKILL at every step of a login, started
//! in crowds, crash-looping, forked, and with a store that others have damaged. The sandbox counts
//! what arrived; pipes and its counters tell when to go on. Nothing sleeps.

#![cfg(unix)]

mod crowds;
mod fork;
mod helper;
mod kills;
mod scene;
mod store;
#[cfg(target_os = "linux")]
mod system_calls;
