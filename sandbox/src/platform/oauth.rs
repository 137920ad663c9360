//! The OAuth2 token endpoint and its counterpart that revokes: client credentials by Basic
//! authentication, a form as the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::outcome::Outcome;
use crate::http::{Answer, Request};
use crate::world::{Counter, ExpiresIn, TokenType, World};

const KEY_AND_SECRET: &[u8] = b"key:secret";

pub fn token(world: &mut World, now_ms: u64, request: &Request<'_>) -> Outcome {
    if let Some(refusal) = refusal(request) {
        return refusal;
    }
    let settings = &world.settings;
    let same = settings.oauth_token_type == TokenType::SameWithinHour;
    let (token, left_ms) = world.api_tokens.issue(now_ms, settings.api_token_ms, same);
    let mut answer = json!({
        "access_token": token,
        "token_type": "Bearer",
        "scope": "am_application_scope default",
    });
    let left = left_ms / 1000;
    match &settings.expires_in {
        ExpiresIn::Remaining => answer["expires_in"] = left.into(),
        ExpiresIn::Full => answer["expires_in"] = (settings.api_token_ms / 1000).into(),
        ExpiresIn::Text => answer["expires_in"] = left.to_string().into(),
        ExpiresIn::Json(itself) => answer["expires_in"] = itself.clone(),
        ExpiresIn::Absent => {}
    }
    world.counters.add(Counter::OauthOk);
    Outcome::new(
        Answer::json(200, answer.to_string().into_bytes()),
        "API token issued",
    )
}

pub fn revoke(world: &mut World, request: &Request<'_>) -> Outcome {
    if let Some(refusal) = refusal(request) {
        return refusal;
    }
    let Some(token) = form_field(request.body, "token") else {
        return refuse(400, "invalid_request", "token is missing");
    };
    let why = if world.api_tokens.revoke(&token) {
        "API token revoked"
    } else {
        "no such API token"
    };
    Outcome::new(Answer::json(200, b"{}".to_vec()), why)
}

/// Why the request is refused, if it is.
fn refusal(request: &Request<'_>) -> Option<Outcome> {
    let known = request
        .authorization("basic")
        .and_then(|credentials| STANDARD.decode(credentials).ok());
    if known.as_deref() != Some(KEY_AND_SECRET) {
        return Some(refuse(
            401,
            "invalid_client",
            "A valid OAuth client could not be found for client_id",
        ));
    }
    let form = "application/x-www-form-urlencoded";
    let media_type = request
        .header("content-type")
        .and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|given| given.trim().eq_ignore_ascii_case(form)) {
        return Some(refuse(
            400,
            "invalid_request",
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    match form_field(request.body, "grant_type").as_deref() {
        Some("client_credentials") => None,
        Some(_) => Some(refuse(
            400,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        )),
        None => Some(refuse(
            400,
            "invalid_request",
            "Missing grant_type parameter value",
        )),
    }
}

fn refuse(status: u16, error: &'static str, description: &str) -> Outcome {
    let answer = json!({"error": error, "error_description": description});
    Outcome::new(Answer::json(status, answer.to_string().into_bytes()), error)
}

fn form_field(form: &[u8], name: &str) -> Option<String> {
    let form = std::str::from_utf8(form).ok()?;
    let fields = form.split('&').filter_map(|field| field.split_once('='));
    fields
        .map(|(key, value)| (decode(key), value))
        .find(|(key, _)| key.as_deref() == Some(name))
        .and_then(|(_, value)| decode(value))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_form() {
        let form = b"grant_type=client_credentials&token=a%2Bb+c&empty=";
        assert_eq!(
            form_field(form, "grant_type").as_deref(),
            Some("client_credentials")
        );
        assert_eq!(form_field(form, "token").as_deref(), Some("a+b c"));
        assert_eq!(form_field(form, "empty").as_deref(), Some(""));
        assert_eq!(form_field(form, "absent"), None);
        assert_eq!(form_field(b"a=%4", "a"), None);
    }
}
