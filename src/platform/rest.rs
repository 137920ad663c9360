//! The REST session: the login request and the token in its answer.

use serde_json::Value;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::login::LoginAnswer;
use super::{json, login, token};
use crate::secret::Secret;

pub(crate) const LOGIN_PATH: &str = "/m2m/v1/session/login";
pub(crate) const LOGOUT_PATH: &str = "/m2m/v1/session/logout";
/// A resource that nobody gets without tokens: its refusal shows who answers.
pub(crate) const REFUSED_PATH: &str = "/m2m/v1/accounts/0000000000-00000";
/// Where the logout takes the session token, whatever header other requests carry it in.
pub(crate) const LOGOUT_HEADER: &str = "VZ-M2M-Token";

/// The most bytes that one byte of text becomes in JSON: `\u0000`.
const ESCAPE_MAX: usize = 6;

/// `{"username":…,"password":…}`, in one buffer that never grows, so that no copy is left behind.
pub(crate) fn login_body(username: &str, password: &Secret) -> Zeroizing<Vec<u8>> {
    let password = password.reveal();
    let capacity = 64 + ESCAPE_MAX * (username.len() + password.len());
    let mut body = Zeroizing::new(Vec::with_capacity(capacity));
    for (before, text) in [("{\"username\":", username), (",\"password\":", password)] {
        body.extend_from_slice(before.as_bytes());
        serde_json::to_writer(&mut *body, text).expect("text can always be written to memory");
    }
    body.push(b'}');
    body
}

pub(crate) fn login_answer(
    http_status: u16,
    retry_after: Option<&str>,
    body: &[u8],
) -> LoginAnswer {
    let token = match http_status {
        200..=299 => session_token(body),
        _ => Err(String::new()),
    };
    let answer = || Answer::to_login(http_status, retry_after, body);
    token.map_or_else(
        |flaw| login::without_token(&answer(), body, &flaw),
        LoginAnswer::Token,
    )
}

/// The token, or what is wrong with the answer.
fn session_token(body: &[u8]) -> Result<Secret, String> {
    let mut members = json::object(body)?;
    match members.remove("sessionToken") {
        Some(Value::String(text)) => {
            token::session_token(&Zeroizing::new(text)).map_err(|e| e.message().to_owned())
        }
        Some(_) => Err("its sessionToken is not text".to_owned()),
        None => Err("it has no sessionToken".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::login::tests::outline;

    fn answer(status: u16, body: &[u8]) -> String {
        outline(&login_answer(status, None, body))
    }

    #[test]
    fn the_login_body_is_the_documented_one() {
        let body = login_body("zbeeblebrox", &Secret::new("IMgr8"));
        assert_eq!(*body, br#"{"username":"zbeeblebrox","password":"IMgr8"}"#);
        let documented: Value =
            serde_json::from_str(include_str!("documented/rest-login-request.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), documented);
    }

    #[test]
    fn odd_credentials_arrive_as_they_are_and_the_buffer_never_grows() {
        let odd = "\"\\/\u{0}\u{1f}\r\n\t\u{7f}é€𝄞</script>";
        let worst = "\u{1}".repeat(1000);
        for (username, password) in [(odd, worst.as_str()), (worst.as_str(), odd), ("", "")] {
            let body = login_body(username, &Secret::new(password));
            let read: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(read["username"], *username);
            assert_eq!(read["password"], *password);
            assert_eq!(
                body.capacity(),
                64 + ESCAPE_MAX * (username.len() + password.len())
            );
        }
    }

    #[test]
    fn the_documented_answers() {
        assert_eq!(
            answer(200, include_bytes!("documented/rest-login-response.json")),
            "Token bcce3ea6-fe4f-4952-bacf-eadd80718e83"
        );
        assert_eq!(
            answer(400, include_bytes!("documented/rest-error.json")),
            r#"Rejected Credentials "error code string""#
        );
    }

    #[test]
    fn a_good_token_is_taken_whatever_stands_beside_it() {
        for body in [
            r#"{"sessionToken":"T"}"#,
            "\u{feff} {\"sessionToken\":\"T\"}\r\n",
            r#"{"errorCode":null,"errorMessage":"","sessionToken":"T"}"#,
            r#"{"sessionToken":"other","sessionToken":"T","more":[{}]}"#,
            r#"{"session\u0054oken":"\u0054"}"#,
        ] {
            assert_eq!(answer(200, body.as_bytes()), "Token T", "{body}");
        }
        assert_eq!(answer(201, br#"{"sessionToken":"T"}"#), "Token T");
        let utf_16 = "\u{feff}{\"sessionToken\":\"T\"}".encode_utf16();
        let utf_16: Vec<u8> = utf_16.flat_map(u16::to_le_bytes).collect();
        assert_eq!(answer(200, &utf_16), "Token T");
        let latin = b"{\"sessionToken\":\"T\",\"name\":\"\xe9\"}";
        assert_eq!(answer(200, latin), "Token T");
    }

    #[test]
    fn a_2xx_answer_without_a_good_token_is_of_unknown_fate() {
        let long = format!(r#"{{"sessionToken":"{}"}}"#, "x".repeat(128));
        let deep = format!(r#"{{"sessionToken":{}"#, "[".repeat(200_000));
        let deep_member = format!(
            r#"{{"x":{}{},"sessionToken":"T"}}"#,
            "[".repeat(1000),
            "]".repeat(1000)
        );
        let huge = format!(
            r#"{{"sessionToken":"T","x":"{}"}}"#,
            "x".repeat(super::super::READ_MAX)
        );
        let cases = [
            "",
            " ",
            "<html><body>Welcome</body></html>",
            "null",
            "\"T\"",
            "[\"T\"]",
            "{}",
            r#"{"sessionToken":"T""#,
            r#"{"sessionToken":"T"}}"#,
            r#"{"sessionToken":null}"#,
            r#"{"sessionToken":7}"#,
            r#"{"sessionToken":["T"]}"#,
            r#"{"sessionToken":""}"#,
            r#"{"sessionToken":"a b"}"#,
            r#"{"sessionToken":"a\r\nX-Evil: 1"}"#,
            r#"{"sessionToken":"a\u0000"}"#,
            r#"{"sessionToken":"é"}"#,
            r#"{"SessionToken":"T"}"#,
            "{\"sessionToken\":\"\u{0}\"}",
            &long,
            &deep,
            &deep_member,
            &huge,
        ];
        for body in cases {
            assert_eq!(
                answer(200, body.as_bytes()),
                r#"Unknown Protocol """#,
                "{body:.80}"
            );
        }
        assert_eq!(
            answer(200, b"{\"sessionToken\":\"\xff\"}"),
            r#"Unknown Protocol """#
        );
        assert_eq!(answer(204, b""), r#"Unknown Protocol """#);
    }

    #[test]
    fn the_error_names_the_flaw_and_hides_the_token() {
        let LoginAnswer::Unknown(error) = login_answer(200, None, br#"{"sessionToken":"se cret"}"#)
        else {
            panic!("taken")
        };
        assert_eq!(
            error.message(),
            "the answer to the login is not as documented: the session token has \
             characters that no header may hold (only visible ASCII is allowed) (HTTP 200); check \
             the base URL and any proxy on the way"
        );
    }
}
