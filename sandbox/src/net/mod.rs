//! Moves bytes: ports, connections, TLS, the framing of HTTP/1.1, and the ways in which an answer
//! can fail to arrive. Knows nothing of what is served; a handler decides.

mod ca_folder;
mod chunked;
mod connections;
mod conversation;
mod delivery;
mod handler;
mod listener;
mod tls;
mod transport;
mod wire;

pub use ca_folder::CaFolder;
pub use connections::Connections;
pub use handler::{Client, Delivery, Handler};
pub use listener::{Listening, Service};
pub use tls::certify;
