//! What an answer without a token means for a login, on REST and SOAP alike: was the password
//! judged, and does it count? Where that cannot be told the answer is [`LoginAnswer::Unknown`],
//! never a guess in our favour.

use super::answer::{Answer, LoginAnswer, Meaning};
use super::said::{self, Said, Voice};
use crate::error::{Error, Status};

/// Parts of codes that say that something else than the password was wrong, though perhaps the
/// login counted. The last four are those of SOAP and its servers for faults that are not the
/// sender's.
const NOT_A_VERDICT: [&str; 8] = [
    "SessionToken",
    "INPUT_INVALID",
    "UnexpectedError",
    "DeserializationFailed",
    "InternalServiceFault",
    "Server",
    "VersionMismatch",
    "MustUnderstand",
];

/// `flaw` says why a 2xx answer yielded no token.
pub(super) fn without_token(answer: &Answer, body: &[u8], flaw: &str) -> LoginAnswer {
    if let Some(said) = answer
        .said
        .as_ref()
        .filter(|said| said.voice == Voice::Service)
    {
        return judged(answer, said);
    }
    match answer.meaning() {
        // Of the OAuth errors only this one is about the bearer for certain; another may be the
        // password's.
        Meaning::ApiToken if answer.said.as_ref().is_some_and(is_other_oauth_error) => {
            LoginAnswer::Ambiguous(ambiguous(answer))
        }
        Meaning::ApiToken => LoginAnswer::ApiToken(answer.error()),
        Meaning::EitherToken => LoginAnswer::Ambiguous(ambiguous(answer)),
        Meaning::RateLimited | Meaning::Named => LoginAnswer::NotJudged(answer.error()),
        Meaning::Unavailable if said::may_hold_a_verdict(body) => {
            LoginAnswer::Unknown(answer.error())
        }
        Meaning::Unavailable => LoginAnswer::NotJudged(answer.error()),
        Meaning::SessionToken => LoginAnswer::Unknown(unjudged(answer)),
        Meaning::Success => LoginAnswer::Unknown(undocumented(answer, flaw)),
        Meaning::Refused => LoginAnswer::Unknown(refused(answer)),
        Meaning::Redirect | Meaning::Undocumented => LoginAnswer::Unknown(answer.error()),
    }
}

fn is_other_oauth_error(said: &Said) -> bool {
    said.voice == Voice::OAuth && said.code != "invalid_token"
}

/// An errorCode or a faultcode: a strike, unless its code says otherwise.
fn judged(answer: &Answer, said: &Said) -> LoginAnswer {
    if said.code.is_empty() || said.code_parts().any(|part| NOT_A_VERDICT.contains(&part)) {
        return LoginAnswer::Unknown(unjudged(answer));
    }
    if said.code.to_ascii_lowercase().contains("lock") {
        return LoginAnswer::Rejected(answer.error_as(
            Status::Locked,
            "the platform says that the contact record is locked",
            "only Verizon Support unlocks it",
        ));
    }
    LoginAnswer::Rejected(answer.error_as(
        Status::Credentials,
        "the platform rejected the username or password",
        "correct them before another login: five consecutive failures lock the contact record",
    ))
}

fn undocumented(answer: &Answer, flaw: &str) -> Error {
    answer.error_as(
        Status::Protocol,
        &format!("the answer to the login is not as documented: {flaw}"),
        "check the base URL and any proxy on the way",
    )
}

/// The platform's own refusals have a code.
pub(super) fn refused(answer: &Answer) -> Error {
    answer.error_as(
        Status::Protocol,
        "the login was refused without an error code of the platform",
        "check the base URL and any proxy on the way",
    )
}

fn unjudged(answer: &Answer) -> Error {
    answer.error_as(
        Status::Platform,
        "the login failed for another reason than the password",
        "whether it counted as a failed login is not known",
    )
}

fn ambiguous(answer: &Answer) -> Error {
    answer.error_as(
        Status::ApiToken,
        "the login was refused without saying whether the API token or the password is at fault",
        "check the API token, or the app key and secret, then the username and password",
    )
}

#[cfg(test)]
pub(super) mod tests {
    use crate::platform::answer::LoginAnswer;
    use crate::platform::{rest, soap};

    /// For tables: the verdict, the status of its error and the code in it.
    pub(in crate::platform) fn outline(answer: &LoginAnswer) -> String {
        let (verdict, error) = match answer {
            LoginAnswer::Token(token) => return format!("Token {}", token.reveal()),
            LoginAnswer::Rejected(error) => ("Rejected", error),
            LoginAnswer::NotJudged(error) => ("NotJudged", error),
            LoginAnswer::ApiToken(error) => ("ApiToken", error),
            LoginAnswer::Ambiguous(error) => ("Ambiguous", error),
            LoginAnswer::Unknown(error) => ("Unknown", error),
        };
        format!("{verdict} {:?} {:?}", error.status(), error.code())
    }

    fn both(status: u16, body: &str) -> [String; 2] {
        [
            outline(&rest::login_answer(status, None, body.as_bytes())),
            outline(&soap::login_answer(status, None, body.as_bytes())),
        ]
    }

    fn fault(code: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>{code}</faultcode></s:Fault></s:Body></s:Envelope>"#
        )
    }

    #[test]
    fn a_code_is_a_strike_unless_it_says_otherwise() {
        let cases = [
            ("REQUEST_FAILED.LoginFailed", "Rejected Credentials"),
            ("REQUEST_FAILED.AccountNotFound", "Rejected Credentials"),
            ("REQUEST_ONHOLD.Any", "Rejected Credentials"),
            ("Anything", "Rejected Credentials"),
            ("REQUEST_FAILED.ContactLocked", "Rejected Locked"),
            ("REQUEST_FAILED.ACCOUNT_LOCK", "Rejected Locked"),
            ("REQUEST_FAILED.SessionToken.Expired", "Unknown Platform"),
            ("REQUEST_FAILED.SessionToken.Format", "Unknown Platform"),
            ("INPUT_INVALID.SessionToken.Invalid", "Unknown Platform"),
            ("INPUT_INVALID.Request.InvalidCharacter", "Unknown Platform"),
            ("INPUT_INVALID.RequestUndefined", "Unknown Platform"),
            ("REQUEST_FAILED.UnexpectedError", "Unknown Platform"),
            ("DeserializationFailed", "Unknown Platform"),
        ];
        for (code, want) in cases {
            for prefix in ["", "UnifiedWebService."] {
                let code = format!("{prefix}{code}");
                let want = format!("{want} {code:?}");
                let json = format!(r#"{{"errorCode":"{code}","errorMessage":"?"}}"#);
                for status in [200, 302, 400, 401, 403, 429, 500] {
                    assert_eq!(
                        both(status, &json),
                        [want.as_str(), want.as_str()],
                        "{status} {json}"
                    );
                    let xml = fault(&code);
                    assert_eq!(
                        both(status, &xml),
                        [want.as_str(), want.as_str()],
                        "{status} {xml}"
                    );
                }
            }
        }
    }

    #[test]
    fn soaps_own_faultcodes() {
        let cases = [
            ("s:Client", "Rejected Credentials"),
            (
                "s:UnifiedWebService.REQUEST_FAILED.LoginFailed",
                "Rejected Credentials",
            ),
            ("s:INPUT_INVALID.Any", "Unknown Platform"),
            ("s:Server", "Unknown Platform"),
            ("a:InternalServiceFault", "Unknown Platform"),
            ("a:DeserializationFailed", "Unknown Platform"),
            ("s:VersionMismatch", "Unknown Platform"),
            ("", "Unknown Platform"),
        ];
        for (code, want) in cases {
            let want = format!("{want} {code:?}");
            assert_eq!(
                both(500, &fault(code)),
                [want.as_str(), want.as_str()],
                "{code}"
            );
        }
    }

    #[test]
    fn layers_before_the_platform_do_not_judge() {
        let am_fault =
            r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code></am:fault>"#;
        let proxied = r#"{"error":"unauthorized","error_description":"Failure response received for UWS V1 REST accounts: [400]"}"#;
        let cases = [
            (
                401,
                r#"{"fault":{"code":"900901"}}"#,
                r#"ApiToken ApiToken "900901""#,
            ),
            (
                401,
                r#"{"fault":{"code":900902}}"#,
                r#"ApiToken ApiToken "900902""#,
            ),
            (
                200,
                r#"{"fault":{"code":900902}}"#,
                r#"ApiToken ApiToken "900902""#,
            ),
            (
                401,
                r#"{"error":"invalid_token"}"#,
                r#"ApiToken ApiToken "invalid_token""#,
            ),
            (
                400,
                r#"{"fault":{"code":"900906"}}"#,
                r#"NotJudged Platform "900906""#,
            ),
            (403, am_fault, r#"NotJudged Platform "404""#),
            (404, am_fault, r#"NotJudged Platform "404""#),
            (429, "", r#"NotJudged RateLimited """#),
            (
                429,
                r#"{"fault":{"code":900800}}"#,
                r#"NotJudged RateLimited "900800""#,
            ),
            (500, "", r#"NotJudged Unavailable """#),
            (
                503,
                "<html><p>Sorry</p></html>",
                r#"NotJudged Unavailable """#,
            ),
            (502, "<!DOCTYPE html><html>", r#"NotJudged Unavailable """#),
            (400, proxied, r#"Unknown Platform "unauthorized""#),
            (401, proxied, r#"Unknown Platform "unauthorized""#),
        ];
        for (status, body, want) in cases {
            assert_eq!(both(status, body), [want, want], "{status} {body}");
        }
    }

    #[test]
    fn an_oauth_error_that_may_be_about_the_password_is_no_free_try() {
        for error in ["invalid_client", "invalid_grant", "access_denied"] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            let rest = outline(&rest::login_answer(400, None, body.as_bytes()));
            assert!(!rest.starts_with("ApiToken"), "{rest}");
            assert!(!rest.starts_with("NotJudged"), "{rest}");
        }
    }

    #[test]
    fn a_bare_401_is_ambiguous_where_there_is_an_api_token() {
        for body in ["", "<html/>", "{}", r#"{"error":"unauthorized"}"#] {
            let [rest, soap] = both(401, body);
            assert!(rest.starts_with("Ambiguous ApiToken "), "{rest}");
            assert!(soap.starts_with("Unknown Protocol "), "{soap}");
        }
    }

    #[test]
    fn what_cannot_be_read_keeps_its_slot() {
        let utf16: String = fault("X.LoginFailed")
            .chars()
            .flat_map(|c| [c, '\0'])
            .collect();
        let half = fault("X.LoginFailed").split_at(60).0.to_owned();
        let with_dtd = format!("<!DOCTYPE a>{}", fault("X.LoginFailed"));
        let half_json = r#"{"errorCode":"X.Log"#.to_owned();
        let wrong_type = r#"{"errorCode":{"x":1}}"#.to_owned();
        for body in [&utf16, &half, &with_dtd, &half_json, &wrong_type] {
            let want = r#"Unknown Unavailable """#;
            assert_eq!(both(500, body), [want, want], "{body}");
            let want = r#"Unknown Protocol """#;
            assert_eq!(both(400, body), [want, want], "{body}");
            assert_eq!(both(200, body), [want, want], "{body}");
        }
        for (status, body) in [
            (302, ""),
            (308, "<html/>"),
            (400, ""),
            (403, "<html/>"),
            (404, "{}"),
            (100, ""),
            (999, ""),
        ] {
            let want = r#"Unknown Protocol """#;
            assert_eq!(both(status, body), [want, want], "{status} {body}");
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let LoginAnswer::Rejected(error) = rest::login_answer(
            400,
            None,
            br#"{"errorCode":"UnifiedWebService.X","errorMessage":"Login failed."}"#,
        ) else {
            panic!("not rejected")
        };
        assert_eq!(
            error.message(),
            "the platform rejected the username or password (HTTP 400, UnifiedWebService.X, \
             \"Login failed.\"); correct them before another login: five consecutive failures \
              lock the contact record"
        );
        let LoginAnswer::Unknown(error) = rest::login_answer(307, None, b"") else {
            panic!("not unknown")
        };
        assert!(
            error.message().contains("redirects are never followed"),
            "{error}"
        );
        let LoginAnswer::NotJudged(error) = rest::login_answer(503, Some("9"), b"") else {
            panic!("judged")
        };
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(9));
    }
}
