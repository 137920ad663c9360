//! A local ThingSpace: OAuth2, the REST and SOAP session services and a few device and account
//! endpoints, with a control port that moves its clock, sets what the platform's documents leave
//! open, injects faults and counts what arrived.
//!
//! A test starts one inside its own process; everything ends when it is dropped:
//!
//! ```
//! use serde_json::json;
//! use thingspace_sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).unwrap();
//! sandbox.control("POST", "/faults", json!({"on": "login", "fault": "reset_after"}));
//! sandbox.control("POST", "/clock", json!({"advance_ms": 20 * 60 * 1000}));
//! assert_eq!(sandbox.counter("login"), 0);
//! ```
//!
//! The README beside this crate is the reference of the control port, its settings, faults and
//! counters.

mod control;
mod delay_proxy;
mod http;
mod nearest;
mod net;
mod platform;
mod random;
mod sandbox;
mod world;

pub use delay_proxy::{DelayProxy, Trips};
pub use sandbox::{Options, Sandbox};
