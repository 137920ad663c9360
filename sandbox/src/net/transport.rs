//! The two ways bytes travel, plain and over TLS, behind one trait: read, write, ask whether the
//! client hung up, and say goodbye.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

pub trait Transport: Read + Write {
    /// Whether what travels is encrypted.
    const SECURE: bool;

    fn socket(&self) -> &TcpStream;

    /// Whether the client closed its side. Doesn't wait and loses no byte.
    fn hung_up(&mut self) -> bool;

    /// Says goodbye where the protocol has a word for it. The connection closes when it is dropped.
    fn finish(&mut self);
}

pub struct Plain(Arc<TcpStream>);

impl Plain {
    pub fn new(socket: Arc<TcpStream>) -> Plain {
        // On Windows a shutdown does not end a read that is under way.
        if cfg!(windows) {
            let _ = socket.set_read_timeout(Some(Duration::from_millis(100)));
        }
        Plain(socket)
    }
}

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&*self.0).read(buffer) {
                // It looks again: by then the sandbox may have ended.
                Err(error) if cfg!(windows) && error.kind() == ErrorKind::TimedOut => {}
                read => return read,
            }
        }
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        (&*self.0).write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Plain {
    const SECURE: bool = false;

    fn socket(&self) -> &TcpStream {
        &self.0
    }

    fn hung_up(&mut self) -> bool {
        without_waiting(&self.0.clone(), || match self.0.peek(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        })
    }

    fn finish(&mut self) {}
}

pub struct Secure(pub StreamOwned<ServerConnection, Plain>);

impl Read for Secure {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Secure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Transport for Secure {
    const SECURE: bool = true;

    fn socket(&self) -> &TcpStream {
        &self.0.sock.0
    }

    fn hung_up(&mut self) -> bool {
        let socket = Arc::clone(&self.0.sock.0);
        let stream = &mut self.0;
        without_waiting(&socket, || {
            loop {
                match stream.conn.read_tls(&mut stream.sock) {
                    Ok(0) => return true,
                    Ok(_) => match stream.conn.process_new_packets() {
                        Ok(state) if !state.peer_has_closed() => {}
                        _ => return true,
                    },
                    Err(error) => return error.kind() != ErrorKind::WouldBlock,
                }
            }
        })
    }

    fn finish(&mut self) {
        self.0.conn.send_close_notify();
        let _ = self.0.flush();
    }
}

fn without_waiting(socket: &TcpStream, look: impl FnOnce() -> bool) -> bool {
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    let gone = look();
    socket.set_nonblocking(false).is_err() || gone
}
