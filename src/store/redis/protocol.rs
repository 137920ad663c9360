//! RESP2, the protocol of Redis and Valkey, as far as a client needs it: commands are written,
//! answers are read. Pure. An answer is bounded in length and depth, and wiped when dropped: it may
//! hold a token.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// The longest answer to take.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;
/// How deep lists may nest.
const DEEPEST: usize = 8;
/// The longest line that begins an answer.
const LONGEST_LINE: usize = 64 * 1024;

/// One command and its arguments.
pub(super) struct Command {
    words: Vec<Zeroizing<Vec<u8>>>,
    /// Whether it is about a key, which a cluster may keep elsewhere.
    pub keyed: bool,
}

impl Command {
    pub fn new(words: &[&str]) -> Command {
        let mut command = Command {
            words: Vec::new(),
            keyed: false,
        };
        for word in words {
            command.push(word.as_bytes());
        }
        command
    }

    pub fn about_key(words: &[&str]) -> Command {
        Command {
            keyed: true,
            ..Command::new(words)
        }
    }

    pub fn is_subscribe(&self) -> bool {
        self.words[0].as_slice() == b"SUBSCRIBE"
    }

    pub fn push(&mut self, word: &[u8]) {
        self.words.push(Zeroizing::new(word.to_vec()));
    }

    /// As it goes over the wire.
    pub fn write(&self, to: &mut Zeroizing<Vec<u8>>) {
        let length = self.words.iter().map(|word| word.len() + 32);
        // Grown at once: what a vector leaves behind when it grows is not wiped.
        reserve(to, length.sum::<usize>() + 32);
        to.extend_from_slice(format!("*{}\r\n", self.words.len()).as_bytes());
        for word in &self.words {
            to.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            to.extend_from_slice(word);
            to.extend_from_slice(b"\r\n");
        }
    }
}

/// Room for more, without leaving a copy behind.
pub(super) fn reserve(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let mut larger = Vec::with_capacity((bytes.len() + more).next_power_of_two());
        larger.extend_from_slice(bytes);
        *bytes = Zeroizing::new(larger);
    }
}

/// One answer.
#[derive(PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    Number(i64),
    /// A line or a string.
    Text(Vec<u8>),
    Error(String),
    List(Vec<Answer>),
}

impl Answer {
    pub fn text(&self) -> &[u8] {
        match self {
            Answer::Text(text) => text,
            _ => b"",
        }
    }

    pub fn str(&self) -> &str {
        std::str::from_utf8(self.text()).unwrap_or_default()
    }

    pub fn list(&self) -> &[Answer] {
        match self {
            Answer::List(list) => list,
            _ => &[],
        }
    }

    /// A number, however it is written.
    pub fn number(&self) -> Option<u64> {
        match self {
            Answer::Number(number) => u64::try_from(*number).ok(),
            _ => self.str().parse().ok(),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Answer::Text(text) = self {
            text.zeroize();
        }
    }
}

/// What it holds may be a secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Nothing => f.write_str("Nothing"),
            Answer::Number(number) => write!(f, "{number}"),
            Answer::Text(text) => write!(f, "{} bytes", text.len()),
            Answer::Error(error) => write!(f, "{error:?}"),
            Answer::List(list) => f.debug_list().entries(list).finish(),
        }
    }
}

/// What came is no answer of Redis.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotRedis;

/// The first answer and its length. None while it is not whole.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(Answer, usize)>, NotRedis> {
    let mut reader = Reader { bytes, at: 0 };
    match reader.answer(0) {
        Ok(answer) => Ok(Some((answer, reader.at))),
        Err(Stop::More) if bytes.len() < LONGEST => Ok(None),
        Err(_) => Err(NotRedis),
    }
}

enum Stop {
    More,
    Wrong,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn answer(&mut self, depth: usize) -> Result<Answer, Stop> {
        let line = self.line()?;
        let (kind, rest) = line.split_first().ok_or(Stop::Wrong)?;
        match kind {
            b'+' => Ok(Answer::Text(rest.to_vec())),
            b'-' => Ok(Answer::Error(String::from_utf8_lossy(rest).into_owned())),
            b':' => Ok(Answer::Number(number(rest)?)),
            b'$' => match length(rest)? {
                None => Ok(Answer::Nothing),
                Some(length) => {
                    let text = self.take(length)?.to_vec();
                    match self.take(2)? {
                        b"\r\n" => Ok(Answer::Text(text)),
                        _ => Err(Stop::Wrong),
                    }
                }
            },
            b'*' if depth < DEEPEST => match length(rest)? {
                None => Ok(Answer::Nothing),
                Some(length) => {
                    let mut list = Vec::new();
                    for _ in 0..length {
                        list.push(self.answer(depth + 1)?);
                    }
                    Ok(Answer::List(list))
                }
            },
            _ => Err(Stop::Wrong),
        }
    }

    /// Up to the next line end.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        match rest.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) => {
                self.at += end + 2;
                Ok(&rest[..end])
            }
            None if rest.len() > LONGEST_LINE => Err(Stop::Wrong),
            None => Err(Stop::More),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.checked_add(length).ok_or(Stop::Wrong)?;
        let taken = self.bytes.get(self.at..end).ok_or(Stop::More)?;
        self.at = end;
        Ok(taken)
    }
}

fn number(text: &[u8]) -> Result<i64, Stop> {
    let text = std::str::from_utf8(text).map_err(|_| Stop::Wrong)?;
    text.parse().map_err(|_| Stop::Wrong)
}

/// None for -1, which stands for nothing.
fn length(text: &[u8]) -> Result<Option<usize>, Stop> {
    match number(text)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= LONGEST => Ok(Some(length)),
            _ => Err(Stop::Wrong),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Answer {
        Answer::Text(text.into())
    }

    #[test]
    fn a_command_is_a_list_of_strings() {
        let mut command = Command::new(&["HSET", "k"]);
        command.push(b"a\r\n\0");
        let mut wire = Zeroizing::new(Vec::new());
        command.write(&mut wire);
        assert_eq!(&**wire, b"*3\r\n$4\r\nHSET\r\n$1\r\nk\r\n$4\r\na\r\n\0\r\n");
    }

    #[test]
    fn an_answer_is_read_when_it_is_whole_however_it_is_cut() {
        let wire = b"*5\r\n+OK\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n-ERR no\r\n*-1\r\n";
        let list = vec![
            text("OK"),
            Answer::Number(-7),
            text("a\r\n"),
            Answer::Nothing,
            Answer::List(vec![Answer::Error("ERR no".into()), Answer::Nothing]),
        ];
        for end in 0..wire.len() {
            assert_eq!(read(&wire[..end]), Ok(None), "{end}");
        }
        let more = [&wire[..], b"+next"].concat();
        assert_eq!(read(&more), Ok(Some((Answer::List(list), wire.len()))));
    }

    #[test]
    fn what_is_no_answer_is_refused_without_a_deep_stack_or_much_memory() {
        let deep = b"*1\r\n".repeat(500_000);
        let line = vec![b'+'; LONGEST_LINE + 3];
        for wire in [
            &b"HTTP/1.1 400\r\n"[..],
            b"\r\n",
            b"$-2\r\n",
            b"$99999999999999999999\r\n",
            b"$4194305\r\n",
            b"*1000000000\r\n",
            b"$1\r\nabc",
            b":x\r\n",
            &deep,
            &line,
        ] {
            assert_eq!(read(wire), Err(NotRedis));
        }
    }

    #[test]
    fn debug_shows_nothing_of_what_an_answer_holds() {
        let answer = Answer::List(vec![text("s3cret"), Answer::Number(1)]);
        assert_eq!(format!("{answer:?}"), "[6 bytes, 1]");
    }
}
