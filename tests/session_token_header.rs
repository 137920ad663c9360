//! The option `session_token_header`: requests carry the session token in that header alone, the
//! logout in the one that the platform documents for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use thingspace_session::{Call, Config, Request, Session};

const TOKEN: &str = "11111111-2222-3333-4444-555555555555";

/// Answers every request as the platform would, and tells the head of each.
fn serve(listener: &TcpListener, heads: &Sender<String>) {
    for connection in listener.incoming() {
        let connection = connection.unwrap();
        while answer(&connection, heads).is_some() {}
    }
}

fn answer(mut connection: &TcpStream, heads: &Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
    reader.read_exact(&mut vec![0; length]).ok()?;
    // Before the answer, so that whoever has that finds the head told.
    heads.send(head).ok()?;
    let body = format!(
        r#"{{"access_token":"api","token_type":"Bearer","expires_in":3600,"sessionToken":"{TOKEN}"}}"#
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(answer.as_bytes()).ok()
}

#[test]
fn the_token_goes_in_the_header_that_the_option_names() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, heads) = channel();
    thread::spawn(move || serve(&listener, &sender));

    let mut config = Config::new();
    for (name, value) in [
        ("base_url", &*format!("http://{address}/api")),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
        ("proxy", "none"),
        ("session_token_header", "SessionToken"),
    ] {
        config.set(name, value).unwrap();
    }
    let session = Session::login(&config, &Call::new()).unwrap();
    let request = Request {
        method: "GET",
        path: "/m2m/v2/anything",
        headers: &[],
        body: &[],
    };
    session.request(&Call::new(), request).unwrap();
    let refused = Request {
        headers: &[("sessiontoken", "mine")],
        ..request
    };
    let error = session.request(&Call::new(), refused).unwrap_err();
    assert!(error.message().contains("sessiontoken"), "{error}");
    let info = session.info().unwrap();
    assert!(
        info.contains(r#""session_token_header":"SessionToken""#),
        "{info}"
    );
    session.logout(&Call::new()).unwrap();

    let heads: Vec<String> = heads.try_iter().collect();
    let head = |path: &str| heads.iter().find(|head| head.contains(path)).unwrap();
    let sent = head("/m2m/v2/anything");
    assert!(sent.contains(&format!("\r\nsessiontoken: {TOKEN}\r\n")));
    assert!(!sent.contains("vz-m2m-token"));
    let sent = head("/session/logout");
    assert!(sent.contains(&format!("\r\nvz-m2m-token: {TOKEN}\r\n")));
    assert!(!sent.contains("\r\nsessiontoken"));
}
