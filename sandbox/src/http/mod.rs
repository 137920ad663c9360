//! What an HTTP request and an answer are: values. Nothing here moves or decides.

mod answer;
mod request;

pub use answer::{Answer, Body};
pub use request::{MAX_HEADERS, Request};
