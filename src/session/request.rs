//! The session's own requests: REST, SOAP calls and the logout, put together with their tokens and
//! sent over the session's wire.

use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::{Session, invalid};
use crate::call::{Call, Running};
use crate::error::{Error, Result};
use crate::exchange::{Progress, RequestTokens};
use crate::http::{self, Connection, Outgoing};
use crate::login::bearer;
use crate::options::OWN_HEADERS;
use crate::platform::session_call::SessionCall;
use crate::platform::{rest, soap};
use crate::response::Response;
use crate::settings::Protocol;

type Headers<'a> = Vec<(&'a str, &'a str)>;

/// One request to be sent with both tokens.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`, …, sent as it stands.
    pub method: &'a str,
    /// Appended to `base_url`; begins with one `/`.
    pub path: &'a str,
    /// Without those that are this library's: `Authorization`, the option `session_token_header`,
    /// `Host`, `Content-Length`, `Transfer-Encoding`, `Expect`.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON, unless the headers name another `Content-Type`.
    pub body: &'a [u8],
}

/// A request of the session's own that another HTTP client sends. Its tokens are an exchange's.
pub(crate) struct Carried {
    pub method: String,
    /// The URL, name and value of each header, but the tokens; each with a NUL behind it.
    pub head: Vec<u8>,
    element: Option<soap::BodyElement<'static>>,
}

impl Carried {
    pub fn url(&self) -> &str {
        let url = self.head.split(|byte| *byte == 0).next();
        std::str::from_utf8(url.unwrap_or_default()).unwrap_or_default()
    }

    pub fn is_soap(&self) -> bool {
        self.element.is_some()
    }

    /// The envelope of a SOAP call. None with REST: the body is with the client.
    pub fn envelope(&self, tokens: &RequestTokens) -> Option<Zeroizing<Vec<u8>>> {
        let element = self.element.as_ref()?;
        Some(element.envelope(tokens.session_token()))
    }
}

impl Session {
    /// Sends one request with both tokens. A refused token is renewed and the request sent again,
    /// at most once for each renewal; nothing else is ever sent again. A 4xx or 5xx answer that
    /// does not concern the tokens is an answer: see [`Response::check`].
    pub fn request(&self, call: &Call, request: Request<'_>) -> Result<Response> {
        let running = self.start(call)?;
        self.check_request(&request)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let held = || self.tokens.held_or_new();
        self.complete(&running, self.auto_relogin, held, |tokens| {
            self.send_rest(&running, &request, &self.session_token_header, tokens)
        })
    }

    /// Wraps a body element in an envelope with the session token, and sends it to
    /// `{soap_url}/{service}.svc`. A fault for an expired token is mended as in
    /// [`Session::request`]; any other fault is an answer.
    pub fn soap_call(
        &self,
        call: &Call,
        service: &str,
        operation: &str,
        body_xml: &[u8],
    ) -> Result<Response> {
        let running = self.start(call)?;
        let (operation, element) = self.check_soap_call(service, operation, body_xml)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let held = || self.tokens.held_or_new();
        self.complete(&running, self.auto_relogin, held, |tokens| {
            let envelope = element.envelope(tokens.session_token());
            self.send_soap(&running, &operation, &envelope)
        })
    }

    /// The same request for another HTTP client to send. `has_body`: what `body` would be is with
    /// that client.
    pub(crate) fn carry(&self, request: &Request<'_>, has_body: bool) -> Result<Carried> {
        self.check_process()?;
        let carried = self.carry_rest(request, has_body)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(carried)
    }

    /// Another request in the place of the one before, whose exchange is over, if it can be sent
    /// with the tokens of that one; says whether it can.
    pub(crate) fn carry_again(
        &self,
        progress: &mut Progress,
        carried: &mut Carried,
        request: &Request<'_>,
        has_body: bool,
    ) -> bool {
        match self.carry_rest(request, has_body) {
            Ok(another) if self.again_for(progress, Some(carried)) => *carried = another,
            _ => return false,
        }
        true
    }

    fn carry_rest(&self, request: &Request<'_>, has_body: bool) -> Result<Carried> {
        self.check_request(request)?;
        let (url, headers) = self.rest_head(request, has_body);
        self.carried(request.method, url, &headers, None)
    }

    /// The same SOAP call for another HTTP client to send.
    pub(crate) fn carry_soap_call(
        &self,
        service: &str,
        operation: &str,
        body_xml: &[u8],
    ) -> Result<Carried> {
        self.check_process()?;
        let (operation, element) = self.check_soap_call(service, operation, body_xml)?;
        let action = operation.action();
        let (url, headers) = self.soap_head(&operation, &action);
        let carried = self.carried("POST", url, &headers, Some(element.into_owned()))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(carried)
    }

    fn carried(
        &self,
        method: &str,
        url: String,
        headers: &[(&str, &str)],
        element: Option<soap::BodyElement<'static>>,
    ) -> Result<Carried> {
        let outgoing = Outgoing {
            method,
            url: &url,
            headers,
            body: &[],
            max_response_bytes: self.max_response_bytes,
            on: Connection::Any,
        };
        let head = http::head(&outgoing, &self.user_agent)?;
        Ok(Carried {
            method: method.to_owned(),
            head,
            element,
        })
    }

    pub(super) fn check_request(&self, request: &Request<'_>) -> Result<()> {
        if self.protocol != Protocol::Rest {
            return Err(invalid(
                "this session speaks SOAP (option protocol): use the SOAP call, not a REST request",
            ));
        }
        check_path(request.path)?;
        check_no_login(request.path)?;
        match request
            .headers
            .iter()
            .find(|(name, _)| self.sets_header(name))
        {
            Some((name, _)) => Err(invalid(format!(
                "header {name}: is set by this library; leave it out"
            ))),
            None => Ok(()),
        }
    }

    /// Whether a header is this library's to set: a request that has it is refused.
    pub fn sets_header(&self, name: &str) -> bool {
        let is_it = |own: &str| name.eq_ignore_ascii_case(own);
        OWN_HEADERS.into_iter().any(is_it) || is_it(&self.session_token_header)
    }

    fn check_soap_call<'a>(
        &self,
        service: &'a str,
        operation: &'a str,
        body_xml: &'a [u8],
    ) -> Result<(soap::Operation<'a>, soap::BodyElement<'a>)> {
        if self.protocol != Protocol::Soap {
            return Err(invalid(
                "this session speaks REST (option protocol): use a REST request, not the SOAP call",
            ));
        }
        let operation = soap::Operation::new(service, operation)?;
        if operation.begins_session() {
            return Err(login_unseen());
        }
        let element = soap::BodyElement::new(body_xml)?;
        match element.begins_session() {
            true => Err(login_unseen()),
            false => Ok((operation, element)),
        }
    }

    pub(super) fn send_logout(
        &self,
        running: &Running,
        tokens: &RequestTokens,
    ) -> Result<Response> {
        match self.protocol {
            Protocol::Rest => {
                let request = Request {
                    method: "POST",
                    path: rest::LOGOUT_PATH,
                    headers: &[],
                    body: &[],
                };
                self.send_rest(running, &request, rest::LOGOUT_HEADER, tokens)
            }
            Protocol::Soap => {
                let envelope = soap::logout_envelope(tokens.session_token());
                self.send_soap(running, &soap::LOG_OUT, &envelope)
            }
        }
    }

    fn send_rest(
        &self,
        running: &Running,
        request: &Request<'_>,
        token_header: &str,
        tokens: &RequestTokens,
    ) -> Result<Response> {
        let has_body = !request.body.is_empty();
        let send = |outgoing: &Outgoing<'_>| self.send(running, outgoing);
        self.with_tokens(request, has_body, token_header, tokens, send)
    }

    /// Does with a REST request, as it goes out with its tokens, what `send` does.
    pub(super) fn with_tokens<R>(
        &self,
        request: &Request<'_>,
        has_body: bool,
        token_header: &str,
        tokens: &RequestTokens,
        send: impl FnOnce(&Outgoing<'_>) -> R,
    ) -> R {
        let bearer = tokens.api_token().map_or_else(Zeroizing::default, bearer);
        let (url, mut headers) = self.rest_head(request, has_body);
        headers.push(("Authorization", &bearer));
        headers.push((token_header, tokens.session_token().reveal()));
        send(&Outgoing {
            method: request.method,
            url: &url,
            headers: &headers,
            body: request.body,
            max_response_bytes: self.max_response_bytes,
            on: Connection::Any,
        })
    }

    /// Where a request goes, and its headers without the tokens.
    pub(super) fn rest_head<'a>(
        &self,
        request: &Request<'a>,
        has_body: bool,
    ) -> (String, Headers<'a>) {
        let url = [self.base_url.url(), request.path].concat();
        let mut headers = Vec::with_capacity(request.headers.len() + 3);
        headers.extend_from_slice(request.headers);
        let typed = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("content-type");
        if has_body && !request.headers.iter().any(typed) {
            headers.push(("Content-Type", "application/json"));
        }
        (url, headers)
    }

    fn send_soap(
        &self,
        running: &Running,
        operation: &soap::Operation<'_>,
        envelope: &[u8],
    ) -> Result<Response> {
        let action = operation.action();
        let (url, headers) = self.soap_head(operation, &action);
        let outgoing = Outgoing {
            method: "POST",
            url: &url,
            headers: &headers,
            body: envelope,
            max_response_bytes: self.max_response_bytes,
            on: Connection::Any,
        };
        self.send(running, &outgoing)
    }

    fn soap_head<'a>(
        &self,
        operation: &soap::Operation<'_>,
        action: &'a str,
    ) -> (String, Headers<'a>) {
        let url = [self.soap_url.url(), operation.path().as_str()].concat();
        let headers = vec![
            ("Content-Type", soap::CONTENT_TYPE),
            ("SOAPAction", action),
            ("Accept", "text/xml"),
        ];
        (url, headers)
    }

    fn send(&self, running: &Running, outgoing: &Outgoing<'_>) -> Result<Response> {
        let answer = self.tokens.wire.send(running, outgoing)?;
        self.log_answer(outgoing.method, outgoing.url, answer.status);
        Ok(answer)
    }

    pub(super) fn log_answer(&self, method: &str, url: &str, http_status: u16) {
        self.log.debug(|| {
            let path = url.split('?').next().unwrap_or_default();
            format!("{method} {path}: {http_status}")
        });
    }
}

fn check_path(path: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(invalid(
            "path must begin with one slash; it is appended to base_url",
        ));
    }
    if !path.bytes().all(fits) {
        return Err(invalid(
            "path holds a character that no URL may: percent-encode it",
        ));
    }
    Ok(())
}

/// A login that is not the session's own is one that the lockout guard does not count.
pub(super) fn check_no_login(path: &str) -> Result<()> {
    if !SessionCall::may_begin(path) {
        return Ok(());
    }
    match SessionCall::of_path(path) {
        Some(SessionCall::LogIn) => Err(login_unseen()),
        Some(SessionCall::Soap) => Err(invalid(
            "path leads to a SOAP service: set the option protocol to soap, and use the SOAP call",
        )),
        _ => Ok(()),
    }
}

fn login_unseen() -> Error {
    invalid(
        "this is a login, which the lockout guard would not count: the session logs in by itself, \
         or when it is told to log in again",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::error::Status;
    use crate::http::{SendFailure, Wire};
    use crate::runtime;
    use crate::store;

    /// Answers logins and requests for an API token, and any other request with an HTML page or an
    /// error.
    struct Errors;

    impl Wire for Errors {
        fn send(
            &self,
            _: &Running,
            outgoing: &Outgoing<'_>,
        ) -> std::result::Result<Response, SendFailure> {
            let (status, body) = match outgoing.url {
                url if url.ends_with("/login") => (200, r#"{"sessionToken":"T"}"#),
                url if url.ends_with("/token") => (200, r#"{"access_token":"A"}"#),
                url if url.ends_with("/page") => (200, "<html></html>"),
                _ => (400, r#"{"errorCode":"Any.Code"}"#),
            };
            Ok(Response::new(status, Vec::new(), body.into()))
        }
    }

    fn session(realm: &str, header: &str) -> Session {
        let mut config = Config::new();
        for (name, value) in [
            ("username", "u"),
            ("password", "p"),
            ("app_key", "k"),
            ("app_secret", "s"),
            ("store", "memory:"),
            ("realm", realm),
            ("session_token_header", header),
        ] {
            config.set(name, value).unwrap();
        }
        let settings = config.settings().unwrap();
        let runtime = runtime::system();
        let store = store::open(&settings.account, &runtime).unwrap();
        Session::new(&settings, Arc::new(Errors), store, runtime)
    }

    fn answer(realm: &str, path: &str) -> Response {
        let session = session(realm, "VZ-M2M-Token");
        session.relogin(&Call::new(), None).unwrap();
        let request = Request {
            method: "GET",
            path,
            headers: &[],
            body: &[],
        };
        session.request(&Call::new(), request).unwrap()
    }

    #[test]
    fn the_answer_to_a_request_was_judged_and_is_not_read_again() {
        let response = answer("judged", "/x");
        response.judged(|_, _, _| panic!("the body would be read again"));
        assert_eq!(response.check().unwrap_err().code(), "Any.Code");
    }

    #[test]
    fn a_page_that_answers_a_request_is_no_success() {
        let error = answer("a_page", "/page").check().unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "",
            "m2m",
            "//evil/x",
            "@evil/x",
            "https://evil/",
            "/a b",
            "/a\r\nX: y",
            "/ä",
            "/a#b",
            "/\\evil",
        ] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        assert!(check_path("/m2m/v1/accounts/0000123456-00001?a=b%20c&d=/@:").is_ok());
    }

    #[test]
    fn a_login_that_the_guard_would_not_count_is_refused() {
        for path in [
            "/m2m/v1/session/login",
            "/m2m/v1/session/x/..%2fLogin?a=b",
            "/v2/SessionService.svc",
        ] {
            assert!(check_no_login(path).is_err(), "{path:?}");
        }
        assert!(check_no_login("/m2m/v1/session/logout").is_ok());
    }

    #[test]
    fn own_headers_are_refused_in_any_case() {
        let session = session("own_headers", "SessionToken");
        for own in ["authorization", "HOST", "Expect", "sessiontoken"] {
            assert!(session.sets_header(own), "{own}");
            let request = Request {
                method: "GET",
                path: "/x",
                headers: &[("Accept", "text/plain"), (own, "x")],
                body: &[],
            };
            let error = session.request(&Call::new(), request).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().starts_with(&format!("header {own}: ")));
        }
        assert!(!session.sets_header("VZ-M2M-Token"));
    }
}
