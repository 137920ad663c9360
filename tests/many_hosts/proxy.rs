//! What stands between a host and a server, and may part them: connections that are cut, or on
//! which nothing arrives any more.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

pub struct Proxy {
    port: u16,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Default)]
struct State {
    /// Nothing gets through.
    parted: bool,
    /// How much more a client may say before that, and that it has come to it.
    trap: Option<usize>,
    sprung: bool,
    /// The test is over.
    ended: bool,
    connections: Vec<TcpStream>,
}

impl Proxy {
    /// To a port of this machine.
    pub fn to(server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Way::default());
        let proxy = Proxy {
            port,
            way: Arc::clone(&way),
        };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if way.state.lock().unwrap().ended {
                    return;
                }
                // A server that is gone hangs up.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    way.join(client, server);
                }
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From here on nothing arrives, and nobody is told.
    pub fn part(&self) {
        self.way.state.lock().unwrap().parted = true;
    }

    /// After so much of what clients say, nothing arrives any more, until all is healed.
    pub fn part_after(&self, words: usize) {
        let mut state = self.way.state.lock().unwrap();
        (state.trap, state.sprung) = (Some(words), false);
    }

    /// Whether it has come to that.
    pub fn has_parted(&self) -> bool {
        self.way.state.lock().unwrap().sprung
    }

    /// What was held back arrives.
    pub fn heal(&self) {
        let mut state = self.way.state.lock().unwrap();
        (state.parted, state.trap) = (false, None);
        drop(state);
        self.way.opened.notify_all();
    }

    /// Ends all connections; what is under way is lost.
    pub fn cut(&self) {
        for connection in self.way.state.lock().unwrap().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.state.lock().unwrap().ended = true;
        self.heal();
        self.cut();
        // The listener looks once more.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn spring(&mut self) {
        match self.trap {
            Some(0) => {
                (self.parted, self.sprung, self.trap) = (true, true, None);
            }
            Some(words) => self.trap = Some(words - 1),
            None => {}
        }
    }
}

impl Way {
    fn join(self: &Arc<Way>, client: TcpStream, server: TcpStream) {
        let mut state = self.state.lock().unwrap();
        for end in [&client, &server] {
            let _ = end.set_nodelay(true);
            state.connections.push(end.try_clone().unwrap());
        }
        drop(state);
        let (of_client, of_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        for (from, to, is_client) in [(client, server, true), (of_server, of_client, false)] {
            let way = Arc::clone(self);
            std::thread::spawn(move || way.carry(from, to, is_client));
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_client: bool) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            let mut state = self.state.lock().unwrap();
            if is_client {
                state.spring();
            }
            drop(self.opened.wait_while(state, |state| state.parted));
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
