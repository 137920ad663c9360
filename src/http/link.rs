//! A connection on which HTTP is spoken, as ureq wants it: its buffers, and what of the input ureq
//! is not to see.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::event::PollFlags;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroize;

use super::head::{self, Headers, Sight};
use crate::error::{Error, Status};
use crate::net::{Stream, Watch, is_hang_up};

/// A part of a request that is gathered before it leaves, so that head and body leave in one
/// packet.
const GATHER_BYTES: usize = 64 * 1024;
/// What there is always room for: the whole head of a request.
const OUTPUT_BYTES: usize = 32 * 1024;
/// Room for what is not sent any more: ureq passes over it in pieces of this length.
const PASSED_OVER_BYTES: usize = 1024 * 1024;
const FIRST_INPUT_BYTES: usize = 16 * 1024;
/// The head of an answer must fit.
const MOST_INPUT_BYTES: usize = 2 * super::ANSWER_HEAD_MAX_BYTES;

/// A connection that serves one request after the other.
#[derive(Debug)]
pub(super) struct Link {
    stream: Stream,
    bytes: Bytes,
    /// When the last answer on it ended.
    pub answered: Option<Instant>,
}

impl Link {
    pub fn new(stream: Stream) -> Link {
        Link {
            stream,
            bytes: Bytes::default(),
            answered: None,
        }
    }

    /// Whether it can take another request. Never waits.
    pub fn is_quiet(&mut self, watch: &mut Watch) -> bool {
        self.stream.is_quiet(watch)
    }
}

/// What the loan for a request and the one who makes it tell each other while ureq has the loan.
#[derive(Clone, Default)]
pub(super) struct Return(Arc<Shared>);

#[derive(Default)]
struct Shared {
    headers: Mutex<Headers>,
    returned: Mutex<Option<Returned>>,
    is_stopped: AtomicBool,
    is_by_piece: AtomicBool,
}

/// What is left of a request when it is over.
pub(super) struct Returned {
    /// The link, if it can serve another.
    pub link: Option<Link>,
    pub watch: Watch,
}

impl Return {
    pub fn take(&self) -> Option<Returned> {
        lock(&self.0.returned).take()
    }

    /// Those of the answer, once its head is there.
    pub fn take_headers(&self) -> Headers {
        std::mem::take(&mut lock(&self.0.headers))
    }

    /// Whether nothing more of the request's body is sent.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    /// Whether each piece of a body, there or back, has the call's whole time. What is written does
    /// not wait for more then.
    pub fn set_by_piece(&self, is_by_piece: bool) {
        self.0.is_by_piece.store(is_by_piece, Ordering::Relaxed);
    }

    fn is_by_piece(&self) -> bool {
        self.0.is_by_piece.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A link lent to ureq for one request.
pub(super) struct Loan {
    /// Both there until it is dropped.
    lent: Option<(Link, Watch)>,
    back: Return,
    head: Head,
    /// The other side has said its last; that answer can still be read.
    ends: bool,
    /// Nothing more is sent: the answer is there already, or the other side has hung up. It may
    /// have refused a long body before all of it was there.
    stopped: Option<Stopped>,
    /// All has just been written, and nothing of the answer was seen yet.
    just_asked: bool,
    can_be_kept: bool,
}

enum Stopped {
    Answered,
    HungUp(io::Error),
}

/// Whether the answer's head is there.
#[derive(PartialEq)]
enum Head {
    Awaited,
    There,
}

impl Loan {
    pub fn new(link: Link, mut watch: Watch, back: Return) -> Loan {
        watch.begin_to_send();
        Loan {
            lent: Some((link, watch)),
            back,
            head: Head::Awaited,
            ends: false,
            stopped: None,
            just_asked: false,
            can_be_kept: false,
        }
    }

    fn lent(&mut self) -> (&mut Link, &mut Watch) {
        let (link, watch) = self.lent.as_mut().expect("lent until it is dropped");
        (link, watch)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        let mut flushed = false;
        while self.stopped.is_none() && !flushed {
            let (Link { stream, bytes, .. }, watch) = self.lent();
            let left = &bytes.output[written..bytes.gathered];
            let result = match left.is_empty() {
                true => stream.try_flush(watch).inspect(|()| flushed = true),
                false => stream.try_write(left, watch).map(|n| written += n),
            };
            match result {
                Ok(()) => watch.check_now_and_then()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.await_room()?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_hang_up(&error) => self.stop(Stopped::HungUp(error)),
                Err(error) => return Err(error),
            }
        }
        let bytes = &mut self.lent().0.bytes;
        bytes.forget_output();
        self.just_asked = written > 0 && bytes.most == 0;
        Ok(())
    }

    /// Waits until more can be written, or the answer comes.
    fn await_room(&mut self) -> io::Result<()> {
        let wanted = match self.ends {
            true => PollFlags::OUT,
            false => PollFlags::OUT | PollFlags::IN,
        };
        let (Link { stream, .. }, watch) = self.lent();
        let ready = stream.await_ready(wanted, watch)?;
        match ready.contains(PollFlags::IN) {
            true => self.look_for_answer(),
            false => Ok(()),
        }
    }

    /// Takes what is there of an answer, before all of the request is out.
    fn look_for_answer(&mut self) -> io::Result<()> {
        match self.try_read() {
            Ok(0) => self.ends = true,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The next write tells.
            Err(error) if is_hang_up(&error) => self.ends = true,
            Err(error) => return Err(error),
        }
        if self.head == Head::There {
            self.stop(Stopped::Answered);
        }
        Ok(())
    }

    fn stop(&mut self, why: Stopped) {
        self.stopped = Some(why);
        let bytes = &mut self.lent().0.bytes;
        bytes.is_passed_over = true;
        self.back.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Reads what is there, and looks at the head before ureq does.
    fn try_read(&mut self) -> io::Result<usize> {
        let (Link { stream, bytes, .. }, watch) = self.lent();
        let read = stream.try_read(bytes.free_input(), watch)?;
        bytes.input_appended(read);
        if self.head == Head::Awaited {
            self.look_at_head();
        }
        Ok(read)
    }

    fn look_at_head(&mut self) {
        let (Link { bytes, .. }, _) = self.lent();
        let headers = loop {
            match head::look(bytes.input()) {
                Sight::Interim(length) => bytes.input_consume(length),
                Sight::Unclear => {
                    // None of it is for ureq yet.
                    bytes.progress = false;
                    return;
                }
                Sight::Answer(length) => {
                    let head = bytes.first_of_input(length);
                    head::unfold(head);
                    let (headers, free) = head::take_headers(head);
                    bytes.input_consume(free);
                    break headers;
                }
                Sight::Other => break Headers::new(),
            }
        };
        bytes.progress = true;
        *lock(&self.back.0.headers) = headers;
        self.head = Head::There;
    }

    /// What ureq could not use of a body is the beginning of a chunk's line. Fails where that will
    /// never become one.
    fn check_what_is_left(&mut self) -> io::Result<()> {
        let (Link { bytes, .. }, watch) = self.lent();
        let line = bytes.input();
        let ends = |pair: &[u8]| pair[1] == b'\n' && pair[0] != b'\r';
        let what = match line.first() == Some(&b'\n') || line.windows(2).any(ends) {
            true => "a chunk's line does not end in CR LF",
            false if line.len() >= super::ANSWER_HEAD_MAX_BYTES => "a chunk's line is too long",
            false => return Ok(()),
        };
        let what = format!("it is not HTTP/1.1: {what}");
        Err(watch.end(Error::new(Status::Protocol, what)))
    }

    /// Waits for more of the answer.
    fn read(&mut self) -> io::Result<usize> {
        // Asking for an answer that cannot be there yet would be for nothing.
        let mut wait_first = std::mem::take(&mut self.just_asked);
        loop {
            let (Link { stream, .. }, watch) = self.lent();
            if wait_first {
                stream.await_ready(PollFlags::IN, watch)?;
                wait_first = false;
            }
            match self.try_read() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_first = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // More than what was passed over.
                Ok(1..) if self.head == Head::Awaited => self.lent().1.check_now_and_then()?,
                read => return read,
            }
        }
    }
}

impl Transport for Loan {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.lent().0.bytes
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if self.stopped.is_some() {
            self.lent().1.check_now_and_then()?;
            return Ok(());
        }
        let is_by_piece = self.back.is_by_piece();
        let bytes = &mut self.lent().0.bytes;
        bytes.gathered += amount;
        if is_by_piece {
            self.lent().1.restart();
            self.flush()?;
            if self.stopped.is_none() && !self.ends {
                self.look_for_answer()?;
            }
        } else if bytes.gathered >= GATHER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush()?;
        if self.head == Head::There {
            if self.back.is_by_piece() {
                self.lent().1.restart();
            }
            if self.lent().0.bytes.can_use_input() {
                // It came before all was out.
                return Ok(true);
            }
            self.check_what_is_left()?;
        }
        let read = match self.ends {
            true => Ok(0),
            false => self.read(),
        };
        if !matches!(read, Ok(1..))
            && let Some(Stopped::HungUp(why)) = self.stopped.take_if(|_| self.head == Head::Awaited)
        {
            return Err(why.into());
        }
        Ok(read? > 0)
    }

    /// Asked by ureq when an answer has ended well, and for nothing else.
    fn is_open(&mut self) -> bool {
        self.can_be_kept = self.stopped.is_none() && !self.ends;
        self.can_be_kept
    }

    fn is_tls(&self) -> bool {
        self.lent
            .as_ref()
            .is_some_and(|(link, _)| link.stream.is_tls())
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some((mut link, watch)) = self.lent.take() {
            link.bytes.forget();
            link.answered = Some(Instant::now());
            let link = self.can_be_kept.then_some(link);
            *lock(&self.back.0.returned) = Some(Returned { link, watch });
        }
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").finish_non_exhaustive()
    }
}

/// What is to be sent, and what has come and was not used yet. Both may hold tokens, the output a
/// password: they are wiped.
#[derive(Default)]
struct Bytes {
    output: Vec<u8>,
    gathered: usize,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// The highest `end` of this request.
    most: usize,
    /// Whether ureq could use some of the input when it looked last.
    progress: bool,
    /// Whether what ureq puts out goes nowhere.
    is_passed_over: bool,
}

impl Bytes {
    /// Room for more input.
    fn free_input(&mut self) -> &mut [u8] {
        if self.start == self.end {
            // What filled all of it is one of many.
            if self.end == self.input.len() && self.end < MOST_INPUT_BYTES / 2 {
                grow(&mut self.input, (2 * self.end).max(FIRST_INPUT_BYTES));
            }
            (self.start, self.end) = (0, 0);
        } else if self.end == self.input.len() {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end > self.input.len() / 2 {
                let longer = (2 * self.input.len()).min(MOST_INPUT_BYTES);
                grow(&mut self.input, longer);
            }
        }
        &mut self.input[self.end..]
    }

    fn first_of_input(&mut self, length: usize) -> &mut [u8] {
        &mut self.input[self.start..self.start + length]
    }

    fn forget_output(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        self.output[..gathered].fill(0);
        std::hint::black_box(&mut self.output);
    }

    fn forget(&mut self) {
        self.forget_output();
        self.input[..self.most].fill(0);
        std::hint::black_box(&mut self.input);
        (self.start, self.end, self.most) = (0, 0, 0);
        self.progress = false;
    }
}

/// Leaves no copy behind, as a vector that moves would.
fn grow(bytes: &mut Vec<u8>, length: usize) {
    let mut longer = vec![0; length];
    longer[..bytes.len()].copy_from_slice(bytes);
    bytes.zeroize();
    *bytes = longer;
}

impl Buffers for Bytes {
    fn output(&mut self) -> &mut [u8] {
        let wanted = match self.is_passed_over {
            true => PASSED_OVER_BYTES,
            false => self.gathered + OUTPUT_BYTES,
        };
        if self.output.len() < wanted {
            grow(&mut self.output, wanted);
        }
        &mut self.output[self.gathered..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.free_input()
    }

    fn input_appended(&mut self, amount: usize) {
        self.end += amount;
        self.most = self.most.max(self.end);
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.start += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output();
        self.free_input();
        (
            &mut self.input[self.end..],
            &mut self.output[self.gathered..],
        )
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ureq::unversioned::transport::time;

    use super::*;
    use crate::call::{Call, Running};

    const NEVER: NextTimeout = NextTimeout {
        after: time::Duration::NotHappening,
        reason: ureq::Timeout::Global,
        per_read: None,
        per_write: None,
    };

    /// A loan that has gathered a request, and the other side.
    fn loan(call: &Call, is_full: bool) -> (Loan, UnixStream) {
        let (mut own, other) = UnixStream::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        while is_full && own.write(&[0; 4096]).is_ok() {}
        let hour = std::time::Duration::from_secs(3600);
        let watch = Watch::new(&Running::start(call, Arc::default(), hour));
        let mut loan = Loan::new(Link::new(Stream::Unix(own)), watch, Return::default());
        loan.buffers().output()[..7].copy_from_slice(b"request");
        loan.transmit_output(7, NEVER).unwrap();
        (loan, other)
    }

    /// Ends a wait that would last for ever.
    fn not_for_ever() -> Call {
        let (call, asked) = (Call::new(), AtomicUsize::new(0));
        let too_often = move || asked.fetch_add(1, Ordering::Relaxed) > 100;
        call.set_interrupt(Some(Box::new(too_often)));
        call
    }

    fn take_input(loan: &mut Loan) -> Vec<u8> {
        let input = loan.buffers().input().to_vec();
        loan.buffers().input_consume(input.len());
        input
    }

    #[test]
    fn an_answer_that_comes_before_the_last_of_a_body_is_out_is_not_waited_for() {
        let (mut loan, mut other) = loan(&not_for_ever(), true);
        let answer = b"HTTP/1.1 413 No\nContent-Length: 2\n\n";
        other.write_all(answer).unwrap();
        assert!(loan.await_input(NEVER).unwrap());
        assert_eq!(take_input(&mut loan), answer);
    }

    #[test]
    fn a_connection_that_did_not_take_all_of_a_body_is_not_kept() {
        let (mut loan, mut other) = loan(&not_for_ever(), true);
        other
            .write_all(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\n")
            .unwrap();
        loan.flush().unwrap();
        take_input(&mut loan);
        other.write_all(b"{}").unwrap();
        assert!(loan.await_input(NEVER).unwrap());
        take_input(&mut loan);
        assert!(!loan.is_open());
    }

    #[test]
    fn an_answer_of_one_who_hung_up_ends_as_it_says() {
        let (mut loan, mut other) = loan(&not_for_ever(), false);
        let answer = b"HTTP/1.1 413 No\r\n\r\n{}";
        other.write_all(answer).unwrap();
        other.shutdown(Shutdown::Both).unwrap();
        assert!(loan.await_input(NEVER).unwrap());
        assert_eq!(take_input(&mut loan), answer);
        assert!(!loan.await_input(NEVER).unwrap());
    }

    #[test]
    fn who_hung_up_without_a_word_gave_no_answer() {
        let (mut loan, other) = loan(&not_for_ever(), false);
        other.shutdown(Shutdown::Both).unwrap();
        assert!(loan.await_input(NEVER).is_err());
    }
}
