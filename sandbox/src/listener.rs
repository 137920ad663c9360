//! A listening port: accepts connections and gives each a thread. Stopping it closes the port and
//! joins the accepting thread; the connections' threads are waited for by whoever owns the shared
//! state.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::control::ControlPort;
use crate::counters::Counter;
use crate::http::{Handler, converse};
use crate::platform::PlatformPort;
use crate::shared::Shared;
use crate::transport::{Plain, Secure, Transport};

/// What is served on a port.
#[derive(Clone)]
pub enum Role {
    Platform,
    Secure(Arc<ServerConfig>),
    Control,
}

pub struct Listening {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Listening {
    pub fn start(listener: TcpListener, role: Role, shared: Arc<Shared>) -> io::Result<Listening> {
        let address = listener.local_addr()?;
        let thread = thread::Builder::new()
            .name("sandbox-accept".into())
            .spawn(move || accept(&listener, &role, &shared))?;
        Ok(Listening { address, thread })
    }

    /// To be called once the shared state says that it is stopping.
    pub fn stop(self) {
        // A connection of our own wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.join();
    }
}

fn accept(listener: &TcpListener, role: &Role, shared: &Arc<Shared>) {
    loop {
        let accepted = listener.accept();
        if shared.stopping() {
            return;
        }
        match accepted {
            Ok((socket, _)) => begin(socket, role.clone(), Arc::clone(shared)),
            // Out of file descriptors, or the client was gone already: leave the machine a moment.
            Err(_) => drop(shared.pause(Duration::from_millis(10))),
        }
    }
}

fn begin(socket: TcpStream, role: Role, shared: Arc<Shared>) {
    if !matches!(role, Role::Control) {
        shared.world().counters.add(Counter::Connections);
    }
    let _ = socket.set_nodelay(true);
    let socket = Arc::new(socket);
    let Some(id) = shared.connections.register(&socket) else {
        return;
    };
    let registered = Registered {
        id,
        shared: Arc::clone(&shared),
    };
    // When no thread is to be had the closure is dropped, and with it the connection.
    let _ = thread::Builder::new()
        .name("sandbox-connection".into())
        .spawn(move || {
            let registered = registered;
            serve(Plain(socket), role, &registered.shared);
        });
}

fn serve(plain: Plain, role: Role, shared: &Arc<Shared>) {
    match role {
        Role::Platform => talk(plain, &PlatformPort(Arc::clone(shared))),
        Role::Control => talk(plain, &ControlPort(Arc::clone(shared))),
        Role::Secure(config) => {
            if let Ok(connection) = ServerConnection::new(config) {
                talk(
                    Secure(StreamOwned::new(connection, plain)),
                    &PlatformPort(Arc::clone(shared)),
                );
            }
        }
    }
}

/// An error here is a client that went away or does not speak HTTP or TLS: nothing to report to
/// anyone.
fn talk(transport: impl Transport, handler: &impl Handler) {
    let _ = converse(transport, handler);
}

/// Takes the connection off the list when its thread ends, however it ends. The list holds the
/// socket's last reference by then, so this is also what closes it.
struct Registered {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.connections.forget(self.id);
    }
}
