//! Many hosts that share an account through a real Redis: each "host" has a state directory of its
//! own. One server and what may be amiss with it, fleets of processes, and histories of mishaps on
//! one server, a master that Sentinels choose, and a cluster.

#![cfg(target_os = "linux")]

mod fleets;
#[path = "../free_port.rs"]
mod free_port;
mod groups;
mod histories;
mod host;
#[path = "../lockout_guard/machine.rs"]
#[allow(dead_code, reason = "the guard's tests want more of a machine")]
mod machine;
mod places;
mod proxy;
mod random;
mod server;
mod steps;
mod store;
mod world;
