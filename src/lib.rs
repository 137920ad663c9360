//! Keeps a Verizon ThingSpace session alive for a program: logs in once, hands out the session
//! token, logs in again only when the platform says the token expired, resends what was refused,
//! and never lets the account be locked.
//!
//! This crate is the Rust API; the C API over it is in `include/tsm.h`.
//!
//! ```no_run
//! use thingspace_session::{Call, Config, Request, Session};
//!
//! fn main() -> thingspace_session::Result<()> {
//!     let mut config = Config::new();
//!     config.load_env()?; // TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY, TSM_APP_SECRET
//!     let session = Session::login(&config, &Call::new())?;
//!     let answer = session.request(
//!         &Call::new(),
//!         Request {
//!             method: "GET",
//!             path: "/m2m/v1/accounts/0000123456-00001",
//!             headers: &[],
//!             body: &[],
//!         },
//!     )?;
//!     println!("HTTP {}", answer.status());
//!     session.logout(&Call::new())
//! }
//! ```

#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(any(windows, test))]
mod access_rights;
mod api_token;
mod background;
mod call;
mod config;
mod copied;
mod damping;
mod doctor;
mod endpoint;
mod error;
mod events;
mod exchange;
#[doc(hidden)]
#[allow(unsafe_code, missing_docs)]
pub mod ffi;
mod fork;
mod http;
mod lockout;
mod log;
mod login;
mod metrics;
mod net;
mod options;
mod password;
mod per_key;
mod platform;
#[cfg(test)]
mod proof;
mod response;
mod runtime;
mod secret;
mod secret_file;
mod secret_source;
mod session;
mod settings;
mod sha256;
mod single_flight;
mod store;
mod store_name;
mod sync;
mod telling;
mod tokens;
#[cfg(windows)]
mod windows;

pub use call::Call;
pub use config::Config;
pub use doctor::{Check, Finding, Verdict, diagnose};
pub use error::{Error, Result, Status};
pub use events::{Event, EventDetail, EventKind};
pub use exchange::{Next, RequestTokens};
pub use http::Upload;
pub use lockout::{NextLogin, Unblocked};
pub use log::LogLevel;
pub use login::{GuardState, LastLoginState, RecordState};
pub use metrics::{BOUNDS_MS, Instrument, METRICS, Metric};
pub use options::{OPTIONS, OptionInfo, OptionKind};
pub use platform::session_call::SessionCall;
pub use response::Response;
pub use secret::Secret;
pub use session::{
    Exchange, Request, Session, StreamedResponse, check, check_answer, guard, shared_token, unblock,
};
