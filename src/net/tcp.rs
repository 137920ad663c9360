//! TCP connections. Of several addresses the next one is tried beside those that are slow, so that
//! one that leads nowhere costs little (RFC 8305, "Happy Eyeballs").

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::Watch;

/// How long an address is tried alone before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// The first connection that stands. When none does, the failure is that of the first address.
pub(super) fn connect(addresses: &[SocketAddr], watch: &mut Watch) -> io::Result<TcpStream> {
    let mut left = families_in_turn(addresses);
    let mut under_way: Vec<TcpStream> = Vec::new();
    let mut failure = None;
    let mut next_at = Instant::now();
    loop {
        if under_way.is_empty() || Instant::now() >= next_at {
            match left.pop_front().map(begin) {
                Some(Ok(Begun::Stands(stream))) => return Ok(stream),
                Some(Ok(Begun::GoesOn(stream))) => under_way.push(stream),
                Some(Err(error)) => {
                    failure.get_or_insert(error);
                    continue;
                }
                None if under_way.is_empty() => {
                    return Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()));
                }
                None => {}
            }
            next_at = Instant::now() + HEAD_START;
        }
        let until_next = next_at.saturating_duration_since(Instant::now());
        let at_most = (!left.is_empty()).then_some(until_next);
        let sockets = under_way.iter();
        let mut sockets: Vec<PollFd<'_>> =
            sockets.map(|s| PollFd::new(s, PollFlags::OUT)).collect();
        watch.await_ready(&mut sockets, at_most)?;
        let ready: Vec<bool> = sockets.iter().map(|s| !s.revents().is_empty()).collect();
        for (n, ready) in ready.into_iter().enumerate().rev() {
            // Asked each time: some systems do not report a failed connect as ready.
            let error = match under_way[n].take_error()? {
                None if !ready => continue,
                None => match under_way[n].peer_addr() {
                    Ok(_) => return Ok(under_way.swap_remove(n)),
                    Err(error) => error,
                },
                Some(error) => error,
            };
            failure.get_or_insert(error);
            under_way.remove(n);
            next_at = Instant::now();
        }
    }
}

/// A connection to a socket of this machine, which is there at once, unless its queue is full.
#[cfg(unix)]
pub(super) fn connect_to_socket(
    path: &str,
    watch: &mut Watch,
) -> io::Result<std::os::unix::net::UnixStream> {
    let address = socket2::SockAddr::unix(path)?;
    loop {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address) {
            Ok(()) => return Ok(std::os::fd::OwnedFd::from(socket).into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                watch.await_ready(&mut [], Some(Duration::from_millis(5)))?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The order of the system's resolver, which puts the better family first, but so that a family
/// without a way out holds nothing up for long.
fn families_in_turn(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|a| a.is_ipv6() == first_is_v6);
    let mut in_turn = VecDeque::with_capacity(addresses.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return in_turn;
        }
        in_turn.extend(pair.into_iter().flatten());
    }
}

enum Begun {
    Stands(TcpStream),
    GoesOn(TcpStream),
}

fn begin(address: SocketAddr) -> io::Result<Begun> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    let connected = socket.connect(&address.into());
    // From here on the standard library's: its writes raise no SIGPIPE (by MSG_NOSIGNAL, or by
    // SO_NOSIGPIPE, which `Socket::new` has set).
    let stream = TcpStream::from(socket);
    match connected {
        Ok(()) => Ok(Begun::Stands(stream)),
        Err(error) if goes_on(&error) => Ok(Begun::GoesOn(stream)),
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::*;
    use crate::call::{Call, Running};

    fn watch() -> Watch {
        Watch::new(&Running::start(
            &Call::new(),
            Arc::default(),
            Duration::from_secs(3600),
        ))
    }

    /// An address to which connections are neither made nor refused.
    fn full() -> (Socket, SocketAddr, Vec<Socket>) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queued = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        });
        let queued = queued.collect();
        (listener, address.as_socket().unwrap(), queued)
    }

    #[test]
    fn families_take_turns_and_the_better_one_begins() {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let given = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        let wanted = parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(families_in_turn(&given), wanted);
        let given = parse(&["1.1.1.1:1", "[::1]:1"]);
        assert_eq!(families_in_turn(&given), given);
    }

    #[test]
    fn a_slow_address_does_not_hold_up_the_next() {
        let (_listener, slow, _queued) = full();
        let quick = TcpListener::bind("127.0.0.1:0").unwrap();
        let quick = quick.local_addr().unwrap();
        let stream = connect(&[slow, quick], &mut watch()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), quick);
    }

    #[test]
    fn a_refused_address_leaves_the_others_to_be_tried() {
        let quick = TcpListener::bind("127.0.0.1:0").unwrap();
        let quick_address = quick.local_addr().unwrap();
        // Bound, so that it is nobody else's, and not listened on.
        let gone = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        gone.bind(&any.into()).unwrap();
        let refused = gone.local_addr().unwrap().as_socket().unwrap();
        assert!(connect(&[refused, refused, quick_address], &mut watch()).is_ok());
        let error = connect(&[refused, refused], &mut watch()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[], &mut watch()).is_err());
    }
}
