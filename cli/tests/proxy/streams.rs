//! Bodies of any length, both ways: never whole in memory, and ended on both sides where one ends.

use std::io::Read;
use std::sync::mpsc::channel;
use std::sync::{Mutex, mpsc};

use super::platform::{Arrived, Platform};
use super::scene::Scene;
use super::served::Served;

const MANY: u64 = 96 * 1024 * 1024;
/// What the proxy may need, the hash of a password included: half of [`MANY`].
const ENOUGH_MEMORY: u64 = 48 * 1024 * 1024;
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];

#[test]
fn long_bodies_go_through_and_take_no_memory() {
    let scene = Scene::new();
    let platform = Platform::start(|arrived: &mut Arrived| {
        let is_chunked = arrived.header("transfer-encoding").is_some();
        let length = arrived.read_body();
        arrived.say(b"HTTP/1.1 200 OK\r\n");
        if is_chunked {
            arrived.say(b"Transfer-Encoding: chunked\r\n\r\n");
        } else {
            arrived.say(format!("Content-Length: {length}\r\n\r\n").as_bytes());
        }
        for _ in 0..length / PIECE.len() as u64 {
            if is_chunked {
                arrived.say(format!("{:x}\r\n", PIECE.len()).as_bytes());
            }
            arrived.say(&PIECE);
            if is_chunked {
                arrived.say(b"\r\n");
            }
        }
        if is_chunked {
            arrived.say(b"0\r\n\r\n");
        }
        true
    });
    let served = Served::start(&mut platform.proxy(&scene));
    for is_chunked in [false, true] {
        let mut client = served.client();
        let host = served.host();
        client.send(&format!("POST /x HTTP/1.1\r\nHost: {host}\r\n"));
        match is_chunked {
            true => client.send("Transfer-Encoding: chunked\r\n\r\n"),
            false => client.send(&format!("Content-Length: {MANY}\r\n\r\n")),
        }
        for _ in 0..MANY / PIECE.len() as u64 {
            if is_chunked {
                client.send(&format!("{:x}\r\n", PIECE.len()));
            }
            client.send_bytes(&PIECE);
            if is_chunked {
                client.send("\r\n");
            }
        }
        if is_chunked {
            client.send("0\r\n\r\n");
        }
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.len() as u64, MANY);
        assert!(answer.is_whole);
    }
    #[cfg(target_os = "linux")]
    assert!(
        served.peak_bytes() < ENOUGH_MEMORY,
        "{}",
        served.peak_bytes()
    );
}

#[test]
fn who_expects_to_be_told_to_continue_is_told() {
    let scene = Scene::new();
    let platform = Platform::start(|arrived: &mut Arrived| {
        assert_eq!(arrived.header("expect"), None);
        let length = arrived.read_body();
        let said = length.to_string();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", said.len());
        arrived.say((head + &said).as_bytes());
        true
    });
    let served = Served::start(&mut platform.proxy(&scene));
    for length in [3, 3 * 1024 * 1024] {
        let mut client = served.client();
        client.send(&format!(
            "PUT /x HTTP/1.1\r\nHost: {}\r\nExpect: 100-continue\r\n\
             Content-Length: {length}\r\n\r\n",
            served.host()
        ));
        assert_eq!(client.answer().status, 100);
        client.send_bytes(&vec![b'x'; length]);
        assert_eq!(client.answer().text(), length.to_string());
    }
}

#[test]
fn an_answer_before_the_end_of_a_body_is_passed_on() {
    let scene = Scene::new();
    let platform = Platform::start(|arrived: &mut Arrived| {
        arrived.say(b"HTTP/1.1 413 Too much\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        // It reads nothing, and does not hang up.
        loop {
            std::thread::park();
        }
    });
    let served = Served::start(&mut platform.proxy(&scene));
    let mut client = served.client();
    client.send(&format!(
        "POST /x HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        served.host(),
        1_u64 << 40
    ));
    // More than any buffer on the way takes.
    for _ in 0..MANY / PIECE.len() as u64 {
        client.send_bytes(&PIECE);
    }
    let answer = client.answer();
    assert_eq!((answer.status, answer.text()), (413, "no"));
}

#[test]
fn a_client_that_goes_away_cancels_its_call() {
    let scene = Scene::new();
    let (tell, told) = channel();
    let tell: Mutex<mpsc::Sender<bool>> = Mutex::new(tell);
    let platform = Platform::start(move |arrived: &mut Arrived| {
        tell.lock().unwrap().send(true).unwrap();
        // Until the proxy closes.
        let is_left = arrived.is_left();
        tell.lock().unwrap().send(is_left).unwrap();
        false
    });
    let served = Served::start(&mut platform.proxy(&scene));
    let mut client = served.client();
    client.send(&format!(
        "GET /x HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.host()
    ));
    assert!(told.recv().unwrap());
    drop(client);
    assert!(told.recv().unwrap());
}

#[test]
fn an_answer_that_a_client_does_not_want_ends() {
    let scene = Scene::new();
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let platform = Platform::start(move |arrived: &mut Arrived| {
        arrived.say(b"HTTP/1.1 200 OK\r\n\r\n");
        let stream = arrived.connection.get_mut();
        while std::io::Write::write_all(stream, &PIECE).is_ok() {}
        tell.lock().unwrap().send(()).unwrap();
        false
    });
    let served = Served::start(&mut platform.proxy(&scene));
    let mut stream = std::net::TcpStream::connect(served.host()).unwrap();
    let request = format!("GET /x HTTP/1.1\r\nHost: {}\r\n\r\n", served.host());
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    stream.read_exact(&mut [0; 100_000]).unwrap();
    drop(stream);
    told.recv().unwrap();
}
