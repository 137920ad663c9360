//! How bytes move: names, proxies, TCP, TLS, with every wait cut into slices between which the call
//! is asked whether it goes on. It knows no HTTP.
//!
//! No socket ever blocks: what cannot be done at once is waited for in one place,
//! [`Watch::await_ready`].

mod names;
pub(crate) mod observer;
pub(crate) mod proxy;
mod stream;
mod tcp;
pub(crate) mod tls;
pub(crate) mod tunnel;
#[cfg(any(windows, target_vendor = "apple", test))]
mod verifier;
mod watch;

pub(crate) use names::look_up;
pub(crate) use stream::{Stream, Watched};
pub(crate) use watch::Watch;

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::error::{Error, Result, Status};

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
}

impl Address {
    pub fn new(host: &str, port: u16) -> Address {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        Address {
            host: bare.to_owned(),
            port,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A TCP connection to the first of the host's addresses that answers.
pub(crate) fn connect(to: &Address, watch: &mut Watch) -> Result<Stream> {
    let addresses = look_up(to, watch)?;
    connect_to_first(&addresses, watch)
}

/// A TCP connection to the first of these that answers.
pub(crate) fn connect_to_first(addresses: &[SocketAddr], watch: &mut Watch) -> Result<Stream> {
    let connected = tcp::connect(addresses, watch);
    connected.map(Stream::tcp).map_err(|error| watch.why(error))
}

/// A connection to a socket of this machine.
#[cfg(unix)]
pub(crate) fn connect_to_socket(path: &str, watch: &mut Watch) -> Result<Stream> {
    let connected = tcp::connect_to_socket(path, watch);
    connected
        .map(Stream::Unix)
        .map_err(|error| watch.why(error))
}

#[cfg(not(unix))]
pub(crate) fn connect_to_socket(path: &str, _: &mut Watch) -> Result<Stream> {
    let message = format!("{path}: there are no such sockets on this system");
    Err(Error::new(Status::Network, message))
}

/// Whether the other side has ended the connection.
pub(crate) fn is_hang_up(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

/// Why I/O failed, in our terms.
fn explain(error: &std::io::Error) -> Error {
    let inner = error.get_ref();
    if let Some(own) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        return own.clone();
    }
    match inner.and_then(|inner| inner.downcast_ref()) {
        Some(of_tls) => tls::explain(of_tls),
        None => Error::new(Status::Network, error.to_string()),
    }
}
