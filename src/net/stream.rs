//! One connection, with TLS or without.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};

use super::Watch;
use super::tls::Tls;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Tls(Box<Tls>),
}

impl Stream {
    pub(super) fn tcp(stream: TcpStream) -> Stream {
        Stream::Tcp(stream)
    }

    pub fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Reads what is there; `WouldBlock` when nothing is. 0 at the end.
    pub fn try_read(&mut self, buffer: &mut [u8], watch: &mut Watch) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Tls(tls) => tls.try_read(buffer, watch),
        }
    }

    /// Takes some of the bytes, at once or with [`Stream::try_flush`]; `WouldBlock` when it can
    /// take none.
    pub fn try_write(&mut self, bytes: &[u8], watch: &mut Watch) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes).inspect(|n| {
                if *n > 0 {
                    watch.wrote();
                }
            }),
            #[cfg(unix)]
            Stream::Unix(stream) => send(stream, bytes),
            Stream::Tls(tls) => tls.try_write(bytes, watch),
        }
    }

    /// Writes what was taken; `WouldBlock` when it cannot.
    pub fn try_flush(&mut self, watch: &mut Watch) -> io::Result<()> {
        match self {
            Stream::Tcp(_) => Ok(()),
            #[cfg(unix)]
            Stream::Unix(_) => Ok(()),
            Stream::Tls(tls) => tls.try_flush(watch),
        }
    }

    /// Reads at least one byte, unless it is the end: 0. Waits.
    pub fn read(&mut self, buffer: &mut [u8], watch: &mut Watch) -> io::Result<usize> {
        loop {
            match self.try_read(buffer, watch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.await_ready(PollFlags::IN, watch)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    watch.check_now_and_then()?;
                    return read;
                }
            }
        }
    }

    /// Writes some of the bytes. Waits.
    pub fn write(&mut self, bytes: &[u8], watch: &mut Watch) -> io::Result<usize> {
        loop {
            match self.try_write(bytes, watch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.await_ready(PollFlags::OUT, watch)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => {
                    watch.check_now_and_then()?;
                    return written;
                }
            }
        }
    }

    /// Writes what was taken. Waits.
    pub fn flush(&mut self, watch: &mut Watch) -> io::Result<()> {
        loop {
            match self.try_flush(watch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.await_ready(PollFlags::OUT, watch)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                flushed => return flushed,
            }
        }
    }

    /// Waits for the socket, one slice at most, and asks the call. What it is ready for.
    pub fn await_ready(&self, wanted: PollFlags, watch: &mut Watch) -> io::Result<PollFlags> {
        let mut socket = [self.socket(wanted)];
        watch.await_ready(&mut socket, None)?;
        Ok(socket[0].revents())
    }

    /// Whether the other side has neither closed it nor said anything that nobody asked for. Never
    /// waits.
    pub fn is_quiet(&mut self, watch: &mut Watch) -> bool {
        let would_block = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        match self {
            Stream::Tcp(stream) => stream.peek(&mut [0]).is_err_and(would_block),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.read(&mut [0]).is_err_and(would_block),
            // What is below may hold more than data, such as tickets.
            Stream::Tls(tls) => tls.try_read(&mut [0], watch).is_err_and(would_block),
        }
    }

    fn socket(&self, wanted: PollFlags) -> PollFd<'_> {
        match self {
            Stream::Tcp(stream) => PollFd::new(stream, wanted),
            #[cfg(unix)]
            Stream::Unix(stream) => PollFd::new(stream, wanted),
            Stream::Tls(tls) => tls.below().socket(wanted),
        }
    }
}

/// Writes, and never raises SIGPIPE: the standard library of Rust 1.89 does on a socket of this
/// machine. On Apple's systems `Socket::new` has seen to it.
#[cfg(unix)]
fn send(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    #[cfg(target_vendor = "apple")]
    const FLAGS: i32 = 0;
    #[cfg(not(target_vendor = "apple"))]
    const FLAGS: i32 = libc::MSG_NOSIGNAL;
    socket2::SockRef::from(stream).send_with_flags(bytes, FLAGS)
}

/// A stream that waits, for code that reads and writes.
pub(crate) struct Watched<'a> {
    pub stream: &'a mut Stream,
    pub watch: &'a mut Watch,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer, self.watch)
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes, self.watch)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush(self.watch)
    }
}
