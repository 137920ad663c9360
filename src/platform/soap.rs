//! The SOAP 1.1 session of the Unified Web Service: envelopes as documented, element order
//! included, and the token in the answer to a LogIn. Answers are matched by namespace and local
//! name, whatever the prefixes.

use std::borrow::Cow;

use roxmltree::Node;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::login::LoginAnswer;
use super::said::{ENVELOPE_NS, soap_fault};
use super::{charset, login, token, xml};
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

pub(crate) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

const SERVICE_NS: &str = "http://nphase.com/unifiedwebservice/v2";
const SESSION_NS: &str = "http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.SessionService";

/// A caller's body element may be a long list of devices.
const BODY: xml::Limits = xml::Limits {
    bytes: 16 * 1024 * 1024,
    nodes: 1024 * 1024,
};

/// One of the `.svc` services and one of its operations; names checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    pub service: &'a str,
    pub operation: &'a str,
}

pub(crate) const LOG_IN: Operation<'static> = Operation {
    service: "SessionService",
    operation: "LogIn",
};
pub(crate) const LOG_OUT: Operation<'static> = Operation {
    service: "SessionService",
    operation: "LogOut",
};

impl<'a> Operation<'a> {
    /// Refuses names that are not plain identifiers.
    pub fn new(service: &'a str, operation: &'a str) -> Result<Operation<'a>> {
        for (what, name) in [("service", service), ("operation", operation)] {
            if !is_identifier(name) {
                return Err(Error::new(
                    Status::InvalidArgument,
                    format!(
                        "the {what} name is not a plain identifier such as DeviceService or \
                         GetDeviceList"
                    ),
                ));
            }
        }
        Ok(Operation { service, operation })
    }

    /// Whether it is a login, as any service may offer it.
    pub fn begins_session(&self) -> bool {
        is_login(self.operation)
    }

    /// Appended to the SOAP URL: `/SessionService.svc`.
    pub fn path(&self) -> String {
        format!("/{}.svc", self.service)
    }

    /// The value of the `SOAPAction` header, in the quotes that SOAP 1.1 asks for.
    pub fn action(&self) -> String {
        format!("\"{SERVICE_NS}/I{}/{}\"", self.service, self.operation)
    }
}

fn is_login(name: &str) -> bool {
    name.eq_ignore_ascii_case(LOG_IN.operation)
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A caller's body element, checked: one well-formed element, no DTD, bounded depth and size.
#[derive(Debug)]
pub(crate) struct BodyElement<'a> {
    markup: Cow<'a, str>,
    begins_session: bool,
}

impl<'a> BodyElement<'a> {
    pub fn new(body: &'a [u8]) -> Result<BodyElement<'a>> {
        let flaw = |what: &str| {
            Error::new(
                Status::InvalidArgument,
                format!("the SOAP body element cannot be sent: {what}"),
            )
        };
        let trimmed = std::str::from_utf8(charset::trimmed(body));
        let trimmed = trimmed.map_err(|_| flaw("it is not UTF-8"))?;
        if trimmed.starts_with("<?xml") {
            return Err(flaw(
                "it begins with an XML declaration, which may stand only before the envelope; \
                 leave it out",
            ));
        }
        let wrapped;
        let (document, body_is_root) = match xml::parse(trimmed, &BODY) {
            // The prefixes of our envelope may be used without declaring them again, as the
            // documents' examples do.
            Err(xml::Flaw::UndeclaredPrefix { .. }) => {
                wrapped = in_scope_of_envelope(trimmed);
                (xml::parse(&wrapped, &BODY), false)
            }
            parsed => (parsed, true),
        };
        let document = document.map_err(|error| flaw(&error.to_string()))?;
        let root = document.root_element();
        if root.has_tag_name((ENVELOPE_NS, "Envelope")) {
            return Err(flaw(
                "it is a whole envelope; pass only what stands inside its Body",
            ));
        }
        let text = |node: &Node<'_, '_>| node.text().is_some_and(|text| !text.trim().is_empty());
        let elements = root.children().filter(Node::is_element).count();
        if !body_is_root
            && (elements != 1 || root.children().any(|node| node.is_text() && text(&node)))
        {
            return Err(flaw("there is something beside the one root element"));
        }
        if document.root().descendants().any(|node| node.is_pi()) {
            return Err(flaw("it has a processing instruction, which SOAP forbids"));
        }
        let element = match body_is_root {
            true => Some(root),
            false => root.children().find(Node::is_element),
        };
        let name = element.map_or("", |element| element.tag_name().name());
        Ok(BodyElement {
            markup: Cow::Borrowed(trimmed),
            begins_session: is_login(name),
        })
    }

    pub fn into_owned(self) -> BodyElement<'static> {
        BodyElement {
            markup: Cow::Owned(self.markup.into_owned()),
            ..self
        }
    }

    /// Whether it is that of a login. Some servers go by it, whatever `SOAPAction` says.
    pub fn begins_session(&self) -> bool {
        self.begins_session
    }

    /// The whole envelope with the token in its header.
    pub fn envelope(&self, token: &Secret) -> Zeroizing<Vec<u8>> {
        write(&[
            Part::Markup(CALL_TO_TOKEN),
            Part::Text(token.reveal()),
            Part::Markup(CALL_TO_BODY),
            Part::Markup(&self.markup),
            Part::Markup(CALL_END),
        ])
    }
}

/// The body as it will stand in the envelope. One that closes this element early leaves two roots,
/// which no parser takes.
fn in_scope_of_envelope(body: &str) -> String {
    [SCOPE, body, "</scope>"].concat()
}

const SCOPE: &str = r#"<scope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:v2="http://nphase.com/unifiedwebservice/v2">"#;

const CALL_TO_TOKEN: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:v2="http://nphase.com/unifiedwebservice/v2">
  <soapenv:Header>
    <v2:token>"#;
const CALL_TO_BODY: &str = r#"</v2:token>
  </soapenv:Header>
  <soapenv:Body>
    "#;
const CALL_END: &str = r#"
  </soapenv:Body>
</soapenv:Envelope>"#;

const LOG_IN_TO_USERNAME: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:v2="http://nphase.com/unifiedwebservice/v2"
  xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.SessionService">
  <soapenv:Header/>
  <soapenv:Body>
    <v2:LogIn>
      <v2:Input>
        <nph:Username>"#;
const LOG_IN_TO_PASSWORD: &str = r#"</nph:Username>
        <nph:Password>"#;
const LOG_IN_END: &str = r#"</nph:Password>
      </v2:Input>
    </v2:LogIn>
  </soapenv:Body>
</soapenv:Envelope>"#;

/// Refuses credentials with characters that XML 1.0 cannot hold.
pub(crate) fn login_envelope(username: &str, password: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    for (what, text) in [("username", username), ("password", password.reveal())] {
        if !xml::can_hold(text) {
            return Err(Error::new(
                Status::InvalidArgument,
                format!(
                    "the {what} has a character that XML cannot hold, such as a control \
                     character; SOAP cannot send it"
                ),
            ));
        }
    }
    Ok(write(&[
        Part::Markup(LOG_IN_TO_USERNAME),
        Part::Text(username),
        Part::Markup(LOG_IN_TO_PASSWORD),
        Part::Text(password.reveal()),
        Part::Markup(LOG_IN_END),
    ]))
}

const LOG_OUT_TO_HEADER: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:v2="http://nphase.com/unifiedwebservice/v2"
  xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.SessionService">
  <soapenv:Header>
    <v2:token>"#;
const LOG_OUT_TO_BODY: &str = r#"</v2:token>
  </soapenv:Header>
  <soapenv:Body>
    <v2:LogOut>
      <v2:Input>
        <nph:SessionToken>"#;
const LOG_OUT_END: &str = r#"</nph:SessionToken>
      </v2:Input>
    </v2:LogOut>
  </soapenv:Body>
</soapenv:Envelope>"#;

pub(crate) fn logout_envelope(token: &Secret) -> Zeroizing<Vec<u8>> {
    write(&[
        Part::Markup(LOG_OUT_TO_HEADER),
        Part::Text(token.reveal()),
        Part::Markup(LOG_OUT_TO_BODY),
        Part::Text(token.reveal()),
        Part::Markup(LOG_OUT_END),
    ])
}

enum Part<'a> {
    /// As it is.
    Markup(&'a str),
    /// Escaped.
    Text(&'a str),
}

/// Writes into one buffer that never grows, so that no copy of a secret is left behind.
fn write(parts: &[Part<'_>]) -> Zeroizing<Vec<u8>> {
    let most = parts.iter().map(|part| match part {
        Part::Markup(markup) => markup.len(),
        Part::Text(text) => xml::ESCAPE_MAX * text.len(),
    });
    let mut out = Zeroizing::new(Vec::with_capacity(most.sum()));
    for part in parts {
        match part {
            Part::Markup(markup) => out.extend_from_slice(markup.as_bytes()),
            Part::Text(text) => xml::push_escaped(&mut out, text),
        }
    }
    out
}

pub(crate) fn login_answer(
    http_status: u16,
    retry_after: Option<&str>,
    body: &[u8],
) -> LoginAnswer {
    let flaw = match http_status {
        200..=299 => match session_token(body) {
            Ok(token) => return LoginAnswer::Token(token),
            Err(flaw) => flaw,
        },
        _ => String::new(),
    };
    let answer = Answer::to_login(http_status, retry_after, body);
    match login::without_token(&answer, body, &flaw) {
        // There is no API token on this path that a bare 401 could be about.
        LoginAnswer::PerhapsApiToken(_) => LoginAnswer::Unknown(login::refused(&answer)),
        verdict => verdict,
    }
}

/// The token from header and body, or what is wrong with the answer. One of the two is enough, but
/// two must agree.
fn session_token(body: &[u8]) -> std::result::Result<Secret, String> {
    let body = charset::read(body)?;
    let document = xml::parse(&body, &xml::ANSWER).map_err(|flaw| flaw.to_string())?;
    let root = document.root_element();
    if !root.has_tag_name((ENVELOPE_NS, "Envelope")) {
        return Err("it is not a SOAP 1.1 envelope".to_owned());
    }
    if soap_fault(root).is_some() {
        return Err("it is a fault".to_owned());
    }
    let mut found: Option<Zeroizing<String>> = None;
    for token in tokens(root)
        .map(xml::content)
        .filter(|token| !token.is_empty())
    {
        match &found {
            Some(first) if *first != token => {
                return Err("the session tokens in its header and body differ".to_owned());
            }
            _ => found = Some(token),
        }
    }
    let text = found.ok_or("it has no session token")?;
    token::session_token(&text).map_err(|flaw| flaw.message().to_owned())
}

/// `token` in the header, `SessionToken` anywhere in the body.
fn tokens<'a, 'i: 'a>(root: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    let headers = xml::children(root, (ENVELOPE_NS, "Header"));
    let bodies = xml::children(root, (ENVELOPE_NS, "Body"));
    let in_header = headers.flat_map(|header| xml::children(header, (SERVICE_NS, "token")));
    let in_body = bodies.flat_map(|body| body.descendants());
    in_header.chain(in_body.filter(|node| node.has_tag_name((SESSION_NS, "SessionToken"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::login::tests::outline;

    const REQUEST: &str = include_str!("documented/soap-login-request.xml");
    const RESPONSE: &str = include_str!("documented/soap-login-response.xml");
    const TOKEN: &str = "ef308d7a-790f-4feb-b807-c9e4f890780a";

    fn answer(status: u16, body: &str) -> String {
        outline(&login_answer(status, None, body.as_bytes()))
    }

    fn text(envelope: &[u8]) -> &str {
        std::str::from_utf8(envelope).unwrap()
    }

    #[test]
    fn the_login_envelope_is_the_documented_one_to_the_byte() {
        assert_eq!(
            text(&login_envelope("username", &Secret::new("password")).unwrap()),
            REQUEST
        );
    }

    #[test]
    fn the_documented_answer_is_read() {
        assert_eq!(answer(200, RESPONSE), format!("Token {TOKEN}"));
    }

    #[test]
    fn odd_credentials_arrive_as_they_are() {
        let odd = "a&b<c>]]>\"'\r\n\té€𝄞 ";
        let envelope = login_envelope(odd, &Secret::new("x")).unwrap();
        let document = xml::parse(text(&envelope), &xml::ANSWER).unwrap();
        let username = document
            .descendants()
            .find(|node| node.has_tag_name((SESSION_NS, "Username")))
            .unwrap();
        assert_eq!(username.text(), Some(odd));
        for bad in ["a\0", "\u{8}", "\u{ffff}"] {
            for error in [
                login_envelope(bad, &Secret::new("x")),
                login_envelope("x", &Secret::new(bad)),
            ] {
                let error = error.unwrap_err();
                assert_eq!(error.status(), Status::InvalidArgument);
                assert!(!error.message().contains(bad));
            }
        }
    }

    #[test]
    fn buffers_with_secrets_never_grow() {
        let worst = Secret::new("&".repeat(1000));
        let envelope = login_envelope("u", &worst).unwrap();
        let markup = LOG_IN_TO_USERNAME.len() + LOG_IN_TO_PASSWORD.len() + LOG_IN_END.len();
        assert_eq!(envelope.capacity(), markup + xml::ESCAPE_MAX * 1001);
        assert!(envelope.len() <= envelope.capacity());
    }

    #[test]
    fn the_token_goes_where_the_services_look_for_it() {
        let token = Secret::new(TOKEN);
        let logout = logout_envelope(&token);
        let document = xml::parse(text(&logout), &xml::ANSWER).unwrap();
        assert_eq!(
            tokens(document.root_element())
                .filter(|node| *xml::content(*node) == TOKEN)
                .count(),
            2
        );
        assert!(text(&logout).contains(&format!(
            "<v2:LogOut>\n      <v2:Input>\n        <nph:SessionToken>{TOKEN}</nph:SessionToken>"
        )));

        let call =
            BodyElement::new(b" <v2:GetDeviceList xmlns:v2=\"u\">&amp; </v2:GetDeviceList>\n")
                .unwrap();
        assert_eq!(
            text(&call.envelope(&token)),
            format!(
                "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"\n  \
                 xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\">\n  <soapenv:Header>\n    \
                 <v2:token>{TOKEN}</v2:token>\n  </soapenv:Header>\n  <soapenv:Body>\n    \
                 <v2:GetDeviceList xmlns:v2=\"u\">&amp; </v2:GetDeviceList>\n  </soapenv:Body>\n\
                 </soapenv:Envelope>"
            )
        );
    }

    #[test]
    fn operations_are_plain_identifiers() {
        let operation = Operation::new("DeviceService", "GetDeviceList").unwrap();
        assert_eq!(operation.path(), "/DeviceService.svc");
        assert_eq!(
            operation.action(),
            "\"http://nphase.com/unifiedwebservice/v2/IDeviceService/GetDeviceList\""
        );
        assert_eq!(
            LOG_IN.action(),
            "\"http://nphase.com/unifiedwebservice/v2/ISessionService/LogIn\""
        );
        assert_eq!(LOG_OUT.path(), "/SessionService.svc");
        assert!(Operation::new("_a1", "B_2").is_ok());
        for bad in [
            "",
            "a/b",
            "../x",
            "a.svc",
            "1a",
            "a b",
            "a\r\nX: y",
            "a\"",
            "é",
            "a\0",
            "a?b",
            "a%2f",
            "-",
        ] {
            for result in [Operation::new(bad, "Get"), Operation::new("Service", bad)] {
                let error = result.unwrap_err();
                assert_eq!(error.status(), Status::InvalidArgument, "{bad:?}");
            }
        }
    }

    #[test]
    fn a_body_may_use_the_prefixes_of_the_envelope() {
        let body =
            BodyElement::new(b" <v2:GetDeviceList><v2:Input/></v2:GetDeviceList>\n").unwrap();
        let envelope = body.envelope(&Secret::new("t"));
        let envelope = std::str::from_utf8(&envelope).unwrap();
        let document = roxmltree::Document::parse(envelope).unwrap();
        let call = (SERVICE_NS, "GetDeviceList");
        assert!(document.descendants().any(|node| node.has_tag_name(call)));
    }

    #[test]
    fn a_body_is_one_element_and_nothing_else() {
        let element = "<a xmlns='u'><b c='d'>&lt;</b><!-- <c> --></a>";
        for body in [element.to_owned(), format!("\u{feff}\r\n{element} \t\n")] {
            assert_eq!(BodyElement::new(body.as_bytes()).unwrap().markup, element);
        }
        let deep = "<a>".repeat(5_000_000);
        let too_large = format!("<a>{}</a>", "x".repeat(BODY.bytes));
        let cases: &[(&[u8], &str)] = &[
            (b"", "there is no whole element"),
            (b"  ", "there is no whole element"),
            (b"text", "beside the one root element"),
            (b"<a/><b/>", "beside the one root element"),
            (b"<a/> text", "beside the one root element"),
            (b"<a>", "ends too early"),
            (b"<a></b>", "closing tag"),
            (b"</soapenv:Body>", "a syntax error"),
            (b"<p:a/>", "prefix is not declared"),
            (b"<v2:a/><v2:b/>", "beside"),
            (b"<v2:a/>text", "beside"),
            (b"<v2:a/></scope><scope>", ""),
            (b"<v2:a/></soapenv:Body><soapenv:Body>", ""),
            (b"<?xml version='1.0'?><a/>", "XML declaration"),
            (b"<?pi?><a/>", "processing instruction"),
            (b"<a><?pi x?></a>", "processing instruction"),
            (b"<!DOCTYPE a><a/>", "DTD"),
            (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DTD"),
            (b"<a>\xff</a>", "is not UTF-8"),
            (b"\xff\xfe<\0a\0/\0>\0", "is not UTF-8"),
            (deep.as_bytes(), "nested more than"),
            (too_large.as_bytes(), "more than the 16777216 bytes"),
            (REQUEST.as_bytes(), "whole envelope"),
        ];
        for (body, want) in cases {
            let error = BodyElement::new(body).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(
                error.message().contains(want),
                "{:.80}: {error}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn prefixes_do_not_matter_and_one_token_is_enough() {
        let other_prefixes = r#"<?xml version="1.0" encoding="utf-8"?>
            <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:h="http://nphase.com/unifiedwebservice/v2">
            <s:Header><h:token> T </h:token></s:Header><s:Body><h:LogInResponse><h:Output>
            <x:SessionToken xmlns:x="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.SessionService"><![CDATA[T]]></x:SessionToken>
            </h:Output></h:LogInResponse></s:Body></s:Envelope>"#;
        assert_eq!(answer(200, other_prefixes), "Token T");
        let header =
            format!(r#"<token xmlns="http://nphase.com/unifiedwebservice/v2">{TOKEN}</token>"#);
        let in_body = format!("<a:SessionToken>{TOKEN}</a:SessionToken>");
        for without in [
            RESPONSE.replace(&header, ""),
            RESPONSE.replace(&in_body, ""),
            RESPONSE.replace(&in_body, "<a:SessionToken/>"),
        ] {
            assert_ne!(without, RESPONSE);
            assert_eq!(answer(200, &without), format!("Token {TOKEN}"));
        }
        let neither = RESPONSE.replace(&header, "").replace(&in_body, "");
        assert_eq!(answer(200, &neither), r#"Unknown Protocol """#);
    }

    #[test]
    fn answers_not_as_documented_are_of_unknown_fate() {
        let half = RESPONSE.split_at(RESPONSE.len() / 2).0;
        let cases = [
            (
                RESPONSE.replacen(TOKEN, "another", 1),
                "the session tokens in its header and body differ",
            ),
            (
                RESPONSE.replace(TOKEN, "a b"),
                "characters that no header may hold",
            ),
            (
                RESPONSE.replace(TOKEN, "a&#10;b"),
                "characters that no header may hold",
            ),
            (RESPONSE.replace(TOKEN, &"x".repeat(128)), "128 bytes"),
            (RESPONSE.replace(TOKEN, " "), "it has no session token"),
            (
                RESPONSE
                    .replace("http://nphase.com", "http://example.com")
                    .replace("a:SessionToken", "SessionToken"),
                "no session token",
            ),
            (
                RESPONSE.replace(
                    "http://schemas.xmlsoap.org/soap/envelope/",
                    "http://www.w3.org/2003/05/soap-envelope",
                ),
                "not a SOAP 1.1 envelope",
            ),
            (
                format!("<!DOCTYPE x [<!ENTITY t '{TOKEN}'>]>{RESPONSE}"),
                "DTD",
            ),
            (
                format!("<?xml version='1.0' encoding='utf-7'?>{RESPONSE}"),
                "is in utf-7",
            ),
            ("<a>".repeat(20_000), "nested more than"),
            (half.to_owned(), "ends too early"),
            (String::new(), "there is no whole element"),
            (
                "<html><body>Welcome</body></html>".to_owned(),
                "an HTML page",
            ),
            (
                r#"{"sessionToken":"T"}"#.to_owned(),
                "beside the one root element",
            ),
        ];
        for (body, want) in cases {
            let LoginAnswer::Unknown(error) = login_answer(200, None, body.as_bytes()) else {
                panic!("{body:.80}")
            };
            assert_eq!(error.status(), Status::Protocol);
            assert!(error.message().contains(want), "{body:.80}: {error}");
            assert!(!error.message().contains(TOKEN));
        }
    }

    #[test]
    fn a_fault_prevails_over_a_token_beside_it() {
        let fault = RESPONSE.replace(
            "<soapenv:Body>",
            "<soapenv:Body><soapenv:Fault><faultcode>X.LoginFailed</faultcode></soapenv:Fault>",
        );
        assert_eq!(
            answer(200, &fault),
            r#"Rejected Credentials "X.LoginFailed""#
        );
        assert_eq!(
            answer(500, &fault),
            r#"Rejected Credentials "X.LoginFailed""#
        );
    }
}
