//! A platform made by hand, for what the sandbox does not do: a test says what each connection's
//! requests get, byte by byte. Logins it answers itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::scene::Scene;

pub struct Platform {
    base_url: String,
}

/// A request that arrived, and the connection it came on.
pub struct Arrived {
    pub head: String,
    pub connection: BufReader<TcpStream>,
}

impl Arrived {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn length(&self) -> u64 {
        self.header("content-length")
            .map_or(0, |length| length.parse().unwrap())
    }

    /// Reads the body, however it is framed, and gives its length.
    pub fn read_body(&mut self) -> u64 {
        if self.header("transfer-encoding").is_none() {
            let length = self.length();
            let body = (&mut self.connection).take(length);
            return std::io::copy(&mut { body }, &mut std::io::sink()).unwrap_or(0);
        }
        let mut total = 0;
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line).unwrap();
            let length = u64::from_str_radix(line.trim_end(), 16).unwrap();
            let chunk = (&mut self.connection).take(length + 2);
            std::io::copy(&mut { chunk }, &mut std::io::sink()).unwrap();
            total += length;
            if length == 0 {
                return total;
            }
        }
    }

    pub fn say(&mut self, bytes: &[u8]) {
        // Whoever hung up is not told.
        let _ = self.connection.get_mut().write_all(bytes);
    }

    /// Whether the client closes, and says nothing more.
    pub fn is_left(&mut self) -> bool {
        !matches!(self.connection.read(&mut [0]), Ok(1..))
    }
}

impl Platform {
    /// `answer` says whether the connection goes on.
    pub fn start(answer: impl Fn(&mut Arrived) -> bool + Send + Sync + 'static) -> Platform {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        let (answer, logins) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, logins) = (Arc::clone(&answer), Arc::clone(&logins));
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &logins));
            }
        });
        Platform { base_url }
    }

    /// A proxy before it.
    pub fn proxy(&self, scene: &Scene) -> Command {
        let mut command = scene.command(&["proxy", "-q"]);
        command.env("TSM_BASE_URL", &self.base_url);
        command
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&mut Arrived) -> bool, logins: &AtomicUsize) {
    stream.set_nodelay(true).unwrap();
    let mut arrived = Arrived {
        head: String::new(),
        connection: BufReader::new(stream),
    };
    loop {
        arrived.head.clear();
        while !arrived.head.ends_with("\r\n\r\n") {
            if !matches!(arrived.connection.read_line(&mut arrived.head), Ok(1..)) {
                return;
            }
        }
        if let Some(token) = own_token(&arrived.head, logins) {
            arrived.read_body();
            let length = token.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            arrived.say((head + &token).as_bytes());
        } else if !answer(&mut arrived) {
            return;
        }
    }
}

fn own_token(head: &str, logins: &AtomicUsize) -> Option<String> {
    if head.starts_with("POST /api/m2m/v1/session/login ") {
        let token = format!("session-token-{}", logins.fetch_add(1, Ordering::SeqCst));
        return Some(serde_json::json!({ "sessionToken": token }).to_string());
    }
    let is_oauth = head.starts_with("POST /api/ts/v1/oauth2/token ");
    is_oauth.then(|| r#"{"access_token":"api-token","expires_in":3600}"#.to_owned())
}
