//! What must hold whatever arrives. The library's own source is compiled in, so that nothing
//! private needs a door to the outside. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run answers --
//! -max_total_time=20` (or `soap_body`), with `cargo-fuzz` 0.13.1.

#![allow(dead_code)]

#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/platform/mod.rs"]
mod platform;
#[path = "../../src/secret.rs"]
mod secret;

use error::{Error, Status};
use platform::answer::{Answer, Concern};
use platform::login::LoginAnswer;
use platform::{oauth, rest, soap};
use secret::Secret;

/// Answers to requests, to logins on both protocols and to OAuth. The first two bytes choose the
/// HTTP status.
pub fn answers(data: &[u8]) {
    let Some(([high, low], body)) = data.split_first_chunk() else {
        return;
    };
    let status = 100 + u16::from_be_bytes([*high, *low]) % 520;
    let text = String::from_utf8_lossy(body);
    let retry_after = text.lines().next();

    checked(status, retry_after, body);
    login(rest::login_answer(status, retry_after, body));
    login(soap::login_answer(status, retry_after, body));
    match oauth::answer(status, retry_after, body) {
        Ok(granted) => assert!(is_token(granted.token.reveal(), 4095) && status / 100 == 2),
        Err(error) => presentable(&error),
    }
}

fn checked(status: u16, retry_after: Option<&str>, body: &[u8]) {
    let answer = Answer::to_request(status, retry_after, body);
    let concern = answer.concern();
    match answer.check() {
        Ok(()) => assert!(status / 100 == 2 && concern == Concern::Neither),
        Err(error) => {
            presentable(&error);
            let expected = match error.status() {
                Status::SessionExpired => {
                    [Concern::SessionToken, Concern::Either].contains(&concern)
                }
                Status::ApiToken => concern == Concern::ApiToken,
                _ => concern == Concern::Neither,
            };
            assert!(expected, "{error} {concern:?}");
        }
    }
}

fn login(answer: LoginAnswer) {
    let (error, verdict) = match answer {
        LoginAnswer::Token(token) => return assert!(is_token(token.reveal(), 127)),
        LoginAnswer::Rejected(error) => (error, Some(Status::Credentials)),
        LoginAnswer::Locked(error) => (error, Some(Status::Locked)),
        LoginAnswer::NotJudged(error)
        | LoginAnswer::ApiTokenRefused(error)
        | LoginAnswer::PerhapsApiToken(error)
        | LoginAnswer::Unknown(error) => (error, None),
    };
    presentable(&error);
    match verdict {
        Some(status) => assert!(error.status() == status && !error.code().is_empty()),
        None => assert!(!matches!(
            error.status(),
            Status::Credentials | Status::Locked
        )),
    }
}

fn is_token(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Bounded and printable, and a wait that every clock can hold.
fn presentable(error: &Error) {
    assert!(
        error.message().chars().count() < 1500 && !error.message().contains(char::is_control),
        "{error}"
    );
    assert!(error.code().chars().count() <= 201 && !error.code().contains(char::is_control));
    assert!(
        error
            .retry_after()
            .is_none_or(|wait| wait.as_secs() <= 366 * 24 * 60 * 60)
    );
}

/// A body element that is accepted stays the only child of the envelope's Body; credentials arrive
/// as they are, or are refused.
pub fn soap_body(data: &[u8]) {
    if let Ok(element) = soap::BodyElement::new(data) {
        let envelope = element.envelope(&Secret::new("T"));
        let text = std::str::from_utf8(&envelope).expect("UTF-8");
        let document = roxmltree::Document::parse(text).expect("well-formed");
        let body = document
            .root_element()
            .last_element_child()
            .expect("a Body");
        assert_eq!(body.tag_name().name(), "Body");
        assert_eq!(body.children().filter(|node| node.is_element()).count(), 1);
        assert_eq!(
            document
                .root_element()
                .children()
                .filter(|node| node.is_element())
                .count(),
            2
        );
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(envelope) = soap::login_envelope(text, &Secret::new(text))
    {
        let envelope = std::str::from_utf8(&envelope).expect("UTF-8");
        let document = roxmltree::Document::parse(envelope).expect("well-formed");
        for name in ["Username", "Password"] {
            let element = document
                .descendants()
                .find(|node| node.tag_name().name() == name)
                .expect("an element");
            assert_eq!(element.text().unwrap_or_default(), text);
        }
    }
}
