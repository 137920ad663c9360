//! What an answer means: for the caller ([`Answer::check`]) and for our tokens
//! ([`Answer::concern`]). Both follow one table, [`Answer::meaning`], and the body is read once for
//! both. Codes decide, without the service name before them; messages never do.

use std::time::{Duration, SystemTime};

use super::charset::Kind;
use super::said::{self, Said, Voice};
use super::{charset, retry_after};
use crate::error::{Error, Result, Status};

/// Which of our tokens a refused request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    /// Neither: the answer is the caller's.
    Neither,
    SessionToken,
    ApiToken,
    /// A bare 401 says nothing more.
    Either,
}

/// What an answer can mean; the status of its error follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Success,
    SessionToken,
    ApiToken,
    EitherToken,
    RateLimited,
    /// An error that the platform or its gateway names.
    Named,
    /// 4xx and no word why.
    Refused,
    /// 5xx and no word why.
    Unavailable,
    Redirect,
    Undocumented,
}

/// An answer, as far as it matters for what it means. Its body is read when this is made, and never
/// again.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(super) http_status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) said: Option<Said>,
    /// What a body is that says nothing, where that is plain: `an HTML page`.
    kind: Option<Kind>,
}

impl Answer {
    /// To a login or a request for an API token: an error is one whatever the HTTP status.
    pub(super) fn to_login(http_status: u16, retry_after: Option<&str>, body: &[u8]) -> Answer {
        Answer::new(http_status, retry_after, body, said::read(body))
    }

    /// To any other request: 2xx is a success, whatever the body says, unless it is a SOAP fault or
    /// an HTML page.
    pub fn to_request(http_status: u16, retry_after: Option<&str>, body: &[u8]) -> Answer {
        let said = match http_status {
            200..=299 => said::read_soap_fault(body),
            400..=599 => said::read(body),
            _ => None,
        };
        Answer::new(http_status, retry_after, body, said)
    }

    fn new(http_status: u16, retry_after: Option<&str>, body: &[u8], said: Option<Said>) -> Answer {
        Answer {
            http_status,
            kind: said.is_none().then(|| charset::kind(body)).flatten(),
            retry_after: retry_after::parse(retry_after, SystemTime::now),
            said,
        }
    }

    /// Which token, if any, must be renewed before the request can succeed.
    pub fn concern(&self) -> Concern {
        match self.meaning() {
            Meaning::SessionToken => Concern::SessionToken,
            Meaning::ApiToken => Concern::ApiToken,
            Meaning::EitherToken => Concern::Either,
            _ => Concern::Neither,
        }
    }

    /// Whether the platform or its gateway has said something in it, and not somebody else who
    /// stands between.
    pub fn is_of_the_platform(&self) -> bool {
        self.said.is_some()
    }

    /// Whether it is what was asked for.
    pub fn is_success(&self) -> bool {
        self.meaning() == Meaning::Success
    }

    /// A typed error for anything but a 2xx answer that is no SOAP fault and no HTML page.
    pub fn check(&self) -> Result<()> {
        match self.meaning() {
            Meaning::Success => Ok(()),
            _ => Err(self.error()),
        }
    }

    /// The table. What the body says comes first; the HTTP status decides what is left.
    pub(super) fn meaning(&self) -> Meaning {
        let said = self.said.as_ref();
        if let Some(token) = said.and_then(token_at_fault) {
            return token;
        }
        if self.http_status == 429 || said.is_some_and(is_throttled) {
            return Meaning::RateLimited;
        }
        if said.is_some_and(|said| self.is_named_by(said)) {
            return Meaning::Named;
        }
        match self.http_status {
            // Of something that stands between, such as a portal that wants a login.
            200..=299 if self.kind == Some(Kind::Page) => Meaning::Undocumented,
            200..=299 => Meaning::Success,
            300..=399 => Meaning::Redirect,
            401 => Meaning::EitherToken,
            400..=499 => Meaning::Refused,
            500..=599 => Meaning::Unavailable,
            _ => Meaning::Undocumented,
        }
    }

    /// Whether the body says enough to overrule the bare HTTP status.
    fn is_named_by(&self, said: &Said) -> bool {
        match said.voice {
            Voice::Service | Voice::Proxy => true,
            // A 401 that names none of the gateway's own codes stays ambiguous.
            Voice::Gateway => {
                self.http_status != 401 || matches!(said.number(), Some(900_900..=900_999))
            }
            Voice::OAuth => false,
        }
    }

    /// The typed error for what it means.
    pub fn error(&self) -> Error {
        let meaning = self.meaning();
        let (status, what, advice) = words_for(meaning);
        let error = self.error_as(status, what, advice);
        let by_gateway = self
            .said
            .as_ref()
            .is_some_and(|said| said.voice == Voice::Gateway);
        if meaning == Meaning::Named && by_gateway && (500..=599).contains(&self.http_status) {
            // The gateway did not reach the service: no verdict on the request.
            return error.with_retryable(true);
        }
        error
    }

    /// The same error with other advice.
    pub fn error_advising(&self, advice: &str) -> Error {
        let (status, what, _) = words_for(self.meaning());
        self.error_as(status, what, advice)
    }

    /// An error with the facts of this answer: what happened, what came back, what to do.
    pub(super) fn error_as(&self, status: Status, what: &str, advice: &str) -> Error {
        let code = self
            .said
            .as_ref()
            .map(|said| said.code.clone())
            .unwrap_or_default();
        let said = self.said_in_words();
        let kind = self
            .kind
            .as_ref()
            .map(|kind| format!(", {kind}"))
            .unwrap_or_default();
        let message = format!("{what} (HTTP {}{kind}{said}); {advice}", self.http_status);
        Error::new(status, message)
            .quoting(said)
            .with_code(code)
            .with_http_status(self.http_status)
            .with_retry_after(self.retry_after)
    }

    /// `, SomeCode, "its message"`
    fn said_in_words(&self) -> String {
        let mut words = String::new();
        let Some(said) = &self.said else { return words };
        if !said.code.is_empty() {
            words.push_str(", ");
            words.push_str(&said.code);
        }
        if !said.message.is_empty() {
            words.push_str(&format!(", \"{}\"", said.message));
        }
        words
    }
}

/// Parts of an errorCode or faultcode that condemn the session token.
const SESSION_TOKEN_CODES: [&str; 3] = [
    "SessionToken.Expired",
    "SessionToken.Invalid",
    "SessionToken.Format",
];

/// The errors of OAuth 2 and of its bearer tokens.
const OAUTH_ERRORS: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_token",
    "insufficient_scope",
];

fn token_at_fault(said: &Said) -> Option<Meaning> {
    let (at_fault, token) = match said.voice {
        Voice::Service => (
            SESSION_TOKEN_CODES
                .iter()
                .any(|code| said.code.contains(code)),
            Meaning::SessionToken,
        ),
        Voice::Proxy => (true, Meaning::SessionToken),
        // Invalid, missing, expired, inactive.
        Voice::Gateway => (
            matches!(said.number(), Some(900_901..=900_904)),
            Meaning::ApiToken,
        ),
        Voice::OAuth => (
            OAUTH_ERRORS.contains(&said.code.as_str()),
            Meaning::ApiToken,
        ),
    };
    at_fault.then_some(token)
}

fn is_throttled(said: &Said) -> bool {
    said.voice == Voice::Gateway && matches!(said.number(), Some(900_800..=900_807))
}

/// Status, what happened, what to do.
fn words_for(meaning: Meaning) -> (Status, &'static str, &'static str) {
    match meaning {
        Meaning::SessionToken => (
            Status::SessionExpired,
            "the platform refused the session token",
            "log in again",
        ),
        Meaning::ApiToken => (
            Status::ApiToken,
            "the platform refused the API token",
            "renew it, or check the app key and secret",
        ),
        Meaning::EitherToken => (
            Status::SessionExpired,
            "the platform refused the request without saying which token is at fault",
            "log in again; if that does not help, renew the API token",
        ),
        Meaning::RateLimited => (
            Status::RateLimited,
            "the platform asks for fewer requests",
            "wait before the next one",
        ),
        Meaning::Named => (
            Status::Platform,
            "the platform reported an error",
            "see its code and message",
        ),
        Meaning::Refused => (
            Status::Platform,
            "the platform refused the request without an error code of its own",
            "check the path and the request",
        ),
        Meaning::Unavailable => (
            Status::Unavailable,
            "the platform failed without an error code of its own",
            "try again later",
        ),
        Meaning::Redirect => (
            Status::Protocol,
            "the platform answered with a redirect, and redirects are never followed",
            "check the base URL",
        ),
        Meaning::Success | Meaning::Undocumented => (
            Status::Protocol,
            "the answer is not what the platform documents",
            "check the base URL and any proxy on the way",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<()> {
        Answer::to_request(status, retry_after, body).check()
    }

    fn outline(status: u16, body: &[u8]) -> String {
        let answer = Answer::to_request(status, None, body);
        let result = match answer.check() {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                assert_eq!(error.http_status(), status);
                assert!(
                    error.message().contains(&format!("HTTP {status}")),
                    "{error}"
                );
                format!("{:?} {:?}", error.status(), error.code())
            }
        };
        format!("{result} {:?}", answer.concern())
    }

    fn rest(code: &str) -> String {
        format!(r#"{{"errorCode":"{code}","errorMessage":"The Session has expired."}}"#)
    }

    fn soap(faultcode: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
            <s:Body><s:Fault><faultcode>{faultcode}</faultcode><faultstring xml:lang="en-US">Why</faultstring></s:Fault></s:Body>
            </s:Envelope>"#
        )
    }

    /// Every code of the session token, with and without a service name, on both protocols.
    #[test]
    fn session_token_codes_are_known_in_every_dress() {
        for code in [
            "REQUEST_FAILED.SessionToken.Expired",
            "REQUEST_FAILED.SessionToken.Format",
            "INPUT_INVALID.SessionToken.Invalid",
        ] {
            for prefix in ["", "UnifiedWebService.", "DeviceService.", "Some.Other."] {
                let code = format!("{prefix}{code}");
                let want = format!("SessionExpired {code:?} SessionToken");
                assert_eq!(outline(400, rest(&code).as_bytes()), want);
                assert_eq!(outline(500, soap(&code).as_bytes()), want);
                assert_eq!(outline(200, soap(&code).as_bytes()), want);
                assert_eq!(outline(200, rest(&code).as_bytes()), "ok Neither");
                let qname = format!("s:{code}");
                let want = format!("SessionExpired {qname:?} SessionToken");
                assert_eq!(outline(500, soap(&qname).as_bytes()), want);
            }
        }
    }

    #[test]
    fn other_codes_are_the_callers() {
        for code in [
            "INPUT_INVALID.Request.InvalidCharacter",
            "INPUT_INVALID.RequestUndefined",
            "REQUEST_FAILED.UnexpectedError",
            "DeserializationFailed",
            "REQUEST_FAILED.AccountNotFound",
            "REQUEST_ONHOLD.Any",
            "REQUEST_CANCELLED.Any",
            "REQUEST_FAILED.sessiontoken.expired",
        ] {
            for prefix in ["", "UnifiedWebService."] {
                let code = format!("{prefix}{code}");
                let want = format!("Platform {code:?} Neither");
                for status in [400, 401, 403, 500, 503] {
                    assert_eq!(outline(status, rest(&code).as_bytes()), want);
                }
                assert_eq!(outline(500, soap(&code).as_bytes()), want);
                assert_eq!(outline(200, soap(&code).as_bytes()), want);
            }
        }
        assert_eq!(
            outline(500, soap(" s:Client\n").as_bytes()),
            r#"Platform "s:Client" Neither"#
        );
        assert_eq!(outline(500, soap("").as_bytes()), r#"Platform "" Neither"#);
    }

    #[test]
    fn what_the_message_says_decides_nothing() {
        let body = br#"{"errorCode":"X.REQUEST_FAILED.Other","errorMessage":"SessionToken.Expired 900901 locked"}"#;
        assert_eq!(
            outline(400, body),
            r#"Platform "X.REQUEST_FAILED.Other" Neither"#
        );
    }

    const PROXIED: &str = r#"{"error":"unauthorized","error_description":"Failure response received for UWS V1 REST accounts: [400]","cause":"Requested service is unauthorized for given token"}"#;
    const AM_FAULT: &str = r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type><am:message>Not Found</am:message><am:description>No such API</am:description></am:fault>"#;
    const AMS_FAULT: &str = r#"<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900902</ams:code><ams:message>Missing Credentials</ams:message></ams:fault>"#;

    #[test]
    fn the_layers_before_the_service_are_understood() {
        let cases: &[(u16, &str, &str)] = &[
            (
                401,
                PROXIED,
                r#"SessionExpired "unauthorized" SessionToken"#,
            ),
            (
                400,
                PROXIED,
                r#"SessionExpired "unauthorized" SessionToken"#,
            ),
            (
                500,
                PROXIED,
                r#"SessionExpired "unauthorized" SessionToken"#,
            ),
            (
                401,
                r#"{"error":"unauthorized","cause":"Requested service is unauthorized for given token"}"#,
                r#"SessionExpired "unauthorized" SessionToken"#,
            ),
            (
                401,
                r#"{"error":"unauthorized"}"#,
                r#"SessionExpired "unauthorized" Either"#,
            ),
            (
                401,
                r#"{"fault":{"code":"900901","message":"Invalid Credentials"}}"#,
                r#"ApiToken "900901" ApiToken"#,
            ),
            (
                401,
                r#"{"fault":{"code":900901,"message":"Invalid Credentials"}}"#,
                r#"ApiToken "900901" ApiToken"#,
            ),
            (
                401,
                r#"{"fault":{"code":900902}}"#,
                r#"ApiToken "900902" ApiToken"#,
            ),
            (
                403,
                r#"{"fault":{"code":"900902"}}"#,
                r#"ApiToken "900902" ApiToken"#,
            ),
            (
                401,
                r#"{"fault":{"code":"900904"}}"#,
                r#"ApiToken "900904" ApiToken"#,
            ),
            (401, AMS_FAULT, r#"ApiToken "900902" ApiToken"#),
            (
                400,
                r#"{"fault":{"code":"900906"}}"#,
                r#"Platform "900906" Neither"#,
            ),
            (
                401,
                r#"{"fault":{"code":"900908"}}"#,
                r#"Platform "900908" Neither"#,
            ),
            (
                401,
                r#"{"fault":{"message":"?"}}"#,
                r#"SessionExpired "" Either"#,
            ),
            (403, AM_FAULT, r#"Platform "404" Neither"#),
            (404, AM_FAULT, r#"Platform "404" Neither"#),
            (
                503,
                r#"{"fault":{"code":101503}}"#,
                r#"Platform "101503" Neither"#,
            ),
            (
                429,
                r#"{"fault":{"code":900801}}"#,
                r#"RateLimited "900801" Neither"#,
            ),
            (
                503,
                r#"{"fault":{"code":"900807"}}"#,
                r#"RateLimited "900807" Neither"#,
            ),
            (429, "", r#"RateLimited "" Neither"#),
            (
                400,
                r#"{"error":"invalid_client","error_description":"?"}"#,
                r#"ApiToken "invalid_client" ApiToken"#,
            ),
            (
                401,
                r#"{"error":"invalid_token"}"#,
                r#"ApiToken "invalid_token" ApiToken"#,
            ),
        ];
        for (status, body, want) in cases {
            assert_eq!(&outline(*status, body.as_bytes()), want, "{status} {body}");
        }
    }

    /// What stands between, such as a portal that wants a login, answers 200 with one.
    #[test]
    fn a_page_is_no_success() {
        for page in ["<html><body>Error</body></html>", " \n<!DOCTYPE html><p>"] {
            for (status, want) in [
                (200, r#"Protocol "" Neither"#),
                (299, r#"Protocol "" Neither"#),
                (400, r#"Platform "" Neither"#),
                (401, r#"SessionExpired "" Either"#),
                (503, r#"Unavailable "" Neither"#),
            ] {
                assert_eq!(outline(status, page.as_bytes()), want, "{status} {page}");
            }
        }
    }

    #[test]
    fn without_a_known_body_the_http_status_decides() {
        let wordless = [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"errorCode":7}"#,
            r#"{"errorCode":" "}"#,
        ];
        let cases: &[(u16, &str)] = &[
            (200, "ok Neither"),
            (204, "ok Neither"),
            (301, r#"Protocol "" Neither"#),
            (307, r#"Protocol "" Neither"#),
            (400, r#"Platform "" Neither"#),
            (401, r#"SessionExpired "" Either"#),
            (404, r#"Platform "" Neither"#),
            (500, r#"Unavailable "" Neither"#),
            (503, r#"Unavailable "" Neither"#),
            (0, r#"Protocol "" Neither"#),
            (100, r#"Protocol "" Neither"#),
            (600, r#"Protocol "" Neither"#),
            (u16::MAX, r#"Protocol "" Neither"#),
        ];
        for (status, want) in cases {
            for body in wordless {
                assert_eq!(
                    &outline(*status, body.as_bytes()),
                    want,
                    "{status} {body:?}"
                );
            }
        }
        assert_eq!(
            outline(401, &[0xff, 0xfe, b'<', 0]),
            r#"SessionExpired "" Either"#
        );
    }

    #[test]
    fn a_2xx_answer_is_an_error_only_as_a_soap_fault() {
        for body in [
            PROXIED,
            AM_FAULT,
            r#"{"fault":{"code":"900901"}}"#,
            r#"<Fault><faultcode>SessionToken.Expired</faultcode></Fault>"#,
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><x><s:Fault/></x></s:Body></s:Envelope>"#,
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault/></s:Body></s:Envelope>"#,
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>SessionToken.Exp"#,
        ] {
            assert_eq!(outline(200, body.as_bytes()), "ok Neither", "{body}");
        }
        let default_namespace = r#"<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Fault>
            <faultcode xmlns="">a<!-- -->:SessionToken<![CDATA[.Expired]]></faultcode></Fault></Body></Envelope>"#;
        assert_eq!(
            outline(200, default_namespace.as_bytes()),
            r#"SessionExpired "a:SessionToken.Expired" SessionToken"#
        );
    }

    #[test]
    fn neither_character_set_nor_white_space_hides_an_error() {
        let code = "REQUEST_FAILED.SessionToken.Expired";
        for body in [rest(code), soap(code)] {
            let dressed = format!("\u{feff}\r\n {body}\n");
            assert_eq!(
                Answer::to_request(500, None, dressed.as_bytes()).concern(),
                Concern::SessionToken,
                "{body}"
            );
            let utf_16: Vec<u8> = dressed.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let concern = Answer::to_request(500, None, &utf_16).concern();
            assert_eq!(concern, Concern::SessionToken, "{body}");
        }
    }

    #[test]
    fn hostile_bodies_say_nothing() {
        let deep_xml = "<a>".repeat(5_000_000);
        let deep_json = "[".repeat(5_000_000);
        let deep_fault = format!("{{\"fault\":{}", "{\"fault\":".repeat(20_000));
        let small_deep_xml = "<a>".repeat(80_000);
        let huge = format!(
            "{{\"errorCode\":\"SessionToken.Expired\",\"x\":\"{}\"}}",
            "x".repeat(super::super::READ_MAX)
        );
        let dtd = format!(
            "<!DOCTYPE x [<!ENTITY a 'b'>]>{}",
            soap("SessionToken.Expired")
        );
        for body in [
            &deep_xml,
            &deep_json,
            &deep_fault,
            &small_deep_xml,
            &huge,
            &dtd,
        ] {
            assert_eq!(outline(500, body.as_bytes()), r#"Unavailable "" Neither"#);
            assert_eq!(outline(200, body.as_bytes()), "ok Neither");
        }
    }

    #[test]
    fn retry_after_is_passed_on() {
        let error = check(429, Some("7"), b"").unwrap_err();
        assert_eq!(
            (error.retryable(), error.retry_after()),
            (true, Some(Duration::from_secs(7)))
        );
        let error = check(503, Some("120"), b"<html>").unwrap_err();
        assert_eq!(
            (error.retryable(), error.retry_after()),
            (true, Some(Duration::from_secs(120)))
        );
        assert_eq!(
            check(503, Some("soon"), b"").unwrap_err().retry_after(),
            None
        );
        let error = check(503, None, br#"{"fault":{"code":101503}}"#).unwrap_err();
        assert!(error.retryable());
        assert!(!check(400, None, b"").unwrap_err().retryable());
    }

    #[test]
    fn an_error_says_what_came_back_and_what_to_do() {
        let error = check(
            400,
            None,
            rest("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired").as_bytes(),
        )
        .unwrap_err();
        assert_eq!(
            error.message(),
            "the platform refused the session token (HTTP 400, UnifiedWebService.REQUEST_FAILED.SessionToken.Expired, \
             \"The Session has expired.\"); log in again"
        );
        let leaky = br#"{"fault":{"code":900901,"description":"Access failure for API: /m2m/v1, version: v1 with key: d7bc43e9acc31aba9654fc5cd0d8c520"}}"#;
        let error = check(401, None, leaky).unwrap_err();
        assert!(error.message().contains("with key: ***"), "{error}");
    }
}
