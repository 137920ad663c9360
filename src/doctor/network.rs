//! The way to the platform, step by step as sessions take it: names, connections, a proxy's tunnel,
//! TLS, and who answers at the end. One request leaves, without a token and without a password.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};

use super::certificate::Certificate;
use super::finding::{Check, Findings};
use crate::call::Running;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::http::{Connection, Http, Outgoing, Route, Wire};
use crate::net::observer::Observer;
use crate::net::proxy::{self, PROXY_VARIABLES, Proxy};
use crate::net::{self, Address, Stream, Watch, tls};
use crate::platform::answer::Answer;
use crate::platform::{rest, soap, words};
use crate::response::Response;
use crate::runtime::Runtime;
use crate::secret::Secret;
use crate::settings::{Network, Protocol};

/// The longest that the system's resolver may take, and what is slow.
const NAMES_WITHIN: Duration = Duration::from_secs(10);
const SLOW_NAMES: Duration = Duration::from_secs(1);
/// The longest that an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How many of a host's addresses are tried.
const MOST_ADDRESSES: usize = 4;
/// How far a clock may be off.
const FAR_OFF: Duration = Duration::from_secs(60);
const LONGEST_ANSWER: u64 = 64 * 1024;

pub(super) struct Journey<'a> {
    pub network: &'a Network,
    pub protocol: Protocol,
    pub running: &'a Running,
    pub runtime: &'a Arc<dyn Runtime>,
}

/// What is looked at here, in this order.
const STEPS: [Check; 6] = [
    Check::Proxy,
    Check::Names,
    Check::Connection,
    Check::Tls,
    Check::Answer,
    Check::Clock,
];

/// The step that failed; those after it cannot be tried.
struct Failed(Check);

type Step<T> = std::result::Result<T, Failed>;

impl Journey<'_> {
    pub fn examine(&self, findings: &mut Findings<'_>) {
        let Err(Failed(at)) = self.travel(findings) else {
            return;
        };
        if self.running.check().is_err() {
            return;
        }
        let after = STEPS.iter().skip_while(|step| **step != at).skip(1);
        for step in after {
            findings.not_tried(*step, &format!("since {} failed before", at.name()));
        }
    }

    fn travel(&self, findings: &mut Findings<'_>) -> Step<()> {
        let observer = Arc::new(Observer::default());
        let route = self.route(&observer).map_err(|error| {
            let remedy = "Correct the URL of the proxy, or set the option proxy to none";
            findings.error(Check::Proxy, &error, remedy);
            Failed(Check::Proxy)
        })?;
        let way = match route.proxy() {
            None => "none is used".to_owned(),
            Some(proxy) => format!("{proxy} is on the way, named by {}", proxy.named_by),
        };
        findings.fine(Check::Proxy, way + &self.what_does_not_count());
        let first = route.proxy().map_or(route.to(), |proxy| &proxy.address);
        let addresses = self.look_up(first, findings)?;
        let stream = self.connect(&route, first, &addresses, findings)?;
        let stream = match route.proxy() {
            None => stream,
            Some(proxy) => self.tunnel(&route, proxy, stream, findings)?,
        };
        self.secure(&route, stream, &observer, findings)?;
        let answer = self.ask(findings)?;
        self.compare_clocks(&answer, findings);
        Ok(())
    }

    fn route(&self, observer: &Arc<Observer>) -> Result<Route> {
        let ca_file = self.network.ca_file.as_deref();
        let tls = tls::Client::new(ca_file, Arc::clone(self.runtime));
        Route::with_tls(self.network, tls.observed_by(Arc::clone(observer)))
    }

    /// The variable that names a proxy and does not count, and why.
    fn what_does_not_count(&self) -> String {
        let Network {
            endpoint, proxy, ..
        } = self.network;
        let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let Some(name) = PROXY_VARIABLES.iter().find(is_set) else {
            return String::new();
        };
        let why = match proxy {
            Some(_) => "the option proxy does".to_owned(),
            None if endpoint.is_loopback() => "loopback is never asked through one".to_owned(),
            None => match proxy::choose(None, |name| std::env::var_os(name), endpoint) {
                Ok(None) => format!("NO_PROXY names {}", endpoint.host()),
                _ => return String::new(),
            },
        };
        format!("; {name} is set, and does not count: {why}")
    }

    fn look_up(&self, host: &Address, findings: &mut Findings<'_>) -> Step<Vec<SocketAddr>> {
        let within = self
            .running
            .within(NAMES_WITHIN, "no answer of the resolver");
        let began = Instant::now();
        let found = net::look_up(host, &mut Watch::new(&within));
        let took = began.elapsed();
        let addresses = found.map_err(|error| {
            findings.error(
                Check::Names,
                &error.about(&host.host),
                "Check the name's spelling (base_url, soap_url, proxy) and this machine's DNS; \
                 where only a proxy knows the name, set the option proxy",
            );
            Failed(Check::Names)
        })?;
        let ips: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
        let message = match host.host.parse::<std::net::IpAddr>() {
            Ok(_) => format!("{} is an address", host.host),
            Err(_) => format!(
                "{} is {}, in {} ms",
                host.host,
                ips.join(", "),
                took.as_millis()
            ),
        };
        match took >= SLOW_NAMES {
            false => findings.fine(Check::Names, message),
            true => findings.warn(
                Check::Names,
                message,
                "Look-ups are slow, and each new connection makes one: mend this machine's DNS",
            ),
        }
        Ok(addresses)
    }

    /// Each address by itself: sessions take the first that answers.
    fn connect(
        &self,
        route: &Route,
        host: &Address,
        addresses: &[SocketAddr],
        findings: &mut Findings<'_>,
    ) -> Step<Stream> {
        let (mut stream, mut reached, mut failures) = (None, Vec::new(), Vec::new());
        let mut error = None;
        for address in addresses.iter().take(MOST_ADDRESSES) {
            let within = self
                .running
                .within(route.connect_timeout(), "no connection");
            let began = Instant::now();
            match net::connect_to_first(&[*address], &mut Watch::new(&within)) {
                Ok(connected) => {
                    reached.push(format!("{address} in {} ms", began.elapsed().as_millis()));
                    stream.get_or_insert(connected);
                }
                Err(why) => {
                    failures.push(format!("{address}: {}", why.message()));
                    error.get_or_insert(why);
                }
            }
        }
        let Some(stream) = stream else {
            let error = error.unwrap_or_else(|| Error::new(Status::Network, "it has no address"));
            let what = match route.proxy() {
                None => "the host and the port of the URL",
                Some(_) => "the proxy, its host and its port",
            };
            let remedy = match error.status() {
                Status::Timeout => format!(
                    "Nothing answers: let the firewall allow TCP to {host}, or set the option \
                     proxy; check {what}"
                ),
                _ => format!("Check {what}, and that a firewall lets this machine reach {host}"),
            };
            let message = failures.join("; ");
            findings.fail(Check::Connection, error.status(), message, remedy);
            return Err(Failed(Check::Connection));
        };
        match failures.is_empty() {
            true => findings.fine(Check::Connection, reached.join(", ")),
            false => findings.warn(
                Check::Connection,
                format!("{}; but {}", reached.join(", "), failures.join("; ")),
                "Sessions take an address that answers, a little later: give the others a route, \
                 or take them out of the name",
            ),
        }
        Ok(stream)
    }

    fn tunnel(
        &self,
        route: &Route,
        proxy: &Proxy,
        stream: Stream,
        findings: &mut Findings<'_>,
    ) -> Step<Stream> {
        let within = self.running.within(route.connect_timeout(), "no tunnel");
        let opened = route.tunnel(proxy, stream, &mut Watch::new(&within));
        let stream = opened.map_err(|error| {
            let remedy = format!("See to {proxy}, which {} names", proxy.named_by);
            findings.error(Check::Proxy, &error, &remedy);
            Failed(Check::Connection)
        })?;
        let message = format!("{proxy} opens a tunnel to {}", route.to());
        findings.fine(Check::Proxy, message);
        Ok(stream)
    }

    fn secure(
        &self,
        route: &Route,
        stream: Stream,
        observer: &Observer,
        findings: &mut Findings<'_>,
    ) -> Step<()> {
        if !route.is_https() {
            findings.fine(
                Check::Tls,
                "none: the URL is plain http, which is for this machine itself alone",
            );
            return Ok(());
        }
        let within = self.running.within(route.connect_timeout(), "no handshake");
        let shaken = route
            .prepare(&within)
            .map_err(|error| {
                (
                    error,
                    "Install the system's root certificates (ca-certificates), or set ca_file",
                )
            })
            .and_then(|()| {
                let shaken = route.secure(stream, &mut Watch::new(&within));
                shaken.map_err(|error| {
                    (
                        error,
                        "Check the scheme and the port of the URL, and what stands between",
                    )
                })
            });
        let certificate = observer.seen().certificate;
        let certificate = certificate.and_then(|der| Certificate::read(&der));
        match (shaken, observer.seen().refusal, certificate) {
            (Ok(_), _, Some(it)) => findings.fine(
                Check::Tls,
                format!(
                    "the certificate of {} was issued by {}, and is valid until {}",
                    it.subject,
                    it.issuer,
                    date(it.not_after)
                ),
            ),
            (Ok(_), ..) => findings.fine(Check::Tls, "the certificate is to be trusted"),
            (Err((error, _)), Some(TlsError::InvalidCertificate(why)), Some(it)) => {
                let remedy = self.remedy(&why, &it);
                let issued = match it.is_self_issued {
                    true => format!("{} signed itself", it.subject),
                    false => format!("{} was issued by {}", it.subject, it.issuer),
                };
                let message = format!("{}. The certificate of {issued}", error.message());
                findings.fail(Check::Tls, error.status(), message, remedy);
                return Err(Failed(Check::Tls));
            }
            (Err((error, remedy)), ..) => {
                findings.error(Check::Tls, &error, remedy);
                return Err(Failed(Check::Tls));
            }
        }
        Ok(())
    }

    fn remedy(&self, why: &CertificateError, of: &Certificate) -> String {
        use CertificateError as Why;

        let host = self.network.endpoint.host();
        match why {
            Why::Expired
            | Why::ExpiredContext { .. }
            | Why::NotValidYet
            | Why::NotValidYetContext { .. } => self.remedy_by_time(of),
            Why::NotValidForName | Why::NotValidForNameContext { .. } => format!(
                "Check the host in the URL; if it is right, something answers in the place of \
                 {host}, such as a captive portal"
            ),
            Why::UnknownIssuer if self.network.ca_file.is_some() => format!(
                "The option ca_file trusts others: put the root certificate of {} into it if it \
                 is yours, else unset it",
                of.issuer
            ),
            _ => format!(
                "If {} is your organisation's, which reads what goes through its proxy or is a \
                 gateway of its own, set the option ca_file to its root certificate; else somebody \
                 answers in the place of {host}: send nothing there",
                of.issuer
            ),
        }
    }

    /// Whose clock is wrong: the certificate's server is asked for its time, and believed where the
    /// certificate is to be trusted in all but its time.
    fn remedy_by_time(&self, of: &Certificate) -> String {
        let ours = SystemTime::now();
        let lasts = of.not_after.duration_since(of.not_before);
        let within = of.not_before + lasts.unwrap_or_default() / 2;
        match self.time_told(within) {
            Some(theirs) if theirs < of.not_before || theirs > of.not_after => {
                "The server must be given a certificate that is valid now: its clock agrees that \
                 this one is not"
                    .into()
            }
            Some(theirs) => format!(
                "This machine's clock is wrong: it says {}, and the server says {}. Set it (NTP)",
                date(ours),
                date(theirs)
            ),
            None => format!(
                "Check this machine's clock, which says {}; if it is right, the server must be \
                 given a new certificate",
                date(ours)
            ),
        }
    }

    /// The time of the server whose certificate is to be trusted at another time.
    fn time_told(&self, at: SystemTime) -> Option<SystemTime> {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let observer = Observer::judging_at(UnixTime::since_unix_epoch(since));
        let http = Http::by(self.route(&Arc::new(observer)).ok()?);
        self.send(&http).ok().as_ref().and_then(date_of)
    }

    fn ask(&self, findings: &mut Findings<'_>) -> Step<Response> {
        let http = Http::new(self.network, Arc::clone(self.runtime));
        let answer = http.and_then(|http| self.send(&http)).map_err(|error| {
            findings.error(
                Check::Answer,
                &error,
                "Try again; if it stays so, something between ends requests: ask who runs the \
                 proxy or the firewall",
            );
            Failed(Check::Answer)
        })?;
        match judge(&answer, &self.network.endpoint) {
            Judged::Platform(said) => findings.fine(Check::Answer, said),
            Judged::Odd(message, remedy) => findings.warn(Check::Answer, message, remedy),
            Judged::Wrong(status, message, remedy) => {
                findings.fail(Check::Answer, status, message, remedy);
            }
        }
        Ok(answer)
    }

    /// A request that the platform refuses, since it holds no token.
    fn send(&self, http: &Http) -> Result<Response> {
        let base = self.network.endpoint.url();
        let within = self.running.within(ANSWER_WITHIN, "no answer");
        let operation = soap::Operation::new("DeviceService", "GetDeviceList")?;
        let send = |method, path: &str, headers: &[(&str, &str)], body: &[u8]| {
            let outgoing = Outgoing {
                method,
                url: &format!("{base}{path}"),
                headers,
                body,
                max_response_bytes: LONGEST_ANSWER,
                on: Connection::Any,
            };
            http.send(&within, &outgoing).map_err(Error::from)
        };
        match self.protocol {
            Protocol::Rest => send("GET", rest::REFUSED_PATH, &[], b""),
            Protocol::Soap => {
                let body = soap::BodyElement::new(b"<v2:GetDeviceList/>")?;
                let action = operation.action();
                let headers = [
                    ("Content-Type", soap::CONTENT_TYPE),
                    ("SOAPAction", action.as_str()),
                ];
                let envelope = body.envelope(&Secret::new(""));
                send("POST", &operation.path(), &headers, &envelope)
            }
        }
    }

    fn compare_clocks(&self, answer: &Response, findings: &mut Findings<'_>) {
        let ours = SystemTime::now();
        let Some(theirs) = date_of(answer) else {
            let why = "since the answer has no Date";
            return findings.not_tried(Check::Clock, why);
        };
        let (off, ahead) = match ours.duration_since(theirs) {
            Ok(ahead) => (ahead, "ahead of"),
            Err(behind) => (behind.duration(), "behind"),
        };
        let message = format!(
            "this machine's clock is {} s {ahead} the platform's",
            off.as_secs()
        );
        match off > FAR_OFF {
            false => findings.fine(Check::Clock, message),
            true => findings.warn(
                Check::Clock,
                message,
                "Set it (NTP): certificates are judged by it, and times in logs are its. The \
                 lockout guard does not go by it",
            ),
        }
    }
}

/// Who has answered.
enum Judged {
    Platform(String),
    Odd(String, String),
    Wrong(Status, String, String),
}

fn judge(response: &Response, of: &Endpoint) -> Judged {
    let status = response.status();
    let answer = Answer::to_request(status, response.header("retry-after"), response.body());
    let error = answer.error();
    if answer.is_of_the_platform() {
        let said = format!(
            "the platform answers (HTTP {status} {}, to a request without a token)",
            error.code()
        );
        return Judged::Platform(said);
    }
    let wrong = |remedy: &str| {
        // What another says with a 4xx is nothing that the platform documents.
        let kind = match status {
            400..=499 => Status::Protocol,
            _ => error.status(),
        };
        Judged::Wrong(kind, error.message().to_owned(), remedy.to_owned())
    };
    let between = "A portal, a proxy or a firewall answers in the platform's place: sign in there \
                   with a browser, or have it let this machine through";
    match status {
        300..=399 => {
            // Without what may be a secret of somebody's.
            let to = response.header("location").unwrap_or_default();
            let to = to.split(['?', '#']).next().unwrap_or_default();
            let to = words::message(to);
            let message = format!("HTTP {status} redirects to {to}, and no redirect is followed");
            Judged::Wrong(Status::Protocol, message, between.into())
        }
        200..=299 if !answer.is_success() => wrong(between),
        200..=299 => Judged::Odd(
            format!("HTTP {status} answers a request without a token, which the platform refuses"),
            format!("Check that {} is where ThingSpace is", of.url()),
        ),
        // Gateways of the platform were seen to say no more than that.
        401 => Judged::Odd(
            "HTTP 401 without a word of the platform's own".into(),
            format!(
                "If logins fail, check that {} is where ThingSpace is",
                of.url()
            ),
        ),
        429 => Judged::Odd(
            error.message().to_owned(),
            "Wait before the next request".into(),
        ),
        500..=510 | 512..=599 => {
            wrong("Try again later; if it stays so, ask Verizon or who runs the gateway")
        }
        404 | 405 | 410 => wrong("Check the path in the URL"),
        _ => wrong(between),
    }
}

fn date_of(response: &Response) -> Option<SystemTime> {
    httpdate::parse_http_date(response.header("date")?).ok()
}

fn date(time: SystemTime) -> String {
    // Years beyond 9999 do not fit the format.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(time.clamp(SystemTime::UNIX_EPOCH, last))
}
