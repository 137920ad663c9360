//! What arrived, in order: the newest requests, shown by `GET /log`. A line keeps the head as it
//! came and is taken apart only when somebody asks. Passwords and application secrets are never
//! shown.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::sessions;
use crate::http::Request;

/// Older lines are forgotten, so that a long run does not eat the machine's memory.
const KEEP: usize = 10_000;

/// A line, for as long as the sandbox runs; its `n` starts anew with every `DELETE /log`.
pub type LineId = u64;

#[derive(Default)]
pub struct Log {
    lines: VecDeque<Line>,
    /// The first of `lines`.
    first: LineId,
    /// The one with `n` 1.
    origin: LineId,
}

struct Line {
    at_ms: u64,
    kind: Kind,
    status: Option<u16>,
    note: Note,
    head: Box<[u8]>,
    body_bytes: usize,
}

/// What became of a request, and who its body says it is from. Never a password.
#[derive(Default)]
pub struct Note {
    /// A short phrase.
    pub why: Cow<'static, str>,
    pub username: Option<String>,
    pub session_token: Option<String>,
}

impl Note {
    pub fn new(why: impl Into<Cow<'static, str>>) -> Note {
        Note {
            why: why.into(),
            ..Note::default()
        }
    }

    /// This note, told of something that came first.
    pub fn after(mut self, what: &str) -> Note {
        self.why = format!("{what}: {}", self.why).into();
        self
    }
}

impl Log {
    pub fn arrived(&mut self, at_ms: u64, kind: Kind, request: &Request<'_>) -> LineId {
        if self.lines.len() == KEEP {
            self.lines.pop_front();
            self.first += 1;
        }
        self.lines.push_back(Line {
            at_ms,
            kind,
            status: None,
            note: Note::default(),
            head: request.head.into(),
            body_bytes: request.body.len(),
        });
        self.first + self.lines.len() as u64 - 1
    }

    pub fn answered(&mut self, line: LineId, status: u16) {
        if let Some(line) = self.line(line) {
            line.status = Some(status);
        }
    }

    pub fn explain(&mut self, line: LineId, note: Note) {
        if let Some(line) = self.line(line) {
            line.note = note;
        }
    }

    pub fn clear(&mut self) {
        self.first += self.lines.len() as u64;
        self.origin = self.first;
        self.lines.clear();
    }

    pub fn to_json(&self) -> Value {
        let lines = self.lines.iter().zip(self.first - self.origin + 1..);
        lines.map(|(line, n)| line.to_json(n)).collect()
    }

    fn line(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines
            .get_mut(usize::try_from(id.checked_sub(self.first)?).ok()?)
    }
}

impl Line {
    fn to_json(&self, n: u64) -> Value {
        let Note {
            why,
            username,
            session_token,
        } = &self.note;
        Request::again(&self.head, &[], |request| {
            json!({
                "n": n,
                "at_ms": self.at_ms,
                "method": request.method,
                "path": request.target,
                "kind": self.kind.name(),
                "status": self.status,
                "why": why,
                "session_token": session_token.as_deref().or_else(|| session_token_of(request)),
                "api_token": request.authorization("bearer"),
                "username": username,
                "soap_action": request.header("soapaction").map(|action| action.trim_matches('"')),
                "idempotency_key": request.header("idempotency-key"),
                "headers": headers(request),
                "body_bytes": self.body_bytes,
            })
        })
        .unwrap_or_default()
    }
}

fn session_token_of<'a>(request: &Request<'a>) -> Option<&'a str> {
    request
        .header(sessions::HEADER)
        .or_else(|| request.header(sessions::OTHER_HEADER))
}

/// Names in small letters; one that comes twice has its values joined by a comma.
fn headers(request: &Request<'_>) -> Map<String, Value> {
    let mut all = Map::new();
    for header in request.headers {
        let name = header.name.to_ascii_lowercase();
        let mut value = String::from_utf8_lossy(header.value).into_owned();
        if name.ends_with("authorization")
            && value
                .get(..6)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
        {
            value = "Basic (not logged)".into();
        }
        if let Some(Value::String(earlier)) = all.get(&name) {
            value = format!("{earlier}, {value}");
        }
        all.insert(name, value.into());
    }
    all
}
