//! Requests whose client is gone and that are processed later, by the sandbox's clock. They come
//! out in the order of their times.

use std::collections::BTreeMap;

use super::log::LineId;
use crate::http::Request;

#[derive(Default)]
pub struct Late(BTreeMap<(u64, LineId), Postponed>);

/// A request kept as it arrived.
pub struct Postponed {
    head: Box<[u8]>,
    body: Box<[u8]>,
}

impl Late {
    pub fn postpone(&mut self, to_ms: u64, line: LineId, request: &Request<'_>) {
        let postponed = Postponed {
            head: request.head.into(),
            body: request.body.into(),
        };
        self.0.insert((to_ms, line), postponed);
    }

    /// The first whose time has come: when it came, and its log line.
    pub fn next_due(&mut self, now_ms: u64) -> Option<(u64, LineId, Postponed)> {
        let first = self.0.first_entry()?;
        if first.key().0 > now_ms {
            return None;
        }
        let ((due_ms, line), postponed) = first.remove_entry();
        Some((due_ms, line, postponed))
    }
}

impl Postponed {
    pub fn read<T>(&self, look: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        Request::again(&self.head, &self.body, look)
    }
}
