//! What ThingSpace says on the wire, and what it means. Pure: no network, no threads; the clock is
//! read only to measure a `Retry-After` that is a date. Nothing here trusts what arrives: sizes,
//! depth and characters are bounded, and no input panics or recurses.

pub(crate) mod answer;
mod charset;
mod json;
pub(crate) mod login;
pub(crate) mod oauth;
pub(crate) mod rest;
mod retry_after;
mod said;
pub(crate) mod session_call;
pub(crate) mod soap;
pub(crate) mod token;
pub(crate) mod words;
mod xml;

/// An answer that we read, and not only the caller, is small: tokens and errors. A larger one is
/// taken to say nothing.
pub(crate) const READ_MAX: usize = 256 * 1024;
