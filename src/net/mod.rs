//! The way to a server: which proxy leads there, and how it is asked for a tunnel.

pub(crate) mod proxy;
pub(crate) mod tunnel;

use std::fmt;

/// A host and a port to connect to. The brackets of an IPv6 address are no part of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}
