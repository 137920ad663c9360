//! A proxy that runs, and clients that speak to it byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

/// `thingspace proxy`, ended when it is dropped.
pub struct Served {
    child: Child,
    stderr: ChildStderr,
    /// What it printed.
    pub address: String,
}

impl Served {
    /// Runs it, and waits until it listens.
    pub fn start(command: &mut Command) -> Served {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut address = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        stdout.read_line(&mut address).unwrap();
        if address.is_empty() {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            panic!("it does not listen: {said}");
        }
        Served {
            child,
            stderr,
            address: address.trim_end().to_owned(),
        }
    }

    /// What stands in a client's `Host`.
    pub fn host(&self) -> &str {
        self.address.strip_prefix("http://").expect("it is a port")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> Client {
        Client::to(self.host())
    }

    /// One request on a connection of its own.
    pub fn get(&self, path: &str) -> Answer {
        let mut client = self.client();
        client.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.host()
        ));
        client.answer()
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        let mut client = self.client();
        client.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            self.host(),
            body.len()
        ));
        client.send_bytes(body);
        client.answer()
    }

    pub fn signal(&self, signal: i32) {
        let name = rustix::process::Signal::from_named_raw(signal).unwrap();
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, name).unwrap();
    }

    /// Waits for its end; what it said on standard error, too.
    pub fn end(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }

    /// The most memory it ever had.
    #[cfg(target_os = "linux")]
    pub fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether it ended as its head says.
    pub is_whole: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| &**value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What the proxy says of it: its HTTP status, and one of the library's.
    pub fn said(&self) -> (u16, Option<&str>) {
        (self.status, self.header("thingspace-status"))
    }
}

impl Client {
    pub fn to(host: &str) -> Client {
        let stream = TcpStream::connect(host).unwrap();
        // Only so that what hangs is a failure.
        let enough = Some(Duration::from_secs(60));
        stream.set_read_timeout(enough).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            reader: BufReader::new(stream.try_clone().unwrap()),
            stream,
        }
    }

    pub fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    /// It may have closed already.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    pub fn stop_sending(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next answer to something other than HEAD.
    pub fn answer(&mut self) -> Answer {
        self.next_answer(true)
    }

    /// None where the connection ended instead.
    pub fn answer_unless_over(&mut self) -> Option<Answer> {
        match self.reader.fill_buf() {
            Ok([_, ..]) => Some(self.answer()),
            _ => None,
        }
    }

    pub fn answer_to_head(&mut self) -> Answer {
        self.next_answer(false)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.reader.read_line(&mut line);
        line
    }

    fn next_answer(&mut self, has_body: bool) -> Answer {
        let first = self.line();
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let status = status.unwrap_or_else(|| panic!("no answer: {first:?}"));
        let mut answer = Answer {
            status: status.parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            is_whole: true,
        };
        loop {
            let line = self.line();
            assert!(line.ends_with("\r\n"), "{answer:?} {line:?}");
            match line.trim_end().split_once(": ") {
                Some((name, value)) => answer.headers.push((name.to_owned(), value.to_owned())),
                None => break,
            }
        }
        if !has_body || matches!(answer.status, 100..200 | 204 | 304) {
            return answer;
        }
        let mut body = Vec::new();
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.is_whole = self.read_chunks(&mut body);
        } else if let Some(length) = answer.header("content-length") {
            let length: u64 = length.parse().unwrap();
            let read = (&mut self.reader).take(length).read_to_end(&mut body);
            answer.is_whole = read.is_ok() && body.len() as u64 == length;
        } else {
            answer.is_whole = self.reader.read_to_end(&mut body).is_ok();
        }
        answer.body = body;
        answer
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let line = self.line();
            let Ok(length) = usize::from_str_radix(line.trim_end(), 16) else {
                return false;
            };
            let before = body.len();
            body.resize(before + length + 2, 0);
            if self.reader.read_exact(&mut body[before..]).is_err() {
                return false;
            }
            assert!(body.ends_with(b"\r\n"));
            body.truncate(before + length);
            if length == 0 {
                return true;
            }
        }
    }

    /// Whether the other side has closed, and said nothing more.
    pub fn is_over(&mut self) -> bool {
        let mut rest = Vec::new();
        let ended = self.reader.read_to_end(&mut rest);
        // A reset is an end, too.
        let is_reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.as_ref().map_or_else(is_reset, |_| true), "{ended:?}");
        rest.is_empty()
    }
}
