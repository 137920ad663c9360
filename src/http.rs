//! The one way out to the network: no redirects, https (loopback aside), bounded in time and size,
//! on connections that may be kept (requests) or not (logins). Besides the answer it tells whether
//! anything of a failed request can have left this machine.

use std::time::Duration;

use ureq::http::header::{ACCEPT, HeaderName, HeaderValue};
use ureq::http::{self, Method};
use ureq::{Agent, Body, Proxy, ProxyProtocol};

use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::response::Response;
use crate::settings::Settings;
use crate::tls;
use crate::transport::{self, BUFFER_BYTES, SlicedResolver, UnderWay};

const MAX_IDLE_CONNECTIONS: usize = 64;
/// The head of a request must fit the transport's buffer.
const HEAD_MAX_BYTES: usize = BUFFER_BYTES / 2;
/// A content length is believed up to this when the answer's buffer is made.
const TRUSTED_LENGTH: u64 = 1024 * 1024;

/// A request ready to be sent.
pub(crate) struct Outgoing<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub max_response_bytes: u64,
    /// Whether a kept connection will do. One may prove dead only once the request is written: not
    /// for what must not be sent twice.
    pub on_kept_connection: bool,
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
}

/// The wire of the real world.
pub(crate) struct Http {
    kept: Agent,
    fresh: Agent,
    connect_timeout: Duration,
}

impl Http {
    pub fn new(settings: &Settings) -> Result<Http> {
        Ok(Http {
            kept: agent(settings, MAX_IDLE_CONNECTIONS)?,
            fresh: agent(settings, 0)?,
            connect_timeout: settings.connect_timeout,
        })
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
        let agent = match outgoing.on_kept_connection {
            true => &self.kept,
            false => &self.fresh,
        };
        let under_way = UnderWay::begin(running, self.connect_timeout);
        let result = agent
            .run(request)
            .and_then(|answer| read(answer, outgoing.max_response_bytes));
        let ended = under_way.end();
        result.map_err(|error| {
            let error = ended.reason.unwrap_or_else(|| explain(error));
            let host = host_of(outgoing.url);
            let what = match ended.sent {
                false => format!("no connection to {host}"),
                true => format!("no whole answer from {host}"),
            };
            SendFailure {
                error: error.about(&what),
                sent: ended.sent,
            }
        })
    }
}

fn agent(settings: &Settings, max_idle_connections: usize) -> Result<Agent> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .user_agent(settings.user_agent.as_str())
        .accept("")
        .accept_encoding("")
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(BUFFER_BYTES)
        .max_idle_connections(max_idle_connections)
        .max_idle_connections_per_host(max_idle_connections)
        .proxy(proxy(settings)?)
        .tls_config(tls::config(settings.ca_file.as_deref())?)
        .build();
    Ok(Agent::with_parts(
        config,
        transport::connector(),
        SlicedResolver,
    ))
}

/// The proxy of the option, or else of the environment; loopback is never reached by the
/// environment's.
fn proxy(settings: &Settings) -> Result<Option<Proxy>> {
    let invalid = |message: &str| Error::new(Status::InvalidArgument, message);
    if let Some(option) = &settings.proxy {
        return match option.reveal() {
            "none" => Ok(None),
            url => Proxy::new(url)
                .map(Some)
                .map_err(|_| invalid("proxy: is not a URL")),
        };
    }
    if settings.endpoint().is_loopback() {
        return Ok(None);
    }
    match Proxy::try_from_env() {
        Some(proxy) if !is_http(proxy.protocol()) => Err(invalid(
            "the environment names a SOCKS proxy (ALL_PROXY), which is not supported: set the \
             option proxy to an HTTP proxy or to none",
        )),
        proxy => Ok(proxy),
    }
}

/// The host of a URL, with its port if it names one.
fn host_of(url: &str) -> &str {
    let after_scheme = url.split("//").nth(1).unwrap_or_default();
    after_scheme.split('/').next().unwrap_or_default()
}

fn is_http(protocol: ProxyProtocol) -> bool {
    matches!(protocol, ProxyProtocol::Http | ProxyProtocol::Https)
}

fn build<'a>(outgoing: &Outgoing<'a>) -> Result<http::Request<&'a [u8]>> {
    let invalid = |message: String| Error::new(Status::InvalidArgument, message);
    let method = Method::from_bytes(outgoing.method.as_bytes())
        .map_err(|_| invalid(format!("{:?} is not an HTTP method", outgoing.method)))?;
    let head = |(name, value): &(&str, &str)| name.len() + value.len();
    if outgoing.url.len() + outgoing.headers.iter().map(head).sum::<usize>() > HEAD_MAX_BYTES {
        return Err(invalid(format!(
            "path and headers are longer than {HEAD_MAX_BYTES} bytes"
        )));
    }
    let mut request = http::Request::new(outgoing.body);
    *request.method_mut() = method;
    *request.uri_mut() = outgoing
        .url
        .parse()
        .map_err(|_| invalid("the path makes no valid URL".into()))?;
    let headers = request.headers_mut();
    headers.reserve(outgoing.headers.len() + 1);
    for (name, value) in outgoing.headers {
        let invalid = |part| invalid(format!("header {name:?}: is not a valid {part}"));
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("name"))?,
            HeaderValue::from_str(value).map_err(|_| invalid("value"))?,
        );
    }
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

fn read(
    answer: http::Response<Body>,
    max_bytes: u64,
) -> std::result::Result<Response, ureq::Error> {
    use std::io::Read;

    let (parts, body) = answer.into_parts();
    let expected = body.content_length().unwrap_or(0);
    let mut bytes = Vec::with_capacity(expected.min(max_bytes).min(TRUSTED_LENGTH) as usize + 1);
    let read = body
        .into_with_config()
        .limit(max_bytes.saturating_add(1))
        .reader()
        .read_to_end(&mut bytes);
    match read.map_err(ureq::Error::from) {
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(ureq::Error::BodyExceedsLimit(max_bytes)),
        Ok(_) if bytes.len() as u64 > max_bytes => Err(ureq::Error::BodyExceedsLimit(max_bytes)),
        read => read,
    }?;
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    Ok(Response::new(
        parts.status.as_u16(),
        headers.collect(),
        bytes,
    ))
}

/// ureq's errors in our terms. Its messages hold no header and no body.
fn explain(error: ureq::Error) -> Error {
    use ureq::Error as U;
    let network = |message: String| Error::new(Status::Network, message);
    let protocol = |message: String| Error::new(Status::Protocol, message);
    match error {
        U::BodyExceedsLimit(limit) => protocol(format!(
            "it is longer than {limit} bytes (max_response_bytes)"
        )),
        U::LargeResponseHeader(..) => protocol("its head is too long".into()),
        U::Protocol(error) => protocol(format!("it is not HTTP/1.1: {error}")),
        U::Http(error) => protocol(format!("it is not HTTP/1.1: {error}")),
        U::Rustls(error) => tls_error(&error),
        U::Tls(error) => Error::new(Status::Tls, error),
        U::TlsRequired => Error::new(Status::Tls, "the connection would not be encrypted"),
        U::HostNotFound => network("the host name does not resolve".into()),
        U::ConnectProxyFailed(error) => network(format!("the proxy refused: {error}")),
        U::Io(error) => match error.get_ref().and_then(|e| e.downcast_ref()) {
            Some(error) => tls_error(error),
            None => network(error.to_string()),
        },
        other => network(other.to_string()),
    }
}

fn tls_error(error: &rustls::Error) -> Error {
    Error::new(
        Status::Tls,
        format!("TLS failed: {error}; check the URL, the clock and ca_file"),
    )
}
