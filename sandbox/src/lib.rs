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

mod api_tokens;
mod ca_folder;
mod clock;
mod contacts;
mod control;
mod counters;
mod delivery;
mod devices;
mod faults;
mod fields;
mod gateway;
mod http;
mod kind;
mod listener;
mod log;
mod nearest;
mod oauth;
mod outcome;
mod platform;
mod random;
mod rest;
mod route;
mod sandbox;
mod sessions;
mod settings;
mod shared;
mod soap;
mod tls;
mod transport;
mod world;

pub use sandbox::{Options, Sandbox};
