//! A request as it arrived: views into the connection's buffer, nothing copied. A stored head can
//! be read again.

use httparse::{EMPTY_HEADER, Header};

pub const MAX_HEADERS: usize = 64;

pub struct Request<'a> {
    pub method: &'a str,
    /// As it stands in the request line.
    pub target: &'a str,
    pub headers: &'a [Header<'a>],
    /// The request line and the headers, as they arrived.
    pub head: &'a [u8],
    pub body: &'a [u8],
    pub keep_alive: bool,
    /// Whether it came over TLS.
    pub secure: bool,
}

impl<'a> Request<'a> {
    /// The path alone: without a query, and without the origin that a client puts before it when it
    /// takes us for a proxy.
    pub fn path(&self) -> &'a str {
        self.path_and_query().0
    }

    /// What stands behind the `?`; empty for none.
    pub fn query(&self) -> &'a str {
        self.path_and_query().1
    }

    fn path_and_query(&self) -> (&'a str, &'a str) {
        let target = match self.target.split_once("://") {
            Some((_, rest)) if !self.target.starts_with('/') => {
                rest.find('/').map_or("/", |slash| &rest[slash..])
            }
            _ => self.target,
        };
        target.split_once('?').unwrap_or((target, ""))
    }

    /// The first header of that name, without the space around it.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let header = self
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    }

    /// The credentials of an `Authorization` header of that scheme.
    pub fn authorization(&self, scheme: &str) -> Option<&'a str> {
        let (given, credentials) = self.header("authorization")?.split_once(' ')?;
        given
            .eq_ignore_ascii_case(scheme)
            .then(|| credentials.trim())
    }

    /// Reads a stored head again. It was read before, so that it is whole and good.
    pub fn again<T>(head: &[u8], body: &[u8], look: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(head).ok()?;
        let (method, target) = (parsed.method?, parsed.path?);
        Some(look(&Request {
            method,
            target,
            headers: parsed.headers,
            head,
            body,
            keep_alive: false,
            secure: false,
        }))
    }
}
