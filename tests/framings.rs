//! The many ways to frame an answer: each ends in an answer or in the right error, and the next
//! request of that session works. A login that was answered is never lost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use thingspace_session::{Call, Config, Request, Response, Result, Session};

/// What the server says to a request, whether it hangs up afterwards, and what comes of it.
struct Row {
    name: &'static str,
    says: Vec<u8>,
    hangs_up: bool,
    /// `200 hello`, or an error's status.
    want: &'static str,
}

/// The connection stays open. Letters are bytes here.
fn stays(name: &'static str, says: impl AsRef<str>, want: &'static str) -> Row {
    Row {
        name,
        says: says.as_ref().chars().map(|c| c as u8).collect(),
        hangs_up: false,
        want,
    }
}

fn hangs_up(name: &'static str, says: impl AsRef<str>, want: &'static str) -> Row {
    Row {
        hangs_up: true,
        ..stays(name, says, want)
    }
}

/// `hello` in an answer with these headers, each with its line end.
fn hello(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\nhello")
}

/// An answer with this status line and `hello`.
fn begins(status_line: &str) -> String {
    format!("{status_line}\r\nContent-Length: 5\r\n\r\nhello")
}

fn chunked(chunks: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

/// Plain, behind what comes before it.
fn after(first: &str) -> String {
    format!("{first}{}", begins("HTTP/1.1 200 OK"))
}

fn lengths() -> Vec<Row> {
    let hello_11 = "HTTP/1.1 200 OK\r\n\r\nhello";
    let two = hello("Content-Length: 5\r\nContent-Length: 6\r\n");
    let twice = hello("Content-Length: 5\r\nContent-Length: 5\r\n");
    let long = hello("Content-Length: 99999999999999999999999\r\n");
    let more = format!("{}HTTP/1.1 200", hello("Content-Length: 5\r\n"));
    vec![
        stays("a length", hello("Content-Length: 5\r\n"), "200 hello"),
        hangs_up("1.0, a length", begins("HTTP/1.0 200 OK"), "200 hello"),
        hangs_up(
            "1.0, no length",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "200 hello",
        ),
        hangs_up("1.1, no length", hello_11, "200 hello"),
        stays(
            "says close",
            hello("Connection: close\r\nContent-Length: 5\r\n"),
            "200 hello",
        ),
        stays("the same length twice", twice, "200 hello"),
        stays("two lengths", two, "Protocol"),
        stays(
            "two lengths in one",
            hello("Content-Length: 5, 6\r\n"),
            "Protocol",
        ),
        stays("no number", hello("Content-Length: five\r\n"), "Protocol"),
        stays("a minus", hello("Content-Length: -5\r\n"), "Protocol"),
        stays("a plus", hello("Content-Length: +5\r\n"), "Protocol"),
        stays("a number too long", long, "Protocol"),
        hangs_up(
            "less than the length",
            hello("Content-Length: 50\r\n"),
            "Network",
        ),
        stays("more than the length", more, "200 hello"),
        stays(
            "204 with a length",
            "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
            "204 ",
        ),
        stays(
            "304 with a length",
            "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n",
            "304 ",
        ),
    ]
}

fn chunks() -> Vec<Row> {
    let capitals = "transfer-encoding: Chunked\r\n\r\n0005\r\nhello\r\n0\r\n";
    let hexadecimal = "A\r\nhellohello\r\nb\r\nhello world\r\n0\r\n\r\n";
    let trailers = "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n";
    let both = "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n";
    let both = format!("HTTP/1.1 200 OK\r\n{both}\r\n5\r\nhello\r\n0\r\n\r\n");
    let bare = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n";
    let gzip = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n";
    let gzip = format!("{gzip}\r\n5\r\nhello\r\n0\r\n\r\n");
    let extension = "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n";
    vec![
        stays(
            "chunks",
            chunked("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
            "200 hello",
        ),
        stays(
            "Chunked",
            format!("HTTP/1.1 200 OK\r\n{capitals}\r\n"),
            "200 hello",
        ),
        stays(
            "hexadecimal",
            chunked(hexadecimal),
            "200 hellohellohello world",
        ),
        stays("an extension", chunked(extension), "200 hello"),
        stays(
            "a blank",
            chunked("5 ;a=b\r\nhello\r\n0 \r\n\r\n"),
            "200 hello",
        ),
        stays("trailers", chunked(trailers), "200 hello"),
        stays("chunks and a length", both, "200 hello"),
        stays(
            "a size that is none",
            chunked("xyz\r\nhello\r\n0\r\n\r\n"),
            "Protocol",
        ),
        stays(
            "a size too long",
            chunked("fffffffffffffffffff\r\nhello\r\n"),
            "Protocol",
        ),
        stays(
            "longer than its size",
            chunked("2\r\nhello\r\n0\r\n\r\n"),
            "Protocol",
        ),
        hangs_up("no last chunk", chunked("5\r\nhello\r\n"), "Network"),
        hangs_up("half a chunk", chunked("5\r\nhe"), "Network"),
        stays("chunks with bare line feeds", bare, "Protocol"),
        stays("another coding", gzip, "Protocol"),
    ]
}

fn interim_answers() -> Vec<Row> {
    let with_headers = "HTTP/1.1 100 Continue\r\nServer: x\r\nContent-Length: 0\r\n\r\n";
    let hints = "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n";
    let odd = "HTTP/1.1 104\r\nA: b\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n";
    let switches = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
    let many = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(100);
    vec![
        stays("100", after("HTTP/1.1 100 Continue\r\n\r\n"), "200 hello"),
        stays("100 with headers", after(with_headers), "200 hello"),
        stays("102 and 103", after(hints), "200 hello"),
        stays("104 and 199", after(odd), "200 hello"),
        stays("a hundred 103", after(&many), "200 hello"),
        stays("101", after(switches), "Protocol"),
        hangs_up(
            "100 and no more",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "Network",
        ),
    ]
}

fn heads() -> Vec<Row> {
    let length = "Content-Length: 5\r\n";
    let headers = |lines: &str| hello(&format!("{lines}{length}"));
    let tls = "\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}";
    vec![
        stays("no reason", begins("HTTP/1.1 200"), "200 hello"),
        stays("a blank reason", begins("HTTP/1.1 200 "), "200 hello"),
        stays(
            "a status of its own",
            begins("HTTP/1.1 799 Odd"),
            "799 hello",
        ),
        stays(
            "bare line feeds",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
            "200 hello",
        ),
        stays(
            "a folded header",
            headers("A: b\r\n c\r\n\td\r\n"),
            "200 hello",
        ),
        stays(
            "headers without a value",
            headers("A:\r\nB: \r\n"),
            "200 hello",
        ),
        stays(
            "letters beyond ASCII",
            headers("A: \u{e9}\r\n"),
            "200 hello",
        ),
        stays(
            "a reason beyond ASCII",
            begins("HTTP/1.1 200 \u{e9}"),
            "200 hello",
        ),
        stays("a blank before a colon", headers("A : b\r\n"), "Protocol"),
        stays("a blank in a name", headers("A b: c\r\n"), "Protocol"),
        stays(
            "a header without a colon",
            headers("nonsense\r\n"),
            "Protocol",
        ),
        stays("a NUL in a header", headers("A: b\0c\r\n"), "Protocol"),
        hangs_up("half a head", "HTTP/1.1 200 OK\r\nContent-Le", "Network"),
        hangs_up("nothing", "", "Network"),
        stays(
            "a status of two digits",
            begins("HTTP/1.1 20 OK"),
            "Protocol",
        ),
        stays(
            "a status of four digits",
            begins("HTTP/1.1 2000 OK"),
            "Protocol",
        ),
        stays("a status that is none", begins("HTTP/1.1 OK"), "Protocol"),
        stays("HTTP/2", begins("HTTP/2.0 200 OK"), "Protocol"),
        stays("HTTP/1.2", begins("HTTP/1.2 200 OK"), "Protocol"),
        hangs_up("HTTP/0.9", "<html>hello</html>", "Protocol"),
        stays("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "Protocol"),
        hangs_up("TLS", tls, "Protocol"),
    ]
}

fn long_ones() -> Vec<Row> {
    const HEAD_MAX: usize = 64 * 1024;
    let head_of = |length: usize| {
        let around = "HTTP/1.1 200 OK\r\nA: \r\nContent-Length: 5\r\n\r\n".len();
        let filling = "x".repeat(length - around);
        hello(&format!("A: {filling}\r\nContent-Length: 5\r\n"))
    };
    let headers = |count: usize| -> String {
        let lines: String = (0..count).map(|n| format!("A{n}: {n}\r\n")).collect();
        hello(&format!("{lines}Content-Length: 5\r\n"))
    };
    let extension =
        |length: usize| chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(length)));
    let trailers: String = (0..200).map(|n| format!("A{n}: {n}\r\n")).collect();
    let trailers = chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
    vec![
        stays("a head of 40 KiB", head_of(40 * 1024), "200 hello"),
        stays("a head of 64 KiB", head_of(HEAD_MAX), "200 hello"),
        stays("a head of a byte more", head_of(HEAD_MAX + 1), "Protocol"),
        stays("a head of a megabyte", head_of(1024 * 1024), "Protocol"),
        stays("a hundred headers", headers(100), "200 hello"),
        stays("a thousand headers", headers(1000), "200 hello"),
        stays("an extension of 1 KiB", extension(1024), "Protocol"),
        stays("an extension of 16 KiB", extension(16 * 1024), "Protocol"),
        stays(
            "an extension of a megabyte",
            extension(1024 * 1024),
            "Protocol",
        ),
        stays("200 trailers", trailers, "200 hello"),
    ]
}

#[test]
fn every_framing_ends_in_an_answer_or_the_right_error_and_the_next_request_works() {
    let mut wrong = Vec::new();
    let rows = [lengths(), chunks(), interim_answers(), heads(), long_ones()];
    for row in rows.into_iter().flatten() {
        let (name, want) = (row.name, row.want);
        let server = serve(row, "/api/framed");
        let session = Session::login(&config(server.port), &Call::new()).unwrap();
        for time in ["first", "second"] {
            let answer = get(&session, "/framed");
            let got = outcome(&answer);
            if got != want {
                let why = answer.err().map(|error| error.to_string());
                wrong.push(format!("{name}, {time} time: {got}, not {want}: {why:?}"));
            }
            let next = outcome(&get(&session, "/fine"));
            if next != "200 fine" {
                wrong.push(format!("{name}: the next request: {next}"));
            }
        }
        assert_eq!(server.count(), 2, "{name} was asked for again");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn all_headers_come_in_their_order() {
    let lines: String = (0..1000).map(|n| format!("A{}: {n}\r\n", n % 10)).collect();
    let row = stays(
        "headers",
        hello(&format!("{lines}Content-Length: 5\r\n")),
        "",
    );
    let server = serve(row, "/api/framed");
    let session = Session::login(&config(server.port), &Call::new()).unwrap();
    let answer = get(&session, "/framed").unwrap();
    let wanted = (0..1000).map(|n| (format!("a{}", n % 10), n.to_string()));
    let length = ("content-length".to_owned(), "5".to_owned());
    let wanted: Vec<_> = wanted.chain([length]).collect();
    assert_eq!(answer.headers(), wanted);
    assert_eq!(answer.header("A3"), Some("3"));
}

/// What is wanted of a login here is its token, or an error's status.
fn logins() -> Vec<Row> {
    let token = "{\"sessionToken\":\"T\"}";
    let plain = format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{token}");
    let after = |first: &str| format!("{first}{plain}");
    let with_headers = "HTTP/1.1 100 Continue\r\nServer: x\r\nDate: y\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let in_chunks = chunked(&format!("14;a=b\r\n{token}\r\n0\r\nA: b\r\n\r\n"));
    let marked = token
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .map(char::from);
    let marked: String = "\u{ff}\u{fe}".chars().chain(marked).collect();
    let utf_16 = format!("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{marked}");
    let gzip = "HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\nContent-Length: 4";
    let gzip = format!("{gzip}\r\n\r\n\u{1f}\u{8b}\u{8}\0");
    vec![
        stays("plain", &plain, "T"),
        stays("100", after("HTTP/1.1 100 Continue\r\n\r\n"), "T"),
        stays("100 with headers", after(with_headers), "T"),
        stays("103", after(hints), "T"),
        stays("chunks", in_chunks, "T"),
        stays(
            "a folded header",
            plain.replacen("\r\n", "\r\nA: b\r\n c\r\n", 1),
            "T",
        ),
        stays("no reason", plain.replace(" OK", ""), "T"),
        hangs_up("no length", format!("HTTP/1.0 200 OK\r\n\r\n{token}"), "T"),
        stays("UTF-16", utf_16, "T"),
        stays("compressed", gzip, "Protocol"),
        stays("101", after("HTTP/1.1 101 Switching\r\n\r\n"), "Protocol"),
        stays(
            "two lengths",
            plain.replacen("\r\n", "\r\nContent-Length: 9\r\n", 1),
            "Protocol",
        ),
        hangs_up("half a body", plain.replace("20", "21"), "Network"),
        hangs_up(
            "100 and no more",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "Network",
        ),
    ]
}

#[test]
fn a_login_is_never_lost_and_one_without_an_answer_is_of_unknown_fate() {
    for row in logins() {
        let (name, want) = (row.name, row.want);
        let server = serve(row, "/api/m2m/v1/session/login");
        let login = || Session::login(&config(server.port), &Call::new());
        let session = login();
        let got = match &session {
            Ok(session) => session.token().unwrap().reveal().to_owned(),
            Err(error) => format!("{:?}", error.status()),
        };
        assert_eq!(got, want, "{name}: {:?}", session.err());
        if want != "T" {
            let again = login().unwrap_err();
            assert!(again.message().contains("was not sent"), "{name}: {again}");
        }
        assert_eq!(server.count(), 1, "{name} was sent again");
    }
}

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

fn get(session: &Session, path: &str) -> Result<Response> {
    let request = Request {
        method: "GET",
        path,
        headers: &[],
        body: &[],
    };
    session.request(&Call::new(), request)
}

/// `200 body`, or the error's status.
fn outcome(answer: &Result<Response>) -> String {
    match answer {
        Ok(answer) => {
            let body = String::from_utf8_lossy(answer.body());
            format!("{} {body}", answer.status())
        }
        Err(error) => format!("{:?}", error.status()),
    }
}

struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    /// How often it was asked for what it frames.
    fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Answers that path as told, and any other plainly.
fn serve(row: Row, framed: &'static str) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let (row, counter) = (Arc::new(row), Arc::clone(&asked));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (row, counter) = (Arc::clone(&row), Arc::clone(&counter));
            // It ends when the other side hangs up.
            thread::spawn(move || converse(stream.unwrap(), &row, framed, &counter));
        }
    });
    Server { port, asked }
}

fn converse(mut stream: TcpStream, row: &Row, framed: &str, asked: &AtomicUsize) -> Option<()> {
    const TOKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"sessionToken\":\"ab\"}";
    const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

    let mut requests = BufReader::new(stream.try_clone().ok()?);
    loop {
        let path = next_request(&mut requests)?;
        if path == framed {
            asked.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&row.says).ok()?;
            if row.hangs_up {
                stream.shutdown(Shutdown::Write).ok()?;
            }
        } else {
            let plain = if path.ends_with("/login") {
                TOKEN
            } else {
                FINE
            };
            stream.write_all(plain.as_bytes()).ok()?;
        }
    }
}

/// The path of the next request; None at the end.
fn next_request(requests: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    requests.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        requests.read_line(&mut line).ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.is_empty() {
            break;
        }
    }
    requests.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some(path)
}
