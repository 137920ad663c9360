//! A listening port: accepts connections and gives each a thread. Stopping it closes the port and
//! joins the accepting thread; the connections' threads are waited for by `Connections`.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::connections::Connections;
use super::conversation::converse;
use super::handler::Handler;
use super::transport::{Plain, Secure};

/// What a port needs to serve.
#[derive(Clone)]
pub struct Service {
    pub handler: Arc<dyn Handler>,
    /// None: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    pub connections: Arc<Connections>,
}

pub struct Listening {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Listening {
    pub fn start(listener: TcpListener, service: Service) -> io::Result<Listening> {
        let address = listener.local_addr()?;
        let thread = thread::Builder::new()
            .name("sandbox-accept".into())
            .spawn(move || accept(&listener, &service))?;
        Ok(Listening { address, thread })
    }

    /// To be called once all connections are closed.
    pub fn stop(self) {
        // A connection of our own wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.join();
    }
}

fn accept(listener: &TcpListener, service: &Service) {
    loop {
        let accepted = listener.accept();
        if service.connections.closed() {
            return;
        }
        match accepted {
            Ok((socket, _)) => begin(socket, service.clone()),
            // Out of file descriptors, or the client was gone already: leave the machine a moment.
            Err(_) => drop(service.connections.pause(Duration::from_millis(10))),
        }
    }
}

fn begin(socket: TcpStream, service: Service) {
    service.handler.connected();
    let _ = socket.set_nodelay(true);
    let socket = Arc::new(socket);
    let Some(id) = service.connections.register(&socket) else {
        return;
    };
    let registered = Registered {
        id,
        connections: Arc::clone(&service.connections),
    };
    // When no thread is to be had the closure is dropped, and with it the connection.
    let _ = thread::Builder::new()
        .name("sandbox-connection".into())
        .spawn(move || {
            let _registered = registered;
            serve(Plain::new(socket), service);
        });
}

/// An error here is a client that went away or does not speak HTTP or TLS: nothing to report to
/// anyone.
fn serve(plain: Plain, service: Service) {
    let (handler, connections) = (&*service.handler, &*service.connections);
    let _ = match service.tls {
        None => converse(plain, handler, connections),
        Some(config) => match ServerConnection::new(config) {
            Ok(tls) => converse(Secure(StreamOwned::new(tls, plain)), handler, connections),
            Err(_) => return,
        },
    };
}

/// Takes the connection off the list when its thread ends, however it ends. The list holds the
/// socket's last reference by then, so this is also what closes it.
struct Registered {
    id: u64,
    connections: Arc<Connections>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.forget(self.id);
    }
}
