//! Keeps a Verizon ThingSpace session alive for a program: logs in once, hands out the session token, logs in again only when the platform
//! says the token expired, resends what was refused, and never lets the account be locked.
//!
//! This crate is the Rust API; the C API over it is in `include/tsm.h`.

#![deny(unsafe_code)]

mod api_token;
mod call;
mod clock;
mod config;
mod endpoint;
mod error;
#[allow(unsafe_code)]
pub mod ffi;
mod fork;
mod http;
mod lockout;
mod login;
mod platform;
#[cfg(test)]
mod proof;
mod renewal;
mod response;
mod secret;
mod session;
mod store;
mod tls;
mod transport;

pub use call::Call;
pub use config::{Config, LogLevel, OPTIONS, OptionInfo};
pub use error::{Error, Result, Status};
pub use response::Response;
pub use secret::Secret;
pub use session::{Request, Session, check, unblock};
