//! What an answer without a token means for a login, on REST and SOAP alike: was the password
//! judged, and does it count? Where that cannot be told the answer is [`LoginAnswer::Unknown`],
//! never a guess in our favour: gateways answer for a platform that has judged.

use super::answer::{Answer, Meaning};
use super::said::{Said, Voice};
use super::xml;
use crate::error::{Error, Status};
use crate::secret::Secret;

/// What an answer to a login means for the account.
#[derive(Debug)]
pub(crate) enum LoginAnswer {
    /// Logged in.
    Token(Secret),
    /// The password was judged and refused: a strike.
    Rejected(Error),
    /// The contact is locked. That says nothing about the password.
    Locked(Error),
    /// The gateway turned it away before the platform saw it: no strike.
    NotJudged(Error),
    /// The gateway turned it away for its API token: no strike.
    ApiTokenRefused(Error),
    /// Perhaps the API token, perhaps the password: it may have counted.
    PerhapsApiToken(Error),
    /// Whether it counted cannot be told.
    Unknown(Error),
}

/// Parts of codes that say that something else than the password was wrong, though perhaps the
/// login counted. The last four are those of SOAP and its servers for faults that are not the
/// sender's.
const NOT_A_VERDICT: [&str; 10] = [
    "SessionToken",
    "INPUT_INVALID",
    "UnexpectedError",
    "DeserializationFailed",
    "REQUEST_ONHOLD",
    "REQUEST_CANCELLED",
    "InternalServiceFault",
    "Server",
    "VersionMismatch",
    "MustUnderstand",
];

/// `flaw` says why a 2xx answer yielded no token.
pub(super) fn without_token(answer: &Answer, body: &[u8], flaw: &str) -> LoginAnswer {
    let said = answer.said.as_ref();
    match said.map(|said| (said.voice, said)) {
        Some((Voice::Service, said)) => by_service(answer, said, xml::begins_as_xml(body)),
        Some((Voice::Gateway, said)) => by_gateway(answer, said),
        _ => unnamed(answer, flaw),
    }
}

/// An errorCode is a verdict with a 4xx, a SOAP fault with any status; unless the code says
/// otherwise. What throttles has not judged, but is no proof of it either.
fn by_service(answer: &Answer, said: &Said, is_fault: bool) -> LoginAnswer {
    let is_verdict = is_fault || matches!(answer.http_status, 400..=428 | 430..=499);
    let names_another_cause = said.code_parts().any(|part| NOT_A_VERDICT.contains(&part));
    if !is_verdict || said.code.is_empty() || names_another_cause {
        return LoginAnswer::Unknown(unjudged(answer));
    }
    if said.code.to_ascii_lowercase().contains("lock") {
        return LoginAnswer::Locked(answer.error_as(
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

/// The gateway refuses an API token (9009xx) and throttles (9008xx) before the platform sees the
/// request. Its other faults come after that, when the platform may have judged.
fn by_gateway(answer: &Answer, said: &Said) -> LoginAnswer {
    let is_refusal = (400..=499).contains(&answer.http_status);
    match (said.number(), answer.meaning()) {
        (Some(900_900..=900_999), Meaning::ApiToken) if is_refusal => {
            LoginAnswer::ApiTokenRefused(answer.error())
        }
        (Some(900_800..=900_999), _) if is_refusal => LoginAnswer::NotJudged(answer.error()),
        (_, Meaning::EitherToken) => LoginAnswer::PerhapsApiToken(ambiguous(answer)),
        _ => LoginAnswer::Unknown(answer.error()),
    }
}

fn unnamed(answer: &Answer, flaw: &str) -> LoginAnswer {
    match answer.meaning() {
        Meaning::ApiToken | Meaning::EitherToken => LoginAnswer::PerhapsApiToken(ambiguous(answer)),
        Meaning::SessionToken => LoginAnswer::Unknown(unjudged(answer)),
        Meaning::Success => LoginAnswer::Unknown(undocumented(answer, flaw)),
        Meaning::Refused => LoginAnswer::Unknown(refused(answer)),
        _ => LoginAnswer::Unknown(answer.error()),
    }
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
    use super::LoginAnswer;
    use crate::platform::{rest, soap};

    /// For tables: the verdict, the status of its error and the code in it.
    pub(in crate::platform) fn outline(answer: &LoginAnswer) -> String {
        let (verdict, error) = match answer {
            LoginAnswer::Token(token) => return format!("Token {}", token.reveal()),
            LoginAnswer::Rejected(error) => ("Rejected", error),
            LoginAnswer::Locked(error) => ("Locked", error),
            LoginAnswer::NotJudged(error) => ("NotJudged", error),
            LoginAnswer::ApiTokenRefused(error) => ("ApiTokenRefused", error),
            LoginAnswer::PerhapsApiToken(error) => ("PerhapsApiToken", error),
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

    fn json(code: &str) -> String {
        format!(r#"{{"errorCode":"{code}","errorMessage":"?"}}"#)
    }

    fn assert_both(status: u16, body: &str, want: &str) {
        assert_eq!(both(status, body), [want, want], "{status} {body}");
    }

    #[test]
    fn a_code_is_a_strike_unless_it_says_otherwise() {
        let cases = [
            ("REQUEST_FAILED.LoginFailed", "Rejected Credentials"),
            ("REQUEST_FAILED.AccountNotFound", "Rejected Credentials"),
            ("Anything", "Rejected Credentials"),
            ("REQUEST_FAILED.ContactLocked", "Locked Locked"),
            ("REQUEST_FAILED.ACCOUNT_LOCK", "Locked Locked"),
            ("REQUEST_ONHOLD.Any", "Unknown Platform"),
            ("REQUEST_CANCELLED.Any", "Unknown Platform"),
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
                for status in [400, 401, 403, 404, 499] {
                    assert_both(status, &json(&code), &want);
                }
                // A SOAP fault is one whatever the HTTP status.
                for status in [200, 302, 400, 401, 403, 429, 500, 502] {
                    assert_both(status, &fault(&code), &want);
                }
                let unknown = format!("Unknown Platform {code:?}");
                for status in [200, 201, 302, 429, 500, 502, 503, 504, 520, 524] {
                    assert_both(status, &json(&code), &unknown);
                }
            }
        }
    }

    #[test]
    fn soaps_own_faultcodes() {
        let cases = [
            ("s:Client", "Rejected Credentials"),
            ("s:X.REQUEST_FAILED.LoginFailed", "Rejected Credentials"),
            ("s:INPUT_INVALID.Any", "Unknown Platform"),
            ("s:Server", "Unknown Platform"),
            ("a:InternalServiceFault", "Unknown Platform"),
            ("a:DeserializationFailed", "Unknown Platform"),
            ("s:VersionMismatch", "Unknown Platform"),
            ("", "Unknown Platform"),
        ];
        for (code, want) in cases {
            assert_both(500, &fault(code), &format!("{want} {code:?}"));
        }
    }

    fn gateway(code: &str) -> String {
        format!(r#"{{"fault":{{"code":{code},"message":"?"}}}}"#)
    }

    fn am_fault(code: &str) -> String {
        let namespace = "http://wso2.org/apimanager";
        format!(r#"<am:fault xmlns:am="{namespace}"><am:code>{code}</am:code></am:fault>"#)
    }

    #[test]
    fn what_the_gateway_turns_away_before_the_platform_saw_it_is_no_strike() {
        for code in ["900900", "900901", "900902", "900903", "900904"] {
            let is_token = code != "900900";
            let want = match is_token {
                true => format!("ApiTokenRefused ApiToken {code:?}"),
                false => format!("NotJudged Platform {code:?}"),
            };
            for body in [gateway(code), gateway(&format!("{code:?}")), am_fault(code)] {
                assert_both(401, &body, &want);
            }
        }
        assert_both(400, &gateway("900906"), r#"NotJudged Platform "900906""#);
        for code in ["900800", "900803", "900807"] {
            let want = format!("NotJudged RateLimited {code:?}");
            assert_both(429, &gateway(code), &want);
            assert_both(403, &am_fault(code), &want);
        }
    }

    #[test]
    fn a_gateway_that_answers_for_the_platform_is_no_proof_of_anything() {
        let pages = [
            "",
            "<html>Sorry</html>",
            "<!DOCTYPE html><html>",
            "{}",
            "Bad Gateway",
        ];
        for status in [500, 502, 503, 504, 520, 521, 522, 523, 524, 599] {
            for page in pages {
                assert_both(status, page, r#"Unknown Unavailable """#);
            }
            for code in ["101503", "101504", "101505", "101508", "404", "303001"] {
                let want = format!("Unknown Platform {code:?}");
                for body in [gateway(code), gateway(&format!("{code:?}")), am_fault(code)] {
                    assert_both(status, &body, &want);
                }
            }
            // Nor is one of its own codes with a status that is not its own.
            assert_both(status, &gateway("900901"), r#"Unknown ApiToken "900901""#);
            assert_both(
                status,
                &gateway("900800"),
                r#"Unknown RateLimited "900800""#,
            );
        }
        for status in [403, 404] {
            assert_both(status, &am_fault("404"), r#"Unknown Platform "404""#);
            assert_both(status, "<html/>", r#"Unknown Protocol """#);
        }
        for page in pages {
            assert_both(429, page, r#"Unknown RateLimited """#);
        }
        assert_both(200, &gateway("900902"), r#"Unknown ApiToken "900902""#);
        let proxied = "Failure response received for UWS V1 REST accounts: [400]";
        let proxied = format!(r#"{{"error":"unauthorized","error_description":"{proxied}"}}"#);
        for status in [400, 401] {
            assert_both(status, &proxied, r#"Unknown Platform "unauthorized""#);
        }
    }

    #[test]
    fn an_oauth_error_may_be_about_the_password() {
        for error in ["invalid_token", "invalid_client", "invalid_grant"] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            for status in [400, 401, 403] {
                let rest = outline(&rest::login_answer(status, None, body.as_bytes()));
                assert!(rest.starts_with("PerhapsApiToken "), "{status} {rest}");
            }
        }
    }

    #[test]
    fn a_bare_401_is_ambiguous_where_there_is_an_api_token() {
        for body in ["", "<html/>", "{}", r#"{"error":"unauthorized"}"#] {
            let [rest, soap] = both(401, body);
            assert!(rest.starts_with("PerhapsApiToken ApiToken "), "{rest}");
            assert!(soap.starts_with("Unknown Protocol "), "{soap}");
        }
    }

    #[test]
    fn what_cannot_be_read_keeps_its_slot() {
        let whole = fault("X.LoginFailed");
        let utf16: String = whole.chars().flat_map(|c| [c, '\0']).collect();
        let cut_utf16 = format!("{utf16}<");
        let utf32: String = whole.chars().flat_map(|c| [c, '\0', '\0', '\0']).collect();
        let utf7 = format!("<?xml version='1.0' encoding='utf-7'?>{whole}");
        let half = whole.split_at(60).0.to_owned();
        let with_dtd = format!("<!DOCTYPE a>{whole}");
        let half_json = r#"{"errorCode":"X.Log"#.to_owned();
        let wrong_type = r#"{"errorCode":{"x":1}}"#.to_owned();
        for body in [
            &cut_utf16,
            &utf32,
            &utf7,
            &half,
            &with_dtd,
            &half_json,
            &wrong_type,
        ] {
            assert_both(500, body, r#"Unknown Unavailable """#);
            assert_both(400, body, r#"Unknown Protocol """#);
            assert_both(200, body, r#"Unknown Protocol """#);
        }
        // However it is compressed: what it says is not known.
        for start in [&b"\x1f\x8b\x08"[..], b"\x28\xb5\x2f\xfd", b"\x78\x9c"] {
            let body = [start, json("X.LoginFailed").as_bytes()].concat();
            for status in [200, 400, 401, 403, 500] {
                let rest = rest::login_answer(status, None, &body);
                let soap = soap::login_answer(status, None, &body);
                for (verdict, kept) in [
                    (&rest, ["Unknown ", "PerhapsApiToken "]),
                    (&soap, ["Unknown ", "Unknown "]),
                ] {
                    let outline = outline(verdict);
                    assert!(
                        kept.iter().any(|kept| outline.starts_with(kept)),
                        "{status} {outline}"
                    );
                }
            }
            let LoginAnswer::Unknown(error) = rest::login_answer(400, None, &body) else {
                panic!("judged")
            };
            assert!(error.message().contains("compressed with "), "{error}");
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
            assert_both(status, body, r#"Unknown Protocol """#);
        }
    }

    #[test]
    fn a_verdict_is_one_in_every_character_set() {
        let declared = |name: &str| {
            format!(
                "<?xml version='1.0' encoding='{name}'?>{}",
                fault("X.LoginFailed")
            )
        };
        let texts = [
            json("X.LoginFailed").replace('?', "Anmeldung für é"),
            fault("X.LoginFailed"),
            declared("utf-16"),
            declared("utf-8"),
        ];
        let want = r#"Rejected Credentials "X.LoginFailed""#;
        let assert_all = |body: &[u8]| {
            assert_eq!(outline(&rest::login_answer(400, None, body)), want);
            assert_eq!(outline(&soap::login_answer(400, None, body)), want);
        };
        for text in &texts {
            let marked = format!("\u{feff}{text}");
            for text in [text, &marked] {
                assert_all(text.as_bytes());
                let units = || text.encode_utf16();
                assert_all(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
                assert_all(&units().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
            }
        }
        // Every letter a byte.
        let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<_>>();
        assert_all(&latin(&texts[0]));
        assert_all(&latin(
            &declared("iso-8859-1").replace("</s:Body>", "<x>é</x></s:Body>"),
        ));
        assert_all(&latin(
            &declared("Windows-1252").replace("</s:Body>", "<x>é</x></s:Body>"),
        ));
    }

    #[test]
    fn errors_say_what_to_do() {
        let rejected = json("UnifiedWebService.X").replace('?', "Login failed.");
        let LoginAnswer::Rejected(error) = rest::login_answer(400, None, rejected.as_bytes())
        else {
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
        let message = error.message();
        assert!(message.contains("redirects are never followed"), "{error}");
        let LoginAnswer::Unknown(error) = rest::login_answer(503, Some("9"), b"") else {
            panic!("judged")
        };
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(9));
    }
}
