//! The body of a request that is read while it is sent.

use std::fmt;
use std::io::{self, Read};

use super::link::Return;
use crate::error::{Error, Status};

/// A body that can be read once.
pub struct Upload<'a> {
    /// Asked for the next piece when the one before has left.
    pub reader: &'a mut dyn Read,
    /// How many bytes it has. Where it is not known the body is sent in chunks.
    pub length: Option<u64>,
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Upload<'_> {
    pub(super) fn feed(&mut self, back: Return) -> Feed<'_> {
        Feed {
            left: self.length,
            reader: self.reader,
            back,
            failure: None,
        }
    }
}

/// An upload as ureq reads it.
pub(super) struct Feed<'a> {
    reader: &'a mut dyn Read,
    /// How much is to come.
    left: Option<u64>,
    back: Return,
    failure: Option<io::Error>,
}

impl Feed<'_> {
    /// Why the body could not be read.
    pub fn failure(self) -> Option<Error> {
        let error = self.failure?;
        let message = format!("the call was given up: its body could not be read: {error}");
        Some(Error::new(Status::Cancelled, message))
    }

    /// How much of a buffer can be used.
    fn most(&self, buffer: &[u8]) -> usize {
        let left = self.left.unwrap_or(u64::MAX);
        usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()))
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) if self.left.is_some_and(|left| left > 0) => {
                    let why = "it is shorter than was said";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                }
                read => return read,
            }
        }
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most(buffer);
        let read = if self.back.is_stopped() {
            // What is not sent any more is not read either; but ureq wants all of a body whose
            // length it was told.
            self.left.map_or(0, |_| most)
        } else {
            self.read_on(&mut buffer[..most]).map_err(|error| {
                let told = io::Error::from(error.kind());
                self.failure = Some(error);
                told
            })?
        };
        if let Some(left) = &mut self.left {
            *left -= read as u64;
        }
        Ok(read)
    }
}
