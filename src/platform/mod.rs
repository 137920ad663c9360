//! What ThingSpace says on the wire, and what it means. Pure: no network, no threads; the clock is
//! read only to measure a `Retry-After` that is a date. Nothing here trusts what arrives: sizes,
//! depth and characters are bounded, and no input panics or recurses.

pub(crate) mod answer;
mod json;
pub(crate) mod login;
pub(crate) mod oauth;
pub(crate) mod rest;
mod retry_after;
mod said;
pub(crate) mod soap;
pub(crate) mod token;
mod words;
mod xml;

/// An answer that we read, and not only the caller, is small: tokens and errors. A larger one is
/// taken to say nothing.
pub(crate) const READ_MAX: usize = 256 * 1024;

/// A body without white space around it or a byte order mark before it.
fn trimmed(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    body.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start()
}
