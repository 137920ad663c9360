//! Connections that cannot be made, or end too early: the call ends as it should, and what the
//! other side said is heard.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use thingspace_session::{Call, Config, Request, Result, Session, Status};

fn config(port: u16) -> Config {
    let mut config = Config::new();
    for (name, value) in [
        ("base_url", &*format!("http://127.0.0.1:{port}/api")),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("api_token", "api-token"),
        ("store", "memory:"),
    ] {
        config.set(name, value).unwrap();
    }
    config
}

/// A port to which connections are neither made nor refused: its queue is full. All of it is closed
/// when this is dropped.
struct Full {
    port: u16,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl Full {
    fn new() -> Full {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queued = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // Under way at best.
            let _ = socket.connect(&address);
            socket
        });
        Full {
            port: address.as_socket().unwrap().port(),
            _queued: queued.collect(),
            _listener: listener,
        }
    }
}

#[test]
fn a_connection_that_is_never_made_ends_by_connect_timeout_and_costs_no_login() {
    let full = Full::new();
    let mut config = config(full.port);
    config.set("connect_timeout_ms", "60").unwrap();
    config.set("max_login_failures", "1").unwrap();
    for _ in 0..3 {
        let error = Session::login(&config, &Call::new()).unwrap_err();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        assert!(error.message().contains("no connection to"), "{error}");
        assert!(
            error.message().contains("no connection within 0.06 s"),
            "{error}"
        );
    }
}

#[test]
fn a_call_is_asked_while_it_connects() {
    let full = Full::new();
    let mut config = config(full.port);
    config.set("connect_timeout_ms", "86400000").unwrap();
    config.set("timeout_ms", "86400000").unwrap();
    let call = Call::new();
    call.set_interrupt(Some(Box::new(|| true)));
    let error = Session::login(&config, &call).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled, "{error}");
}

/// Answers logins, and gives every other connection's request to `refuse`.
fn serve(refuse: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = [0; 64 * 1024];
            let length = stream.read(&mut first).unwrap();
            let first = &first[..length];
            match first.starts_with(b"POST /api/m2m/v1/session/login ") {
                true => {
                    assert!(first.ends_with(b"}"), "head and body come in one packet");
                    let answer =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\nConnection: close\r\n\r\n\
                                   {\"sessionToken\":\"ab\"}";
                    stream.write_all(answer).unwrap();
                }
                false => refuse(stream),
            }
        }
    });
    port
}

fn upload(port: u16) -> Result<u16> {
    let session = Session::login(&config(port), &Call::new()).unwrap();
    let request = Request {
        method: "POST",
        path: "/upload",
        headers: &[],
        body: &vec![b'x'; 16 * 1024 * 1024],
    };
    let answer = session.request(&Call::new(), request);
    answer.map(|answer| answer.status())
}

#[test]
fn an_answer_that_comes_before_the_body_is_out_is_read() {
    let port = serve(|mut stream| {
        let answer = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(answer).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read(&mut [0; 1024]);
    });
    for _ in 0..5 {
        assert_eq!(upload(port).unwrap(), 413);
    }
}

#[test]
fn a_hang_up_without_a_word_is_an_error_of_the_network() {
    let port = serve(drop);
    for _ in 0..5 {
        let error = upload(port).unwrap_err();
        assert_eq!(error.status(), Status::Network, "{error}");
        assert!(error.message().contains("no whole answer from"), "{error}");
    }
}

/// What a server saw that keeps connections open. `/hold` is answered when two of them are asked
/// for, `/stall` never.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    /// The number of the connection that was answered last.
    answered: AtomicUsize,
    stalls: AtomicUsize,
}

fn keep_alive(seen: &Arc<Seen>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::clone(seen);
    thread::spawn(move || {
        let both = Arc::new(Barrier::new(2));
        for stream in listener.incoming() {
            let number = seen.connections.fetch_add(1, Ordering::SeqCst);
            let (both, seen) = (Arc::clone(&both), Arc::clone(&seen));
            thread::spawn(move || answer_all(stream.unwrap(), number, &both, &seen));
        }
    });
    port
}

fn answer_all(mut stream: TcpStream, number: usize, both: &Barrier, seen: &Seen) {
    let mut request = [0; 64 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut request) {
        let request = &request[..length];
        if request.starts_with(b"GET /api/hold ") {
            both.wait();
        }
        if request.starts_with(b"GET /api/stall ") {
            seen.stalls.fetch_add(1, Ordering::SeqCst);
        } else {
            seen.answered.store(number, Ordering::SeqCst);
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n";
            let answer = [&head[..], br#"{"sessionToken":"ab"}"#].concat();
            stream.write_all(&answer).unwrap();
        }
    }
}

fn get(session: &Session, call: &Call, path: &str) -> Result<()> {
    let request = Request {
        method: "GET",
        path,
        headers: &[],
        body: &[],
    };
    session.request(call, request).map(drop)
}

#[test]
fn a_kept_connection_that_leads_nowhere_takes_its_like_along() {
    let seen = Arc::new(Seen::default());
    let made = || seen.connections.load(Ordering::SeqCst);
    let session = Session::login(&config(keep_alive(&seen)), &Call::new()).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| get(&session, &Call::new(), "/hold").unwrap());
        }
    });
    let two = made();
    for _ in 0..5 {
        get(&session, &Call::new(), "/").unwrap();
    }
    assert_eq!(made(), two);
    let impatient = Call::new();
    impatient.set_timeout(Duration::from_millis(200));
    while seen.stalls.load(Ordering::SeqCst) == 0 {
        let error = get(&session, &impatient, "/stall").unwrap_err();
        assert_eq!(error.status(), Status::Timeout, "{error}");
    }
    get(&session, &Call::new(), "/").unwrap();
    let answered = seen.answered.load(Ordering::SeqCst);
    assert!(answered >= two, "{answered} of {two}");
}
