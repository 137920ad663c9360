//! The C API: a thin, unsafe skin over the Rust API that decides nothing. Its manual is
//! `include/tsm.h`, generated from the comments here.
//!
//! This is the only place with `unsafe` code. What every export relies on, and every `SAFETY` line
//! below means by "the caller's promise", is what the header asks of C: strings end with NUL,
//! buffers have the room they claim, out-pointers are NULL or writable, and all of these stay valid
//! while the call lasts. Nothing is asked of handles: any value will do.

// The comments are the C manual, where a "Safety" heading would say the same forty times.
#![allow(clippy::missing_safety_doc)]
#![allow(non_camel_case_types)]

mod call;
mod callback;
mod config;
mod error;
mod event;
mod exchange;
mod handle;
mod log;
mod panic;
mod reader;
mod request;
mod response;
mod session;
mod text;
mod version;

pub use call::*;
pub use config::*;
pub use error::*;
pub use event::*;
pub use exchange::*;
pub use log::tsm_log_fn;
pub use request::*;
pub use response::*;
pub use session::*;
pub use version::*;
