//! A running sandbox: its ports, its addresses and its end. Dropping it stops the listeners, closes
//! every connection, waits for the threads and removes the certificate's folder.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::control::{self, ControlPort};
use crate::net::{self, CaFolder, Connections, Handler, Listening, Service};
use crate::platform::{self, BASE, Platform};
use crate::world::SharedWorld;

/// Ports that the system chose for a sandbox of this process.
static CHOSEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Which ports to use. 0 lets the system choose, no port twice in a process: a client that
/// remembers an address would take a new sandbox for an old one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The platform's port, plain HTTP.
    pub port: u16,
    /// The control port.
    pub control_port: u16,
    /// The platform's port with TLS.
    pub tls_port: u16,
}

/// A local ThingSpace that runs until it is dropped.
pub struct Sandbox {
    shared: Arc<SharedWorld>,
    connections: Arc<Connections>,
    listening: Vec<Listening>,
    ca: CaFolder,
    base_url: String,
    soap_url: String,
    control_url: String,
    tls_base_url: String,
    bad_tls_base_url: String,
}

impl Sandbox {
    /// Starts a sandbox in this process. It listens on loopback only and is ready when this
    /// returns.
    pub fn start(options: Options) -> io::Result<Sandbox> {
        let plain = bind(options.port)?;
        let control = bind(options.control_port)?;
        let secure = bind(options.tls_port)?;
        let distrusted = bind(0)?;

        let good = net::certify()?;
        let bad = net::certify()?;
        let ca = CaFolder::create(&good.ca_pem)?;

        let origin = |scheme: &str, host: &str, listener: &TcpListener| {
            listener
                .local_addr()
                .map(|address| format!("{scheme}://{host}:{}", address.port()))
        };
        let plain_url = origin("http", "127.0.0.1", &plain)?;
        let mut sandbox = Sandbox {
            shared: Arc::new(SharedWorld::new(platform::process_late)),
            connections: Arc::default(),
            listening: Vec::new(),
            ca,
            base_url: format!("{plain_url}{BASE}"),
            soap_url: format!("{plain_url}{BASE}/v2"),
            control_url: origin("http", "127.0.0.1", &control)?,
            tls_base_url: format!("{}{BASE}", origin("https", "localhost", &secure)?),
            bad_tls_base_url: format!("{}{BASE}", origin("https", "localhost", &distrusted)?),
        };
        let platform: Arc<dyn Handler> = Arc::new(Platform(Arc::clone(&sandbox.shared)));
        let controls: Arc<dyn Handler> = Arc::new(ControlPort(Arc::clone(&sandbox.shared)));
        let ports = [
            (plain, &platform, None),
            (control, &controls, None),
            (secure, &platform, Some(good.server)),
            (distrusted, &platform, Some(bad.server)),
        ];
        for (listener, handler, tls) in ports {
            let service = Service {
                handler: Arc::clone(handler),
                tls,
                connections: Arc::clone(&sandbox.connections),
            };
            sandbox.listening.push(Listening::start(listener, service)?);
        }
        Ok(sandbox)
    }

    /// The REST base, for example `http://127.0.0.1:4000/api`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The folder of the SOAP services, for example `http://127.0.0.1:4000/api/v2`.
    pub fn soap_url(&self) -> &str {
        &self.soap_url
    }

    /// The control port, for example `http://127.0.0.1:4001`.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The REST base over TLS; its certificate is good for `localhost` and `127.0.0.1` to those who
    /// trust [`Sandbox::ca_file`].
    pub fn tls_base_url(&self) -> &str {
        &self.tls_base_url
    }

    /// The REST base behind a certificate that nothing should trust.
    pub fn bad_tls_base_url(&self) -> &str {
        &self.bad_tls_base_url
    }

    /// The PEM file of the throw-away CA that signed the good certificate. It is removed when the
    /// sandbox is dropped.
    pub fn ca_file(&self) -> &Path {
        self.ca.ca_file()
    }

    /// What the control port answers to this call, without HTTP. `Value::Null` stands for "no
    /// body".
    ///
    /// # Panics
    /// With the error's text when the call is refused.
    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        match control::answer(&self.shared, method, path, &body) {
            Ok(value) => value,
            Err(refusal) => panic!("{method} {path}: {refusal}"),
        }
    }

    /// One counter, by its documented name.
    ///
    /// # Panics
    /// When there is no counter of that name.
    pub fn counter(&self, name: &str) -> u64 {
        match self.shared.world().counters.named(name) {
            Ok(count) => count,
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop();
        self.connections.close_all();
        for listening in self.listening.drain(..) {
            listening.stop();
        }
    }
}

fn bind(port: u16) -> io::Result<TcpListener> {
    // What was chosen before stays taken until another is found.
    let mut chosen_before = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on 127.0.0.1:{port}: {error}"),
            )
        })?;
        let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
        if port != 0 || chosen.insert(listener.local_addr()?.port()) {
            return Ok(listener);
        }
        chosen_before.push(listener);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_chosen_twice() {
        let mut ports = BTreeSet::new();
        // So many that the system alone would choose some again.
        for _ in 0..2_000 {
            assert!(ports.insert(bind(0).unwrap().local_addr().unwrap().port()));
        }
    }
}
