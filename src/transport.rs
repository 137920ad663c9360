//! How bytes move: plain TCP beneath the HTTP crate, with every wait cut into slices between which
//! the call is asked whether it goes on. The call in question is the one this thread has under way;
//! a kept connection serves many calls.
//!
//! No socket ever blocks: what cannot be done at once is waited for in one place,
//! [`ready_within_a_slice`].

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    RustlsConnector, Transport,
};

use crate::background;
use crate::call::{Running, SLICE};
use crate::error::{Error, Status};

pub(crate) const BUFFER_BYTES: usize = 32 * 1024;
/// Output is gathered up to this much, so that head and body of a request leave in one packet.
const GATHER_BYTES: usize = 64 * 1024;

thread_local! {
    /// The request this thread is sending. An interrupt function may start another one inside it:
    /// they nest.
    static UNDER_WAY: RefCell<Option<Sending>> = const { RefCell::new(None) };
}

struct Sending {
    running: Running,
    connect_timeout: Duration,
    connect_deadline: Option<Instant>,
    next_check: Instant,
    sent: bool,
    reason: Option<Error>,
}

impl Sending {
    /// Something was written: of the request itself, once its connection stands. From then on what
    /// must not be given up has its own time.
    fn wrote(&mut self) {
        if !self.sent && self.connect_deadline.is_none() {
            self.sent = true;
            self.running = self.running.once_sent();
        }
    }
}

/// One request under way on this thread, from [`UnderWay::begin`] until [`UnderWay::end`].
pub(crate) struct UnderWay {
    outer: Option<Sending>,
}

/// What is known of a request after it ended.
pub(crate) struct Ending {
    /// Whether anything of it can have left this machine.
    pub sent: bool,
    /// Why its call ended it, if it did.
    pub reason: Option<Error>,
}

impl UnderWay {
    pub fn begin(running: &Running, connect_timeout: Duration) -> UnderWay {
        let sending = Sending {
            running: running.clone(),
            connect_timeout,
            connect_deadline: None,
            next_check: Instant::now() + SLICE,
            sent: false,
            reason: None,
        };
        UnderWay {
            outer: UNDER_WAY.replace(Some(sending)),
        }
    }

    pub fn end(mut self) -> Ending {
        let sending = UNDER_WAY.replace(self.outer.take());
        std::mem::forget(self);
        sending.map_or(
            Ending {
                sent: true,
                reason: None,
            },
            |sending| Ending {
                sent: sending.sent,
                reason: sending.reason,
            },
        )
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.set(self.outer.take());
    }
}

fn with_sending<R>(use_it: impl FnOnce(&mut Sending) -> R) -> io::Result<R> {
    UNDER_WAY.with_borrow_mut(|sending| match sending {
        Some(sending) => Ok(use_it(sending)),
        None => Err(io::Error::other("no request is under way")),
    })
}

/// Asks the call whether it goes on. Nothing is borrowed meanwhile: an interrupt function may do as
/// it likes.
fn check() -> io::Result<()> {
    let (running, connect_deadline) =
        with_sending(|sending| (sending.running.clone(), sending.connect_deadline))?;
    let late = connect_deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let verdict = running.check().and_then(|()| match late {
        true => Err(Error::new(
            Status::Timeout,
            "no connection within connect_timeout_ms",
        )),
        false => Ok(()),
    });
    with_sending(|sending| {
        sending.next_check = Instant::now() + SLICE;
        verdict.map_err(|error| {
            sending.reason = Some(error);
            io::Error::other("the call was ended")
        })
    })?
}

/// [`check`], but no more often than once a slice: for I/O that goes on without ever waiting.
fn check_now_and_then() -> io::Result<()> {
    match with_sending(|sending| Instant::now() >= sending.next_check)? {
        true => check(),
        false => Ok(()),
    }
}

/// The longest the next wait may be.
fn slice() -> io::Result<Duration> {
    with_sending(|sending| {
        let own = sending.running.slice();
        match sending.connect_deadline {
            None => own,
            Some(deadline) => own
                .min(deadline.saturating_duration_since(Instant::now()))
                .max(Duration::from_millis(1)),
        }
    })
}

/// Proxy, TCP and TLS, in that order.
pub(crate) fn connector() -> impl Connector {
    Connect {
        chain:
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector)
                .chain(RustlsConnector::default()),
    }
}

/// Makes a connection, within connect_timeout_ms. What is written meanwhile is not yet the request.
#[derive(Debug)]
struct Connect<C> {
    chain: C,
}

impl<C: Connector> Connector for Connect<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // A proxy is spoken to through a connection of its own, made within this one.
        let outermost = with_sending(|sending| {
            let outermost = sending.connect_deadline.is_none();
            if outermost {
                sending.connect_deadline = Some(Instant::now() + sending.connect_timeout);
            }
            outermost
        })?;
        let made = self.chain.connect(details, chained);
        if outermost {
            with_sending(|sending| sending.connect_deadline = None)?;
        }
        made
    }
}

#[derive(Debug)]
struct TcpConnector;

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, Tcp>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(tunnel) = chained {
            return Ok(Some(Either::A(tunnel)));
        }
        let mut failure = ureq::Error::HostNotFound;
        for (tried, address) in details.addrs.iter().enumerate() {
            // Every address gets its share of the time that is left.
            match connect_tcp(*address, details.addrs.len() - tried) {
                Ok(stream) => return Ok(Some(Either::B(Tcp::new(stream)))),
                Err(error) if with_sending(|sending| sending.reason.is_some())? => {
                    return Err(error.into());
                }
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }
}

fn connect_tcp(address: SocketAddr, shares: usize) -> io::Result<TcpStream> {
    let deadline = with_sending(|sending| {
        let now = Instant::now();
        let left = sending.connect_deadline.map(|end| end - now);
        left.map(|left| now + left / shares as u32)
    })?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    let connected = socket.connect(&address.into());
    // From here on the standard library's: its writes raise no SIGPIPE (by MSG_NOSIGNAL, or by
    // SO_NOSIGPIPE, which `Socket::new` has set).
    let stream = TcpStream::from(socket);
    match connected {
        Ok(()) => Ok(stream),
        Err(error) if goes_on(&error) => await_connection(stream, deadline),
        Err(error) => Err(error),
    }
}

/// Whether a connect that did not end at once goes on by itself.
fn goes_on(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INPROGRESS | Errno::WOULDBLOCK | Errno::INTR)
    )
}

fn await_connection(stream: TcpStream, deadline: Option<Instant>) -> io::Result<TcpStream> {
    loop {
        let ready = ready_within_a_slice(&stream, PollFlags::OUT)?;
        // Asked each time: some systems do not report a failed connect as ready.
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        if ready {
            stream.peer_addr()?;
            return Ok(stream);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// Waits for the socket, one slice at most, and asks the call.
fn ready_within_a_slice(stream: &TcpStream, wanted: PollFlags) -> io::Result<bool> {
    let slice = Timespec::try_from(slice()?).map_err(io::Error::other)?;
    let ready = match poll(&mut [PollFd::new(stream, wanted)], Some(&slice)) {
        Ok(count) => count > 0,
        Err(Errno::INTR) => false,
        Err(error) => return Err(error.into()),
    };
    match ready {
        true => check_now_and_then()?,
        false => check()?,
    }
    Ok(ready)
}

/// A TCP connection that gathers output until input is awaited.
struct Tcp {
    stream: TcpStream,
    buffers: LazyBuffers,
    gathered: Vec<u8>,
    /// Why nothing can be written any more. What the other side said before it hung up can still be
    /// read: it may have refused a long body before all of it was there.
    hung_up: Option<io::Error>,
}

impl Tcp {
    fn new(stream: TcpStream) -> Tcp {
        Tcp {
            stream,
            buffers: LazyBuffers::new(BUFFER_BYTES, BUFFER_BYTES),
            gathered: Vec::new(),
            hung_up: None,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.gathered.len() {
            match self.stream.write(&self.gathered[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    written += n;
                    with_sending(Sending::wrote)?;
                    check_now_and_then()?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready_within_a_slice(&self.stream, PollFlags::OUT)?;
                }
                Err(error) if is_hang_up(&error) => {
                    self.hung_up = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        self.forget_gathered();
        Ok(())
    }

    fn read(&mut self) -> io::Result<usize> {
        let read = loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready_within_a_slice(&self.stream, PollFlags::IN)?;
                }
                read => break read,
            }
        };
        check_now_and_then()?;
        let says_more = matches!(read, Ok(n) if n > 0);
        match self.hung_up.take_if(|_| !says_more) {
            Some(why) => Err(why),
            None => read,
        }
    }

    /// What was gathered held tokens, perhaps a password.
    fn forget_gathered(&mut self) {
        self.gathered.fill(0);
        std::hint::black_box(&mut self.gathered).clear();
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if self.hung_up.is_some() {
            return Ok(());
        }
        let output = &self.buffers.output()[..amount];
        self.gathered.extend_from_slice(output);
        if self.gathered.len() >= GATHER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush()?;
        let n = self.read()?;
        self.buffers.input_appended(n);
        Ok(n > 0)
    }

    fn is_open(&mut self) -> bool {
        // Bytes, the end or an error: no longer fit for a request.
        let nothing_to_read = matches!(
            self.stream.peek(&mut [0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock
        );
        self.hung_up.is_none() && nothing_to_read
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        self.forget_gathered();
    }
}

impl std::fmt::Debug for Tcp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tcp").finish_non_exhaustive()
    }
}

/// Resolves names on a thread of its own, since the system's resolver cannot be interrupted;
/// addresses need none.
#[derive(Debug)]
pub(crate) struct SlicedResolver;

impl Resolver for SlicedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
            Some("http") => 80,
            _ => 443,
        });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = match bare.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => look_up(bare, port)?,
        };
        let mut addresses = self.empty();
        for address in found.into_iter().take(16) {
            addresses.push(address);
        }
        match addresses.is_empty() {
            true => Err(ureq::Error::HostNotFound),
            false => Ok(addresses),
        }
    }
}

fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (answer, answered) = mpsc::sync_channel(1);
    let host = host.to_owned();
    background::spawn("tsm-resolve", move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // Nobody listens any more when the call was ended.
        let _ = answer.send(found.map(Iterator::collect));
    })?;
    loop {
        match answered.recv_timeout(slice()?) {
            Ok(found) => return found,
            Err(mpsc::RecvTimeoutError::Timeout) => check()?,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the resolver failed"));
            }
        }
    }
}
