//! How bytes move: plain TCP beneath the HTTP crate, with every wait cut into slices between which
//! the call is asked whether it goes on. The call in question is the one this thread has under way;
//! a kept connection serves many calls.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use once_cell::race::OnceBool;
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
/// Who answered within this long is expected to do so again: a platform behind a proxy or gateway
/// on this machine.
const SOON: Duration = Duration::from_micros(300);
/// How long to stay awake for such an answer. Falling asleep and being woken on another core takes
/// about as long, and more of the processor's time.
const AWAKE: Duration = Duration::from_micros(100);

thread_local! {
    /// The request this thread is sending. An interrupt function may start another one inside it:
    /// they nest.
    static UNDER_WAY: RefCell<Option<State>> = const { RefCell::new(None) };
}

struct State {
    running: Running,
    connect_timeout: Duration,
    connect_deadline: Option<Instant>,
    next_check: Instant,
    sent: bool,
    reason: Option<Error>,
}

/// One request under way on this thread, from [`UnderWay::begin`] until [`UnderWay::end`].
pub(crate) struct UnderWay {
    outer: Option<State>,
}

/// What is known of a request after it ended.
pub(crate) struct Ended {
    /// Whether anything of it can have left this machine.
    pub sent: bool,
    /// Why its call ended it, if it did.
    pub reason: Option<Error>,
}

impl UnderWay {
    pub fn begin(running: &Running, connect_timeout: Duration) -> UnderWay {
        let state = State {
            running: running.clone(),
            connect_timeout,
            connect_deadline: None,
            next_check: Instant::now() + SLICE,
            sent: false,
            reason: None,
        };
        UnderWay {
            outer: UNDER_WAY.replace(Some(state)),
        }
    }

    pub fn end(mut self) -> Ended {
        let state = UNDER_WAY.replace(self.outer.take());
        std::mem::forget(self);
        state.map_or(
            Ended {
                sent: true,
                reason: None,
            },
            |state| Ended {
                sent: state.sent,
                reason: state.reason,
            },
        )
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.set(self.outer.take());
    }
}

fn with_state<R>(use_it: impl FnOnce(&mut State) -> R) -> io::Result<R> {
    UNDER_WAY.with_borrow_mut(|state| match state {
        Some(state) => Ok(use_it(state)),
        None => Err(io::Error::other("no request is under way")),
    })
}

/// Asks the call whether it goes on. Nothing is borrowed meanwhile: an interrupt function may do as
/// it likes.
fn check() -> io::Result<()> {
    let (running, connect_deadline) = with_state(|state| {
        let running = match state.sent && state.connect_deadline.is_none() {
            true => state.running.once_sent(),
            false => state.running.clone(),
        };
        (running, state.connect_deadline)
    })?;
    let late = connect_deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let verdict = running.check().and_then(|()| match late {
        true => Err(Error::new(
            Status::Timeout,
            "no connection within connect_timeout_ms",
        )),
        false => Ok(()),
    });
    with_state(|state| {
        state.next_check = Instant::now() + SLICE;
        verdict.map_err(|error| {
            state.reason = Some(error);
            io::Error::other("the call was ended")
        })
    })?
}

/// [`check`], but no more often than once a slice: for I/O that goes on without ever waiting.
fn check_now_and_then() -> io::Result<()> {
    match with_state(|state| Instant::now() >= state.next_check)? {
        true => check(),
        false => Ok(()),
    }
}

/// The longest the next wait may be.
fn slice() -> io::Result<Duration> {
    with_state(|state| {
        let own = state.running.slice();
        match state.connect_deadline {
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

/// Makes a connection, and draws the line between making it and using it: until it stands, nothing
/// of the request was sent.
#[derive(Debug)]
struct Connect<C> {
    chain: C,
}

impl<C: Connector> Connector for Connect<C> {
    type Out = Established<C::Out>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let outermost = with_state(|state| {
            let outermost = state.connect_deadline.is_none();
            if outermost {
                state.connect_deadline = Instant::now().checked_add(state.connect_timeout);
            }
            outermost
        })?;
        let made = self.chain.connect(details, chained);
        with_state(|state| {
            // A proxy is spoken to through a connection of its own, made within this one.
            if outermost {
                state.connect_deadline = None;
            }
            state.sent = false;
        })?;
        Ok(made?.map(Established))
    }
}

/// A connection that stands: what is written to it may reach the platform.
#[derive(Debug)]
struct Established<T>(T);

impl<T: Transport> Transport for Established<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        with_state(|state| state.sent = true)?;
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
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
                Ok(socket) => return Ok(Some(Either::B(Tcp::new(socket)))),
                Err(error) if with_state(|state| state.reason.is_some())? => {
                    return Err(error.into());
                }
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }
}

fn connect_tcp(address: SocketAddr, shares: usize) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    let deadline = with_state(|state| {
        let now = Instant::now();
        let left = state.connect_deadline.map(|end| end - now);
        left.map(|left| now + left / shares as u32)
    })?;
    establish(&socket, address, deadline)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

/// A blocking connect that wakes up every slice: Linux takes the send timeout for it, and goes on
/// where it was when asked again.
#[cfg(target_os = "linux")]
fn establish(socket: &Socket, address: SocketAddr, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        socket.set_write_timeout(Some(slice()?))?;
        match socket.connect(&address.into()) {
            Ok(()) => return Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::EISCONN) => return Ok(()),
                Some(libc::EINPROGRESS | libc::EALREADY | libc::EAGAIN | libc::EINTR) => {
                    check()?;
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                _ => return Err(error),
            },
        }
    }
}

/// Elsewhere one wait that cannot be interrupted, but ends in time.
#[cfg(not(target_os = "linux"))]
fn establish(socket: &Socket, address: SocketAddr, deadline: Option<Instant>) -> io::Result<()> {
    let left = deadline.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()));
    let connected = socket.connect_timeout(&address.into(), left.max(Duration::from_millis(1)));
    check()?;
    connected
}

/// A TCP connection that gathers output until input is awaited.
struct Tcp {
    socket: Socket,
    buffers: LazyBuffers,
    gathered: Vec<u8>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    answers_soon: bool,
}

impl Tcp {
    fn new(socket: Socket) -> Tcp {
        Tcp {
            socket,
            buffers: LazyBuffers::new(BUFFER_BYTES, BUFFER_BYTES),
            gathered: Vec::new(),
            read_timeout: None,
            write_timeout: None,
            answers_soon: false,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.gathered.len() {
            let slice = Some(slice()?);
            if self.write_timeout != slice {
                self.socket.set_write_timeout(slice)?;
                self.write_timeout = slice;
            }
            match (&self.socket).write(&self.gathered[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    written += n;
                    check_now_and_then()?;
                }
                Err(error) if is_pause(&error) => check()?,
                Err(error) => return Err(error),
            }
        }
        self.forget_gathered();
        Ok(())
    }

    fn read(&mut self) -> io::Result<usize> {
        let asked = Instant::now();
        while self.answers_soon && asked.elapsed() < AWAKE && !may_read(&self.socket) {
            std::hint::spin_loop();
        }
        loop {
            let slice = Some(slice()?);
            if self.read_timeout != slice {
                self.socket.set_read_timeout(slice)?;
                self.read_timeout = slice;
            }
            match (&self.socket).read(self.buffers.input_append_buf()) {
                Ok(n) => {
                    self.answers_soon = asked.elapsed() < SOON && has_cores();
                    check_now_and_then()?;
                    return Ok(n);
                }
                Err(error) if is_pause(&error) => check()?,
                Err(error) => return Err(error),
            }
        }
    }

    /// What was gathered held tokens, perhaps a password.
    fn forget_gathered(&mut self) {
        self.gathered.fill(0);
        std::hint::black_box(&mut self.gathered).clear();
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
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
        // Anything to read, an end or an error: no longer fit for a request.
        !may_read(&self.socket)
    }
}

/// Whether there is anything to read without a wait: bytes, the end, or an error.
fn may_read(socket: &Socket) -> bool {
    !matches!(peek_now(socket), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// On a single core whoever answers cannot while this thread is awake.
fn has_cores() -> bool {
    static MORE_THAN_ONE: OnceBool = OnceBool::new();
    MORE_THAN_ONE
        .get_or_init(|| std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
}

#[cfg(unix)]
fn peek_now(socket: &Socket) -> io::Result<usize> {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    socket.recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT)
}

#[cfg(not(unix))]
fn peek_now(socket: &Socket) -> io::Result<usize> {
    socket.set_nonblocking(true)?;
    let peeked = socket.peek(&mut [std::mem::MaybeUninit::uninit()]);
    socket.set_nonblocking(false)?;
    peeked
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
