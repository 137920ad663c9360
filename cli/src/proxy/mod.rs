//! A local endpoint that adds both tokens to whatever HTTP client speaks to it: a request goes to
//! the platform by [`Session::stream`], and the answer back as it came. Only this machine reaches
//! it, and what a browser would send for a page is refused.
//!
//! A thread serves a connection. Nothing is whole in memory but heads, the bodies of requests up to
//! [`HOLD_MAX_BYTES`] (so that they can be sent again), and the beginning of an error.

mod answer;
mod body;
mod connections;
mod conversation;
mod guard;
mod head;
mod listener;
mod refusal;
mod socket;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thingspace_session::Session;

pub use connections::Connections;
use connections::Seat;
use conversation::Conversation;
pub use guard::{Bearer, Guard};
pub use listener::Listener;
use socket::Socket;

/// The longest that a client may send nothing, or take nothing.
const PIECE_TIME: Duration = Duration::from_secs(60);
/// A longer body of a request is sent while it comes, and once.
pub const HOLD_MAX_BYTES: usize = 1024 * 1024;

/// The token is put into an envelope, which is whole only once it is written; and an envelope may
/// log in, where the lockout guard does not see it.
pub const NO_SOAP: &str = "thingspace proxy serves no SOAP: use thingspace soap, or bindings that \
                           put the token into the envelopes of your own client";

/// What all connections share.
pub struct Proxy {
    pub session: Session,
    pub guard: Guard,
}

/// Takes connections until it is told to stop.
pub fn accept(listener: &Listener, proxy: &Arc<Proxy>, connections: &Arc<Connections>) {
    while connections.are_taken() {
        match listener.accept() {
            Ok(socket) if connections.await_room() => serve(socket, proxy, connections),
            Ok(_) => return,
            Err(error) if is_of_one_connection(&error) => {}
            // Such as no file left: some will be.
            Err(_) => connections.await_change(),
        }
    }
}

/// The client hung up before it was served.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::Interrupted | Kind::ConnectionAborted | Kind::ConnectionReset | Kind::WouldBlock
    )
}

fn serve(socket: Socket, proxy: &Arc<Proxy>, connections: &Arc<Connections>) {
    if socket.set_timeouts(PIECE_TIME).is_err() {
        return;
    }
    let socket = Arc::new(socket);
    let Some(seat) = Seat::take(connections, &socket) else {
        return;
    };
    let proxy = Arc::clone(proxy);
    let converse = move || Conversation::new(&proxy, &socket, &seat).go_on();
    // Without a thread the connection is closed.
    let _ = std::thread::Builder::new()
        .name("proxy".into())
        .spawn(converse);
}
