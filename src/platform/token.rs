//! Tokens as the platform sends them: what may be one.
//! A token that passed here fits the C buffers and can stand in a header without harm.

use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// The longest session token, in bytes without a NUL.
pub(crate) const SESSION_TOKEN_MAX: usize = 127;
pub(crate) const API_TOKEN_MAX: usize = 4095;

pub(crate) fn session_token(text: &str) -> Result<Secret> {
    checked("session token", text, SESSION_TOKEN_MAX)
}

pub(crate) fn api_token(text: &str) -> Result<Secret> {
    checked("API token", text, API_TOKEN_MAX)
}

fn checked(what: &str, text: &str, max: usize) -> Result<Secret> {
    let flaw = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > max {
        format!("has {} bytes, more than the {max} there may be", text.len())
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        "has characters that no header may hold (only visible ASCII is allowed)".to_owned()
    } else {
        return Ok(Secret::new(text));
    };
    Err(Error::new(Status::Protocol, format!("the {what} {flaw}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_fit_buffers_and_headers() {
        let longest = "x".repeat(SESSION_TOKEN_MAX);
        for good in ["bcce3ea6-fe4f-4952-bacf-eadd80718e83", "x", "!~", &longest] {
            assert_eq!(session_token(good).unwrap().reveal(), good);
        }
        let too_long = "x".repeat(SESSION_TOKEN_MAX + 1);
        for bad in [
            "",
            &too_long,
            " ",
            "a b",
            "a\r\nX: y",
            "a\0",
            "\u{7f}",
            "é",
            " a",
        ] {
            let error = session_token(bad).unwrap_err();
            assert_eq!(error.status(), Status::Protocol, "{bad:?}");
            assert!(error.message().starts_with("the session token "), "{error}");
        }
    }

    #[test]
    fn api_tokens_may_be_longer() {
        assert!(api_token(&"x".repeat(API_TOKEN_MAX)).is_ok());
        assert_eq!(
            api_token(&"x".repeat(API_TOKEN_MAX + 1))
                .unwrap_err()
                .status(),
            Status::Protocol
        );
        assert_eq!(
            api_token("").unwrap_err().message(),
            "the API token is empty"
        );
    }

    #[test]
    fn an_error_shows_nothing_of_the_token() {
        let error = session_token("se cret").unwrap_err();
        assert!(!format!("{error:?}").contains("cret"));
    }
}
