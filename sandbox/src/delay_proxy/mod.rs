//! A TCP proxy that makes a port far away, and counts what distance would cost: every byte arrives
//! a while later, each way, and connections, round trips and TLS handshakes are counted as the
//! client makes them. Counts are told from who spoke after whom, not from a clock, so they are the
//! same on every machine and with every delay, none included.

mod pipe;
mod trips;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::net::Connections;
use trips::Conversation;

/// What the clients of a [`DelayProxy`] did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trips {
    /// How often somebody waited for the other side: once for each connection, and once for
    /// everything a client sent after it was answered. (What is sent over several connections at
    /// once is one wait and counts as several.)
    pub round_trips: u64,
    /// TCP connections.
    pub connections: u64,
    /// TLS handshakes that began anew, with certificates.
    pub full_handshakes: u64,
    /// TLS handshakes that resumed a session of before (1.3 only; 1.2 counts as full).
    pub resumed_handshakes: u64,
}

impl std::ops::Sub for Trips {
    type Output = Trips;

    fn sub(self, before: Trips) -> Trips {
        Trips {
            round_trips: self.round_trips - before.round_trips,
            connections: self.connections - before.connections,
            full_handshakes: self.full_handshakes - before.full_handshakes,
            resumed_handshakes: self.resumed_handshakes - before.resumed_handshakes,
        }
    }
}

/// A port on loopback that leads to another, until it is dropped.
pub struct DelayProxy {
    port: u16,
    line: Arc<Line>,
}

/// What all connections share.
struct Line {
    target: SocketAddr,
    delay: Duration,
    trips: Mutex<Trips>,
    connections: Connections,
}

impl DelayProxy {
    /// Leads to this port of loopback, `delay` away.
    pub fn start(target: u16, delay: Duration) -> io::Result<DelayProxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let line = Arc::new(Line {
            target: (Ipv4Addr::LOCALHOST, target).into(),
            delay,
            trips: Mutex::default(),
            connections: Connections::default(),
        });
        let accepting = Arc::clone(&line);
        thread::Builder::new()
            .name("delay-accept".into())
            .spawn(move || accept(&listener, &accepting))?;
        Ok(DelayProxy { port, line })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All that was counted since it started.
    pub fn trips(&self) -> Trips {
        *self.line.trips()
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.line.connections.close_all();
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Line {
    fn trips(&self) -> MutexGuard<'_, Trips> {
        self.trips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, line: &Arc<Line>) {
    while let Ok((near, _)) = listener.accept() {
        if line.connections.closed() {
            return;
        }
        // A connection that cannot be led on is closed.
        let _ = join(near, line);
    }
}

fn join(near: TcpStream, line: &Arc<Line>) -> io::Result<()> {
    {
        let mut trips = line.trips();
        trips.connections += 1;
        trips.round_trips += 1;
    }
    let far = Arc::new(TcpStream::connect(line.target)?);
    let near = Arc::new(near);
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let said = Arc::new(Mutex::new(Conversation::default()));

    let (there, back) = (Arc::clone(line), Arc::clone(line));
    let heard = Arc::clone(&said);
    // The client waits for the answer to its SYN: its first bytes leave that much later.
    pipe::start(
        line,
        &near,
        &far,
        2 * line.delay,
        move |bytes, at_sender| {
            if at_sender {
                conversation(&said).client_sent(bytes, &mut there.trips());
            }
        },
    )?;
    pipe::start(
        line,
        &far,
        &near,
        Duration::ZERO,
        move |bytes, at_sender| {
            if !at_sender {
                conversation(&heard).client_gets(bytes, &mut back.trips());
            }
        },
    )
}

fn conversation(of: &Mutex<Conversation>) -> MutexGuard<'_, Conversation> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
