//! The one way out to the network: no redirects, https (loopback aside), bounded in time and size,
//! on connections that are kept. Besides the answer it tells whether anything of a failed request
//! can have left this machine. ureq speaks HTTP; which connection it speaks it on is ours.

mod connections;
mod head;
mod incoming;
mod link;
mod route;
mod upload;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use ureq::http::{self, Method, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, SendBody};

use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::net::Watch;
use crate::net::proxy::Proxy;
use crate::response::Response;
use crate::runtime::Runtime;
use crate::settings::Network;
pub(crate) use connections::Connection;
use connections::Connections;
pub(crate) use incoming::Incoming;
use link::{Loan, Return};
pub(crate) use route::Route;
pub use upload::Upload;

/// The head of a request must fit a connection's buffer.
const HEAD_MAX_BYTES: usize = 16 * 1024;
const ANSWER_HEAD_MAX_BYTES: usize = 64 * 1024;
/// A content length is believed up to this when the answer's buffer is made.
const TRUSTED_LENGTH: u64 = 1024 * 1024;
/// The buffer of an answer that does not say its length: one with a token fits, so that no part of
/// it is left behind where the buffer moves.
const UNTOLD_LENGTH: u64 = 8 * 1024;

thread_local! {
    /// What is handed to ureq for the request that this thread begins, for that moment.
    static HANDED: RefCell<Option<Loan>> = const { RefCell::new(None) };
}

/// A request ready to be sent.
pub(crate) struct Outgoing<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub max_response_bytes: u64,
    pub on: Connection,
}

/// A request without an answer.
pub(crate) struct SendFailure {
    pub error: Error,
    /// False when nothing of the request left this machine.
    pub sent: bool,
}

impl From<SendFailure> for Error {
    fn from(failure: SendFailure) -> Error {
        failure.error
    }
}

/// Carries requests to the platform. A seam: simulations carry them elsewhere.
pub(crate) trait Wire: Send + Sync {
    /// Sends one request and takes the whole answer, whatever its status.
    fn send(
        &self,
        running: &Running,
        outgoing: &Outgoing<'_>,
    ) -> std::result::Result<Response, SendFailure>;

    /// Sends one request, its body from `upload` where there is one, and takes the head of the
    /// answer.
    fn stream(
        &self,
        _: &Running,
        _: &Outgoing<'_>,
        _: Option<&mut Upload<'_>>,
    ) -> std::result::Result<Incoming, SendFailure> {
        let error = Error::new(Status::Internal, "this wire carries whole answers only");
        Err(SendFailure { error, sent: false })
    }

    /// The proxy on the way.
    fn proxy(&self) -> Option<&Proxy> {
        None
    }
}

/// The wire of the real world.
pub(crate) struct Http {
    agent: Agent,
    connections: Arc<Connections>,
}

/// A request that was sent and whose answer has begun, or not.
struct Underway {
    connections: Arc<Connections>,
    back: Return,
    /// Whether its connection was kept from an earlier one.
    is_kept: bool,
}

impl Http {
    pub fn new(network: &Network, runtime: Arc<dyn Runtime>) -> Result<Http> {
        Ok(Http::by(Route::new(network, runtime)?))
    }

    /// By a route of the caller's own.
    pub fn by(route: Route) -> Http {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .user_agent(route.user_agent())
            .accept("")
            .accept_encoding("")
            .max_response_header_size(ANSWER_HEAD_MAX_BYTES)
            // Kept by us.
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Http {
            agent: Agent::with_parts(config, Handed, NoNames),
            connections: Arc::new(Connections::new(route)),
        }
    }

    /// Sends the request and takes the head of the answer.
    fn begin(
        &self,
        running: &Running,
        on: Connection,
        back: Return,
        request: http::Request<impl AsSendBody>,
    ) -> std::result::Result<(http::Response<Body>, Underway), SendFailure> {
        let mut watch = Watch::new(running);
        let (link, is_kept) = self
            .connections
            .get(on, &mut watch)
            .map_err(|error| SendFailure { error, sent: false })?;
        HANDED.set(Some(Loan::new(link, watch, back.clone())));
        let answer = self.agent.run(request);
        // Not taken where ureq found the request itself at fault.
        HANDED.take();
        let underway = Underway {
            connections: Arc::clone(&self.connections),
            back,
            is_kept,
        };
        let checked = answer.and_then(|answer| check_head(&answer).map(|()| answer));
        match checked {
            Ok(answer) => Ok((answer, underway)),
            Err(error) => Err(underway.failure(error)),
        }
    }

    /// Reads what a session needs to have read before it can connect: fails for what is set wrong.
    pub fn prepare(&self, running: &Running) -> Result<()> {
        self.connections.route.prepare(running)
    }
}

impl Wire for Http {
    fn send(
        &self,
        running: &Running,
        outgoing: &Outgoing<'_>,
    ) -> std::result::Result<Response, SendFailure> {
        let unsent = |error| SendFailure { error, sent: false };
        running.check().map_err(unsent)?;
        let request = build(outgoing).map_err(unsent)?;
        let request = request.map(|()| outgoing.body);
        let (answer, underway) = self.begin(running, outgoing.on, Return::default(), request)?;
        match read(answer, outgoing.max_response_bytes) {
            Ok((status, body)) => {
                underway.keep_link();
                Ok(Response::new(status, underway.back.take_headers(), body))
            }
            Err(error) => Err(underway.failure(error)),
        }
    }

    fn stream(
        &self,
        running: &Running,
        outgoing: &Outgoing<'_>,
        upload: Option<&mut Upload<'_>>,
    ) -> std::result::Result<Incoming, SendFailure> {
        let unsent = |error| SendFailure { error, sent: false };
        running.check().map_err(unsent)?;
        let mut request = build(outgoing).map_err(unsent)?;
        let back = Return::default();
        let Some(upload) = upload else {
            let request = request.map(|()| outgoing.body);
            let (answer, underway) = self.begin(running, outgoing.on, back, request)?;
            return Ok(Incoming::new(answer, underway));
        };
        if let Some(length) = upload.length {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        back.set_by_piece(true);
        let mut feed = upload.feed(back.clone());
        let request = request.map(|()| SendBody::from_reader(&mut feed));
        let begun = self.begin(running, outgoing.on, back.clone(), request);
        back.set_by_piece(false);
        match (begun, feed.failure()) {
            (Ok((answer, underway)), _) => Ok(Incoming::new(answer, underway)),
            (Err(SendFailure { sent, .. }), Some(error)) => Err(SendFailure { error, sent }),
            (Err(failure), None) => Err(failure),
        }
    }

    fn proxy(&self) -> Option<&Proxy> {
        self.connections.route.proxy()
    }
}

impl Underway {
    /// Keeps the connection of an answer that has ended well. Whether it has ended.
    fn keep_link(&self) -> bool {
        let Some(returned) = self.back.take() else {
            return false;
        };
        if let Some(link) = returned.link {
            self.connections.keep(link);
        }
        true
    }

    /// What went wrong. Only once ureq has let go of the loan.
    fn failure(&self, error: ureq::Error) -> SendFailure {
        let returned = self.back.take();
        let sent = returned.as_ref().is_none_or(|back| back.watch.sent());
        let error = explain(error, returned.map(|back| back.watch));
        if self.is_kept && error.status() == Status::Timeout {
            // Its like may lead nowhere as well.
            self.connections.forget_kept();
        }
        let what = match sent {
            false => "could not be sent to",
            true => "no whole answer from",
        };
        let what = format!("{what} {}", self.connections.route.other_side());
        let error = error.about(&what);
        SendFailure { error, sent }
    }
}

/// What another HTTP client is to send: the URL, name and value of each header, ours included; each
/// with a NUL behind it.
pub(crate) fn head(outgoing: &Outgoing<'_>, user_agent: &str) -> Result<Vec<u8>> {
    check_line(outgoing)?;
    let mut head = Vec::with_capacity(512);
    let mut put = |text: &[u8]| {
        head.extend_from_slice(text);
        head.push(0);
    };
    put(outgoing.url.as_bytes());
    for given in outgoing.headers {
        let (name, value) = header(given)?;
        put(name.as_str().as_bytes());
        put(value.as_bytes());
    }
    let agent = [(USER_AGENT, user_agent)];
    for (name, value) in DEFAULTS.into_iter().chain(agent) {
        let is_it = |(given, _): &(&str, &str)| given.eq_ignore_ascii_case(name.as_str());
        if !outgoing.headers.iter().any(is_it) {
            put(name.as_str().as_bytes());
            put(value.as_bytes());
        }
    }
    Ok(head)
}

/// Connects ureq with what was handed over.
#[derive(Debug)]
struct Handed;

impl Connector for Handed {
    type Out = Loan;

    fn connect(
        &self,
        _: &ConnectionDetails,
        _: Option<()>,
    ) -> std::result::Result<Option<Loan>, ureq::Error> {
        Ok(HANDED.take())
    }
}

/// Names are looked up when a connection is made.
#[derive(Debug)]
struct NoNames;

impl Resolver for NoNames {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// What goes with every request that does not say otherwise.
const DEFAULTS: [(HeaderName, &str); 2] =
    [(ACCEPT, "application/json"), (ACCEPT_ENCODING, "identity")];

fn build(outgoing: &Outgoing<'_>) -> Result<http::Request<()>> {
    let (method, uri) = check_line(outgoing)?;
    let mut request = http::Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.reserve(outgoing.headers.len() + 2);
    for given in outgoing.headers {
        let (name, value) = header(given)?;
        headers.append(name, value);
    }
    for (name, value) in DEFAULTS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    Ok(request)
}

/// Method and URL, and how long the head is.
fn check_line(outgoing: &Outgoing<'_>) -> Result<(Method, Uri)> {
    let method = Method::from_bytes(outgoing.method.as_bytes())
        .map_err(|_| invalid(format!("{:?} is not an HTTP method", outgoing.method)))?;
    if method == Method::CONNECT {
        // Its answer has no body, and its request no path.
        return Err(invalid("CONNECT is for tunnels: use another method".into()));
    }
    let length = |(name, value): &(&str, &str)| name.len() + value.len();
    if outgoing.url.len() + outgoing.headers.iter().map(length).sum::<usize>() > HEAD_MAX_BYTES {
        return Err(invalid(format!(
            "path and headers are longer than {HEAD_MAX_BYTES} bytes"
        )));
    }
    let uri = outgoing.url.parse();
    Ok((
        method,
        uri.map_err(|_| invalid("the path makes no valid URL".into()))?,
    ))
}

fn header((name, value): &(&str, &str)) -> Result<(HeaderName, HeaderValue)> {
    let flaw = |part| invalid(format!("header {name:?}: is not a valid {part}"));
    Ok((
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| flaw("name"))?,
        HeaderValue::from_str(value).map_err(|_| flaw("value"))?,
    ))
}

fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// Status and body.
fn read(
    answer: http::Response<Body>,
    max_bytes: u64,
) -> std::result::Result<(u16, Vec<u8>), ureq::Error> {
    use std::io::Read;

    let (parts, body) = answer.into_parts();
    let expected = body.content_length().unwrap_or(UNTOLD_LENGTH);
    let mut bytes = Vec::with_capacity(expected.min(max_bytes).min(TRUSTED_LENGTH) as usize + 1);
    let limit = max_bytes.saturating_add(1);
    let mut body = body.into_with_config().limit(limit).reader();
    match body.read_to_end(&mut bytes).map_err(ureq::Error::from) {
        Err(ureq::Error::BodyExceedsLimit(_)) => return Err(is_too_long(max_bytes)),
        Ok(_) if bytes.len() as u64 > max_bytes => return Err(is_too_long(max_bytes)),
        read => read?,
    };
    Ok((parts.status.as_u16(), bytes))
}

/// Fails for what ureq lets pass.
fn check_head(answer: &http::Response<Body>) -> std::result::Result<(), ureq::Error> {
    if answer.status() == http::StatusCode::SWITCHING_PROTOCOLS {
        return Err(refused("it switches to a protocol that nobody asked for"));
    }
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    match answer
        .headers()
        .get_all(TRANSFER_ENCODING)
        .iter()
        .all(is_chunked)
    {
        true => Ok(()),
        false => Err(refused("its Transfer-Encoding is not chunked")),
    }
}

fn is_too_long(max_bytes: u64) -> ureq::Error {
    refused(&format!(
        "it is longer than {max_bytes} bytes (max_response_bytes)"
    ))
}

/// An answer that is not to be had.
fn refused(why: &str) -> ureq::Error {
    io::Error::other(Error::new(Status::Protocol, why)).into()
}

/// ureq's errors in our terms. Its messages hold no header and no body.
fn explain(error: ureq::Error, watch: Option<Watch>) -> Error {
    use ureq::Error as U;
    let protocol = |message: String| Error::new(Status::Protocol, message);
    match (error, watch) {
        (U::Io(error), Some(mut watch)) => watch.why(error),
        (U::LargeResponseHeader(..), _) => protocol(format!(
            "its head is longer than {ANSWER_HEAD_MAX_BYTES} bytes"
        )),
        (U::Protocol(error), _) => protocol(format!("it is not HTTP/1.1: {error}")),
        (U::Http(error), _) => protocol(format!("it is not HTTP/1.1: {error}")),
        (other, _) => Error::new(Status::Network, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_is_refused_before_it_is_sent() {
        for (method, path, header) in [
            ("", "/x", ("a", "b")),
            ("G T", "/x", ("a", "b")),
            ("CONNECT", "/x", ("a", "b")),
            ("GET", "/a b", ("a", "b")),
            ("GET", "/x", ("a b", "c")),
            ("GET", "/x", ("a", "b\r\nc: d")),
            ("GET", "/x", ("a", &"b".repeat(HEAD_MAX_BYTES))),
        ] {
            let outgoing = Outgoing {
                method,
                url: &format!("https://host{path}"),
                headers: &[header],
                body: b"",
                max_response_bytes: 0,
                on: Connection::Any,
            };
            let error = build(&outgoing).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{method} {path}");
        }
    }
}
