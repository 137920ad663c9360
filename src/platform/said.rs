//! What the body of an answer says in one of the platform's own shapes, whatever the HTTP status
//! beside it. It knows the shapes, not what they mean; a body in none of them says nothing.

use roxmltree::Node;
use serde_json::{Map, Value};

use super::json::{self, text};
use super::{charset, words, xml};

/// Namespace of the SOAP 1.1 envelope.
pub(super) const ENVELOPE_NS: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The gateway's error documents are in this namespace or one below it.
const GATEWAY_NS: &str = "http://wso2.org/apimanager";

/// Who speaks, in which shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// A session or device service: REST `errorCode` or SOAP fault.
    Service,
    /// The gateway before it: `fault.code` or `am:fault`.
    Gateway,
    /// An OAuth-like `error`.
    OAuth,
    /// A service that stands in front of the session service and repeats its refusal of a session
    /// token.
    Proxy,
}

/// The one error that a body names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub voice: Voice,
    /// The code as sent; "" where a fault has none.
    pub code: String,
    /// For people, bounded and printable.
    pub message: String,
}

impl Said {
    fn new(voice: Voice, code: &str, message: &str) -> Said {
        Said {
            voice,
            code: words::code(code),
            message: words::message(message),
        }
    }

    /// The parts of the code; the prefix of a QName is one.
    pub fn code_parts(&self) -> impl Iterator<Item = &str> {
        self.code.split(['.', ':'])
    }

    /// The code as a number, as the gateway uses them.
    pub fn number(&self) -> Option<u32> {
        self.code.parse().ok()
    }
}

/// Reads any shape. An error is small: a body beyond [`READ_MAX`](super::READ_MAX) says nothing.
pub(super) fn read(body: &[u8]) -> Option<Said> {
    let text = charset::read(body).ok()?;
    match xml::begins_as_xml(body) {
        true => read_xml(&text),
        false => read_json(&text),
    }
}

/// Reads a SOAP fault only: all that can make an error of a 2xx answer. Costs JSON one look at its
/// first byte.
pub(super) fn read_soap_fault(body: &[u8]) -> Option<Said> {
    if !xml::begins_as_xml(body) {
        return None;
    }
    let text = charset::read(body).ok()?;
    if !text.contains("Fault") {
        return None;
    }
    soap_fault(xml::parse(&text, &xml::ANSWER).ok()?.root_element())
}

fn read_json(body: &str) -> Option<Said> {
    let members = json::members(body)?;
    if let Some(code) = text(&members, "errorCode") {
        return Some(Said::new(
            Voice::Service,
            code,
            text(&members, "errorMessage").unwrap_or_default(),
        ));
    }
    if let Some(Value::Object(fault)) = members.get("fault") {
        return Some(gateway_json(fault));
    }
    let error = text(&members, "error")?;
    let description = text(&members, "error_description").unwrap_or_default();
    let cause = text(&members, "cause").unwrap_or_default();
    let proxied = error == "unauthorized"
        && (description.contains("Failure response received for UWS")
            || cause.contains("unauthorized for given token"));
    let voice = if proxied { Voice::Proxy } else { Voice::OAuth };
    Some(Said::new(voice, error, &joined(description, cause)))
}

fn gateway_json(fault: &Map<String, Value>) -> Said {
    // A string on some pages, a number on others.
    let code = match fault.get("code") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Number(code)) => code.to_string(),
        _ => String::new(),
    };
    let message = text(fault, "message").unwrap_or_default();
    let description = text(fault, "description").unwrap_or_default();
    Said::new(Voice::Gateway, &code, &joined(message, description))
}

fn joined(first: &str, second: &str) -> String {
    match (first.trim(), second.trim()) {
        (first, "") => first.to_owned(),
        ("", second) => second.to_owned(),
        (first, second) => format!("{first}: {second}"),
    }
}

fn read_xml(body: &str) -> Option<Said> {
    let document = xml::parse(body, &xml::ANSWER).ok()?;
    let root = document.root_element();
    soap_fault(root).or_else(|| gateway_xml(root))
}

/// `Envelope/Body/Fault`, and nowhere else: a device's data may have a `Fault` of its own.
pub(super) fn soap_fault(root: Node<'_, '_>) -> Option<Said> {
    if !root.has_tag_name((ENVELOPE_NS, "Envelope")) {
        return None;
    }
    let body = xml::children(root, (ENVELOPE_NS, "Body")).next()?;
    let fault = xml::children(body, (ENVELOPE_NS, "Fault")).next()?;
    Some(Said::new(
        Voice::Service,
        &local(fault, "faultcode"),
        &local(fault, "faultstring"),
    ))
}

fn gateway_xml(root: Node<'_, '_>) -> Option<Said> {
    let name = root.tag_name();
    if name.name() != "fault" || !name.namespace()?.starts_with(GATEWAY_NS) {
        return None;
    }
    let message = joined(&local(root, "message"), &local(root, "description"));
    Some(Said::new(Voice::Gateway, &local(root, "code"), &message))
}

/// The text of the first child of that local name: servers differ in the namespace they give it.
fn local(parent: Node<'_, '_>, name: &str) -> String {
    let child = parent
        .children()
        .find(|node| node.is_element() && node.tag_name().name() == name);
    child
        .map(|node| xml::content(node).to_string())
        .unwrap_or_default()
}
