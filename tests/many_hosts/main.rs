//! Many hosts that share an account through a real Redis: each "host" has a state directory of its
//! own.

#![cfg(target_os = "linux")]

mod server;
mod store;
