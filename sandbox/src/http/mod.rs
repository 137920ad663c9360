//! What an HTTP request and an answer are: values. Nothing here moves or decides, and everything
//! else may use it.

mod answer;
mod request;

pub use answer::{Answer, Body, Extra, Headers, Interim};
pub use request::{MAX_HEADERS, Request};
