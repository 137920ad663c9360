//! HTTP/1.1, the server's half: requests are read whole, answers are written with one call. Kept
//! apart from what is served.

mod answer;
mod chunked;
mod connection;
mod request;

pub use answer::{Answer, Body};
pub use connection::{Handler, Next, Wire, converse};
pub use request::Request;
