//! The API token by OAuth 2 client credentials: the request's parts and what its answer grants.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::answer::{Answer, Meaning};
use super::said::Voice;
use super::{json, token};
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// Appended to the base URL.
pub(crate) const TOKEN_PATH: &str = "/ts/v1/oauth2/token";
pub(crate) const TOKEN_BODY: &str = "grant_type=client_credentials";

/// So that no clock overflows, whatever `expires_in` says.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An API token as it was granted.
#[derive(Debug)]
pub(crate) struct Granted {
    pub token: Secret,
    /// Not always said, and perhaps not what is left of a token that others hold too.
    pub expires_in: Option<Duration>,
}

/// The value of the `Authorization` header.
pub(crate) fn basic(app_key: &str, app_secret: &Secret) -> Secret {
    const SCHEME: &str = "Basic ";
    let mut plain = Zeroizing::new(String::with_capacity(
        app_key.len() + 1 + app_secret.reveal().len(),
    ));
    plain.push_str(app_key);
    plain.push(':');
    plain.push_str(app_secret.reveal());

    let mut encoded = Zeroizing::new(vec![0; plain.len().div_ceil(3) * 4]);
    STANDARD
        .encode_slice(plain.as_bytes(), &mut encoded)
        .expect("base64 makes four bytes of three");
    let mut value = String::with_capacity(SCHEME.len() + encoded.len());
    value.push_str(SCHEME);
    value.extend(encoded.iter().map(|byte| char::from(*byte)));
    Secret::new(value)
}

pub(crate) fn answer(http_status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<Granted> {
    let granted = match http_status {
        200..=299 => granted(body),
        _ => Err(String::new()),
    };
    granted.map_err(|flaw| not_granted(&Answer::to_login(http_status, retry_after, body), &flaw))
}

/// What was granted, or what is wrong with the answer.
fn granted(body: &[u8]) -> std::result::Result<Granted, String> {
    let mut members = json::object(body)?;
    let expires_in = members.get("expires_in").and_then(lifetime);
    match members.remove("access_token") {
        Some(Value::String(text)) => match token::api_token(&Zeroizing::new(text)) {
            Ok(token) => Ok(Granted { token, expires_in }),
            Err(flaw) => Err(flaw.message().to_owned()),
        },
        Some(_) => Err("its access_token is not text".to_owned()),
        None => Err("it has no access_token".to_owned()),
    }
}

/// A number, or a number written as text; anything else counts as not said.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        _ => value.as_f64()?,
    };
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST_LIFE, |life| life.min(LONGEST_LIFE)))
}

fn not_granted(answer: &Answer, flaw: &str) -> Error {
    let named_by_oauth = answer
        .said
        .as_ref()
        .is_some_and(|said| said.voice == Voice::OAuth);
    match answer.meaning() {
        Meaning::Success if !named_by_oauth => answer.error_as(
            Status::Protocol,
            &format!("the answer to the request for an API token is not as documented: {flaw}"),
            "check the base URL and any proxy on the way",
        ),
        // A 401 says that much by itself. What else OAuth refuses, it names.
        Meaning::Refused if !named_by_oauth => answer
            .error_as(
                Status::Protocol,
                "the request for an API token was refused without an error code of the platform",
                "check the base URL and any proxy on the way",
            )
            .with_retryable(answer.http_status == 408),
        Meaning::RateLimited
        | Meaning::Named
        | Meaning::Unavailable
        | Meaning::Redirect
        | Meaning::Undocumented => answer.error(),
        _ => answer.error_as(
            Status::ApiToken,
            "the platform granted no API token",
            "check the app key, the app secret and the base URL",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(status: u16, body: &str) -> String {
        match answer(status, Some("3"), body.as_bytes()) {
            Ok(granted) => format!(
                "{} {:?}",
                granted.token.reveal(),
                granted.expires_in.map(|life| life.as_secs())
            ),
            Err(error) => {
                assert_eq!(error.http_status(), status);
                assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
                format!("{:?} {:?}", error.status(), error.code())
            }
        }
    }

    #[test]
    fn the_basic_header_is_base64_of_key_and_secret() {
        let cases = [
            (
                "Aladdin",
                "open sesame",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            ("", "", "Basic Og=="),
            ("k", "é", "Basic azrDqQ=="),
            ("a", "b", "Basic YTpi"),
        ];
        for (key, secret, want) in cases {
            assert_eq!(basic(key, &Secret::new(secret)).reveal(), want);
        }
    }

    #[test]
    fn only_the_access_token_is_needed() {
        let cases = [
            (r#"{"access_token":"T"}"#, "T None"),
            (
                r#"{"access_token":"T","token_type":"Bearer","expires_in":3600,"scope":"am_application_scope"}"#,
                "T Some(3600)",
            ),
            (
                r#"{"access_token":"T","expires_in":"3600"}"#,
                "T Some(3600)",
            ),
            (
                r#"{"access_token":"T","expires_in":" 12.5 "}"#,
                "T Some(12)",
            ),
            (r#"{"access_token":"T","expires_in":0}"#, "T Some(0)"),
            (r#"{"access_token":"T","expires_in":-1}"#, "T None"),
            (r#"{"access_token":"T","expires_in":null}"#, "T None"),
            (r#"{"access_token":"T","expires_in":"soon"}"#, "T None"),
            (r#"{"access_token":"T","expires_in":"NaN"}"#, "T None"),
            (r#"{"access_token":"T","expires_in":"inf"}"#, "T None"),
            (r#"{"access_token":"T","expires_in":[3600]}"#, "T None"),
            (
                r#"{"access_token":"T","expires_in":1e300}"#,
                "T Some(31536000)",
            ),
            (
                r#"{"access_token":"T","expires_in":18446744073709551615}"#,
                "T Some(31536000)",
            ),
        ];
        for (body, want) in cases {
            assert_eq!(outline(200, body), want, "{body}");
        }
    }

    #[test]
    fn refusals_are_typed() {
        let am_fault =
            r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code></am:fault>"#;
        let cases = [
            (
                400,
                r#"{"error":"invalid_client","error_description":"no"}"#,
                r#"ApiToken "invalid_client""#,
            ),
            (
                401,
                r#"{"error":"invalid_client"}"#,
                r#"ApiToken "invalid_client""#,
            ),
            (
                200,
                r#"{"error":"invalid_client"}"#,
                r#"ApiToken "invalid_client""#,
            ),
            (400, r#"{"error":"whatever"}"#, r#"ApiToken "whatever""#),
            (401, "", r#"ApiToken """#),
            (401, "<html/>", r#"ApiToken """#),
            (400, "<html/>", r#"Protocol """#),
            (400, "", r#"Protocol """#),
            (403, "<!DOCTYPE html><p>Blocked", r#"Protocol """#),
            (404, "{}", r#"Protocol """#),
            (408, "", r#"Protocol """#),
            (407, "<html/>", r#"Protocol """#),
            (401, r#"{"fault":{"code":900901}}"#, r#"ApiToken "900901""#),
            (
                400,
                r#"{"fault":{"code":"900906"}}"#,
                r#"Platform "900906""#,
            ),
            (404, am_fault, r#"Platform "404""#),
            (400, r#"{"errorCode":"X.Y"}"#, r#"Platform "X.Y""#),
            (429, "", r#"RateLimited """#),
            (
                429,
                r#"{"fault":{"code":900802}}"#,
                r#"RateLimited "900802""#,
            ),
            (500, "", r#"Unavailable """#),
            (503, "<html/>", r#"Unavailable """#),
            (302, "", r#"Protocol """#),
            (0, "", r#"Protocol """#),
        ];
        for (status, body, want) in cases {
            assert_eq!(outline(status, body), want, "{status} {body}");
        }
    }

    #[test]
    fn a_page_of_whoever_stands_between_is_named() {
        for (status, retryable) in [(400, false), (403, false), (408, true)] {
            let error = answer(status, None, b"<html>Blocked</html>").unwrap_err();
            assert_eq!(
                error.message(),
                format!(
                    "the request for an API token was refused without an error code of the \
                     platform (HTTP {status}, an HTML page); check the base URL and any proxy on \
                     the way"
                )
            );
            assert_eq!(error.retryable(), retryable);
        }
        let error = answer(503, None, b"<html>Sorry</html>").unwrap_err();
        assert!(
            error.retryable() && error.message().contains("an HTML page"),
            "{error}"
        );
    }

    #[test]
    fn a_2xx_answer_without_a_good_token_is_not_as_documented() {
        let long = format!(
            r#"{{"access_token":"{}"}}"#,
            "x".repeat(token::API_TOKEN_MAX + 1)
        );
        let deep = "[".repeat(1_000_000);
        let cases = [
            "",
            "<html/>",
            "{}",
            "[]",
            r#"{"access_token":7}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"a b"}"#,
            &long,
            &deep,
        ];
        for body in cases {
            assert_eq!(outline(200, body), r#"Protocol """#, "{body:.80}");
        }
        let error = answer(200, None, b"{}").unwrap_err();
        assert_eq!(
            error.message(),
            "the answer to the request for an API token is not as documented: it has no \
             access_token (HTTP 200); check the base URL and any proxy on the way"
        );
    }
}
