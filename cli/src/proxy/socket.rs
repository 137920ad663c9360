//! A client's connection, over TCP or a socket of this machine, and since when its client is waited
//! for.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

#[derive(Debug)]
pub struct Socket {
    stream: Stream,
    /// Since when it waits for its client to send something, or to take something.
    waits_since: Mutex<Option<Instant>>,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Socket {
        Socket::of(Stream::Tcp(stream))
    }
}

#[cfg(unix)]
impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Socket {
        Socket::of(Stream::Unix(stream))
    }
}

/// Does the same to either.
macro_rules! either {
    ($socket:expr, $stream:ident => $does:expr) => {
        match &$socket.stream {
            Stream::Tcp($stream) => $does,
            #[cfg(unix)]
            Stream::Unix($stream) => $does,
        }
    };
}

impl Socket {
    fn of(stream: Stream) -> Socket {
        Socket {
            stream,
            waits_since: Mutex::default(),
        }
    }

    /// Since when the client has neither sent what is waited for, nor taken it.
    pub fn waits_since(&self) -> Option<Instant> {
        *self.wait()
    }

    fn waiting<R>(&self, what: impl FnOnce() -> R) -> R {
        *self.wait() = Some(Instant::now());
        let done = what();
        *self.wait() = None;
        done
    }

    fn wait(&self) -> MutexGuard<'_, Option<Instant>> {
        let waits_since = self.waits_since.lock();
        waits_since.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits no longer than this for a piece to come, and as long for one to leave.
    pub fn set_timeouts(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(time)?;
        either!(self, stream => stream.set_write_timeout(Some(time)))
    }

    /// Waits no longer than this for a piece to come. Zero would be for ever.
    pub fn set_read_timeout(&self, time: Duration) -> io::Result<()> {
        let time = time.max(Duration::from_millis(1));
        either!(self, stream => stream.set_read_timeout(Some(time)))
    }

    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = || either!(self, stream => { let mut stream = stream; stream.read(buffer) });
        self.waiting(|| {
            loop {
                match read() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => return read,
                }
            }
        })
    }

    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        self.waiting(
            || either!(self, stream => { let mut stream = stream; stream.write_all(bytes) }),
        )
    }

    pub fn shut(&self, how: Shutdown) {
        // It may be gone already.
        let _ = either!(self, stream => stream.shutdown(how));
    }

    /// Makes its end an error for the client, where that is possible: over TCP.
    pub fn reset_when_dropped(&self) {
        let socket = either!(self, stream => socket2::SockRef::from(stream));
        let _ = socket.set_linger(Some(Duration::ZERO));
    }

    /// Whether the client has closed its side. Never waits.
    pub fn is_gone(&self) -> bool {
        self.has_input() && !matches!(self.peek(), Ok(1..))
    }

    /// Whether something came, be it the end. Never waits.
    pub fn has_input(&self) -> bool {
        let mut socket = [either!(self, stream => PollFd::new(stream, PollFlags::IN))];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut socket, Some(&now)), Ok(1..))
    }

    fn peek(&self) -> io::Result<usize> {
        let socket = either!(self, stream => socket2::SockRef::from(stream));
        socket.peek(&mut [std::mem::MaybeUninit::uninit()])
    }
}

/// Whether nothing came in time.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
