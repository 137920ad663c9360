//! One direction of a connection: bytes leave as they came, the delay later, and so does its end.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, mem};

use super::Line;

const PIECE: usize = 64 * 1024;

/// Bytes, and when they are due. None stands for the end.
type Piece = (Instant, Option<Vec<u8>>);

/// Leads from one socket to the other. `watch` sees every piece twice: when it was sent (true), and
/// when it is about to arrive.
pub fn start(
    line: &Arc<Line>,
    from: &Arc<TcpStream>,
    to: &Arc<TcpStream>,
    head_start: Duration,
    watch: impl Fn(&[u8], bool) + Send + Sync + 'static,
) -> io::Result<()> {
    let Some(id) = line.connections.register(from) else {
        return Ok(());
    };
    let watch = Arc::new(watch);
    let (pieces, arriving) = channel();
    let (reader, seen, delay) = (Arc::clone(from), Arc::clone(&watch), line.delay);
    let reading = thread::Builder::new()
        .name("delay-read".into())
        .spawn(move || read(&reader, &pieces, head_start, delay, &*seen));
    let (line, to) = (Arc::clone(line), Arc::clone(to));
    let (from, reading) = (Arc::clone(from), reading?);
    thread::Builder::new()
        .name("delay-write".into())
        .spawn(move || {
            write(&to, &arriving, &line, &*watch);
            // Who writes no more wants nothing more to read.
            let _ = from.shutdown(Shutdown::Read);
            let _ = reading.join();
            drop(from);
            line.connections.forget(id);
        })
        .map(drop)
}

fn read(
    from: &TcpStream,
    pieces: &Sender<Piece>,
    mut head_start: Duration,
    delay: Duration,
    watch: &dyn Fn(&[u8], bool),
) {
    let mut buffer = vec![0; PIECE];
    loop {
        let bytes = match (&*from).read(&mut buffer) {
            Ok(count @ 1..) => Some(buffer[..count].to_vec()),
            Ok(0) | Err(_) => None,
        };
        if let Some(bytes) = &bytes {
            watch(bytes, true);
        }
        let ended = bytes.is_none();
        let due = Instant::now() + delay + mem::take(&mut head_start);
        if pieces.send((due, bytes)).is_err() || ended {
            return;
        }
    }
}

fn write(to: &TcpStream, arriving: &Receiver<Piece>, line: &Line, watch: &dyn Fn(&[u8], bool)) {
    while let Ok((due, bytes)) = arriving.recv() {
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() && !line.connections.pause(early) {
            return;
        }
        match bytes {
            Some(bytes) => {
                watch(&bytes, false);
                if (&*to).write_all(&bytes).is_err() {
                    return;
                }
            }
            None => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
    }
}
