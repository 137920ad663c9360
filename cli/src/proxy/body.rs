//! What a client sends: the bytes that came and were not used yet, and the body of a request, read
//! strictly and in pieces.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::head::{self, Framing};
use super::refusal::Refusal;
use super::socket::{Socket, is_timeout};

/// From its first byte, a head has this long.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The longest line between chunks, and the longest trailers.
const CHUNK_LINE_MAX_BYTES: usize = 256;
const TRAILERS_MAX_BYTES: usize = 8 * 1024;

/// Bytes that came and were not used yet.
pub struct Inbox {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

/// Why a client's request is not whole.
#[derive(Debug)]
pub enum Flaw {
    /// It closed the connection, or broke it.
    Gone,
    Refused(Refusal),
}

impl From<Refusal> for Flaw {
    fn from(refusal: Refusal) -> Flaw {
        Flaw::Refused(refusal)
    }
}

impl Inbox {
    pub fn new() -> Inbox {
        Inbox {
            bytes: vec![0; head::HEAD_MAX_BYTES].into(),
            start: 0,
            end: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn here(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Waits for the next head, which is moved to `head`. Who says nothing at all is gone.
    pub fn next_head(&mut self, socket: &Socket, head: &mut Vec<u8>) -> Result<(), Flaw> {
        let mut deadline = None;
        let end = loop {
            if let Some(end) = head::end(self.here())? {
                break end;
            }
            if !self.is_empty() {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + HEAD_TIME);
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Refusal::slow().into());
                }
                socket.set_read_timeout(left).map_err(|_| Flaw::Gone)?;
            }
            match self.fill(socket) {
                Err(Flaw::Refused(_)) if self.is_empty() => return Err(Flaw::Gone),
                filled => filled?,
            }
        };
        if deadline.is_some() {
            socket
                .set_read_timeout(super::PIECE_TIME)
                .map_err(|_| Flaw::Gone)?;
        }
        head.clear();
        head.extend_from_slice(&self.here()[..end]);
        self.start += end;
        Ok(())
    }

    /// Waits for more.
    fn fill(&mut self, socket: &Socket) -> Result<(), Flaw> {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        self.end += read(socket, &mut self.bytes[self.end..])?;
        Ok(())
    }
}

fn read(socket: &Socket, buffer: &mut [u8]) -> Result<usize, Flaw> {
    match socket.read(buffer) {
        Ok(0) => Err(Flaw::Gone),
        Ok(read) => Ok(read),
        Err(error) if is_timeout(&error) => Err(Refusal::slow().into()),
        Err(_) => Err(Flaw::Gone),
    }
}

/// The body of one request, as it comes.
pub struct Body<'a> {
    socket: &'a Socket,
    inbox: &'a mut Inbox,
    next: Next,
    expects_continue: bool,
    flaw: Option<Flaw>,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Next {
    /// So many bytes, and then the end.
    Bytes(u64),
    /// The line that says how long a chunk is.
    ChunkLine,
    /// So many bytes of a chunk, and its CR LF.
    Chunk(u64),
    End,
}

impl<'a> Body<'a> {
    pub fn new(
        socket: &'a Socket,
        inbox: &'a mut Inbox,
        framing: Framing,
        expects_continue: bool,
    ) -> Body<'a> {
        Body {
            socket,
            inbox,
            next: match framing {
                Framing::Length(0) => Next::End,
                Framing::Length(length) => Next::Bytes(length),
                Framing::Chunked => Next::ChunkLine,
            },
            expects_continue,
            flaw: None,
        }
    }

    /// Whether all of it was read.
    pub fn has_ended(&self) -> bool {
        matches!(self.next, Next::End)
    }

    /// Why it could not be read on.
    pub fn take_flaw(&mut self) -> Option<Flaw> {
        self.flaw.take()
    }

    /// Reads up to one byte more than `most`; fewer are all.
    pub fn hold(&mut self, most: usize, held: &mut Vec<u8>) -> Result<(), Flaw> {
        held.clear();
        if self.has_ended() {
            return Ok(());
        }
        if let Next::Bytes(length) = self.next {
            held.reserve_exact(usize::try_from(length).unwrap_or(most).min(most + 1));
        }
        let read = (&mut *self).take(most as u64 + 1).read_to_end(held);
        match (read, self.take_flaw()) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(flaw)) => Err(flaw),
            (Err(_), None) => Err(Flaw::Gone),
        }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize, Flaw> {
        loop {
            match self.next {
                Next::End => return Ok(0),
                Next::Bytes(left) => {
                    let read = self.piece(left, buffer)?;
                    self.next = match left - read as u64 {
                        0 => Next::End,
                        left => Next::Bytes(left),
                    };
                    return Ok(read);
                }
                Next::ChunkLine => {
                    let length = chunk_length(&self.line(CHUNK_LINE_MAX_BYTES)?)?;
                    if length == 0 {
                        self.pass_over_trailers()?;
                        self.next = Next::End;
                    } else {
                        self.next = Next::Chunk(length);
                    }
                }
                Next::Chunk(left) => {
                    let read = self.piece(left, buffer)?;
                    self.next = Next::Chunk(left - read as u64);
                    if left == read as u64 {
                        if !self.line(0)?.is_empty() {
                            return Err(malformed("a chunk does not end where it should"));
                        }
                        self.next = Next::ChunkLine;
                    }
                    return Ok(read);
                }
            }
        }
    }

    /// Some of the next `left` bytes: those that came already, or straight from the socket.
    fn piece(&mut self, left: u64, buffer: &mut [u8]) -> Result<usize, Flaw> {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..most];
        if self.inbox.is_empty() {
            self.tell_to_continue()?;
            return read(self.socket, buffer);
        }
        let here = self.inbox.here();
        let most = here.len().min(buffer.len());
        buffer[..most].copy_from_slice(&here[..most]);
        self.inbox.start += most;
        Ok(most)
    }

    /// The next line, without its CR LF.
    fn line(&mut self, most: usize) -> Result<Vec<u8>, Flaw> {
        loop {
            let here = self.inbox.here();
            if let Some(length) = here.iter().position(|byte| *byte == b'\n') {
                let line = here[..length].strip_suffix(b"\r");
                let line = line.filter(|line| line.len() <= most && !line.contains(&b'\r'));
                let line = line.ok_or_else(|| malformed("a line between chunks is wrong"))?;
                let line = line.to_vec();
                self.inbox.start += length + 1;
                return Ok(line);
            }
            if here.len() > most + 1 {
                return Err(malformed("a line between chunks is too long"));
            }
            self.tell_to_continue()?;
            self.inbox.fill(self.socket)?;
        }
    }

    fn pass_over_trailers(&mut self) -> Result<(), Flaw> {
        let mut left = TRAILERS_MAX_BYTES;
        loop {
            let line = self.line(left)?;
            if line.is_empty() {
                return Ok(());
            }
            left -= line.len();
        }
    }

    fn tell_to_continue(&mut self) -> Result<(), Flaw> {
        if std::mem::take(&mut self.expects_continue) {
            let told = self.socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            told.map_err(|_| Flaw::Gone)?;
        }
        Ok(())
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.read_on(buffer).map_err(|flaw| {
            self.flaw = Some(flaw);
            io::Error::other("the client did not send all of it")
        })
    }
}

/// The number that a chunk's line begins with. Extensions are passed over.
fn chunk_length(line: &[u8]) -> Result<u64, Flaw> {
    let (number, extension) = match line
        .iter()
        .position(|byte| matches!(byte, b';' | b' ' | b'\t'))
    {
        Some(end) => line.split_at(end),
        None => (line, &b""[..]),
    };
    let is_number = (1..=15).contains(&number.len()) && number.iter().all(u8::is_ascii_hexdigit);
    let is_extension = extension
        .trim_ascii_start()
        .first()
        .is_none_or(|first| *first == b';')
        && extension
            .iter()
            .all(|byte| *byte == b'\t' || !byte.is_ascii_control());
    let number = std::str::from_utf8(number)
        .ok()
        .filter(|_| is_number && is_extension);
    number
        .and_then(|number| u64::from_str_radix(number, 16).ok())
        .ok_or_else(|| malformed("a chunk's length is no number"))
}

fn malformed(what: &str) -> Flaw {
    Refusal::new(
        400,
        format!("the request's body is not well formed: {what}"),
    )
    .into()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    /// What is read of a body that was sent in pieces of that many bytes, and what is left.
    fn read_in(sent: &[u8], framing: Framing, pieces: usize) -> Result<(Vec<u8>, Vec<u8>), String> {
        let (own, other) = UnixStream::pair().unwrap();
        let other = Socket::from(other);
        let sent = sent.to_vec();
        let sender = std::thread::spawn(move || {
            for piece in sent.chunks(pieces) {
                let _ = other.write_all(piece);
            }
        });
        let socket = Socket::from(own);
        let mut inbox = Inbox::new();
        let mut body = Body::new(&socket, &mut inbox, framing, false);
        let mut read = Vec::new();
        let whole = body.read_to_end(&mut read);
        let flaw = body.take_flaw();
        let mut rest = inbox.here().to_vec();
        let mut buffer = [0; 64];
        while let Ok(more @ 1..) = socket.read(&mut buffer) {
            rest.extend_from_slice(&buffer[..more]);
        }
        sender.join().unwrap();
        match whole {
            Ok(_) => Ok((read, rest)),
            Err(_) => Err(format!("{flaw:?}")),
        }
    }

    #[test]
    fn a_body_ends_where_it_should_however_it_comes() {
        let chunked =
            b"4\r\nWiki\r\n005;a=\"b\"\r\npedia\r\n6 ; c\r\n in\r\n.\r\n0\r\nA: b\r\n\r\nGET /";
        for pieces in [1, 2, 3, 7, 1000] {
            let read = read_in(chunked, Framing::Chunked, pieces).unwrap();
            assert_eq!(read, (b"Wikipedia in\r\n.".to_vec(), b"GET /".to_vec()));
            let read = read_in(b"12345GET /", Framing::Length(5), pieces).unwrap();
            assert_eq!(read, (b"12345".to_vec(), b"GET /".to_vec()));
        }
        let read = read_in(b"GET /", Framing::Length(0), 5).unwrap();
        assert_eq!(read, (b"".to_vec(), b"GET /".to_vec()));
    }

    #[test]
    fn chunks_that_can_be_read_in_two_ways_are_refused() {
        for body in [
            "x\r\n\r\n",
            "\r\n",
            "-1\r\na\r\n0\r\n\r\n",
            "+1\r\na\r\n0\r\n\r\n",
            "0x1\r\na\r\n0\r\n\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "1;a\nb\r\na\r\n0\r\n\r\n",
            "1;a\rb\r\na\r\n0\r\n\r\n",
            "1 1\r\na\r\n0\r\n\r\n",
            " 1\r\na\r\n0\r\n\r\n",
            "1\r\na\r\n0\r\nA: b\n\r\n",
            "10000000000000001\r\na\r\n0\r\n\r\n",
            &format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(CHUNK_LINE_MAX_BYTES)),
            &format!("0\r\n{}\r\n", "a: b\r\n".repeat(TRAILERS_MAX_BYTES)),
        ] {
            for pieces in [1, 10_000] {
                let flaw = read_in(body.as_bytes(), Framing::Chunked, pieces).unwrap_err();
                assert!(flaw.contains("400"), "{body:?}: {flaw}");
            }
        }
    }

    #[test]
    fn who_leaves_midway_is_gone() {
        for (body, framing) in [
            ("1234", Framing::Length(5)),
            ("4\r\nWi", Framing::Chunked),
            ("4", Framing::Chunked),
            ("4\r\nWiki\r\n0\r\n", Framing::Chunked),
        ] {
            let flaw = read_in(body.as_bytes(), framing, 1).unwrap_err();
            assert_eq!(flaw, "Some(Gone)", "{body:?}");
        }
    }
}
