//! Reads a request's envelope: by namespace and local name, never by prefix, and minding the order
//! as the platform's reader does. An error says what is wrong with the envelope.

use roxmltree::{Document, Node};

use super::operation::Operation;

pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub const SERVICE: &str = "http://nphase.com/unifiedwebservice/v2";
pub const SESSION_CONTRACT: &str = "http://schemas.datacontract.org/2004/07/\
    NPhase.UnifiedWebService.APIs.v2.Contract.SessionService";
pub const DEVICE_CONTRACT: &str = "http://schemas.datacontract.org/2004/07/\
    NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService";

pub struct Envelope<'a, 'input> {
    header: Option<Node<'a, 'input>>,
    operation: Node<'a, 'input>,
}

impl<'a, 'input> Envelope<'a, 'input> {
    pub fn of(document: &'a Document<'input>) -> Result<Envelope<'a, 'input>, String> {
        let root = document.root_element();
        if !root.has_tag_name((ENVELOPE, "Envelope")) {
            return Err("the root is no SOAP 1.1 Envelope".into());
        }
        let mut parts = elements(root).peekable();
        let header = parts.next_if(|part| part.has_tag_name((ENVELOPE, "Header")));
        let body = parts
            .next()
            .filter(|part| part.has_tag_name((ENVELOPE, "Body")))
            .ok_or("no Body where it belongs")?;
        let operation = elements(body).next().ok_or("the Body is empty")?;
        Ok(Envelope { header, operation })
    }

    /// The action and the body must say the same.
    pub fn expect(&self, operation: Operation) -> Result<(), String> {
        if self.operation.has_tag_name((SERVICE, operation.name())) {
            Ok(())
        } else {
            Err(format!(
                "the SOAPAction says {0}, but the Body has no {0} of namespace {SERVICE}",
                operation.name()
            ))
        }
    }

    /// The session token of the header.
    pub fn token(&self) -> Option<&'a str> {
        let token = elements(self.header?).find(|entry| entry.has_tag_name((SERVICE, "token")))?;
        Some(token.text().unwrap_or_default().trim())
    }

    /// Username and password of a LogIn.
    pub fn credentials(&self) -> Result<(&'a str, &'a str), String> {
        let mut fields = self.input()?;
        let username = field(fields.next(), "Username")?;
        let password = field(fields.next(), "Password")?;
        Ok((username, password))
    }

    /// The token that a LogOut names in its body.
    pub fn session_token(&self) -> Result<&'a str, String> {
        Ok(field(self.input()?.next(), "SessionToken")?.trim())
    }

    fn input(&self) -> Result<impl Iterator<Item = Node<'a, 'input>>, String> {
        let input = elements(self.operation)
            .next()
            .filter(|input| input.has_tag_name((SERVICE, "Input")));
        input
            .map(elements)
            .ok_or_else(|| format!("the operation has no Input of namespace {SERVICE}"))
    }
}

fn field<'a>(node: Option<Node<'a, '_>>, name: &str) -> Result<&'a str, String> {
    match node {
        Some(node) if node.has_tag_name((SESSION_CONTRACT, name)) => {
            Ok(node.text().unwrap_or_default())
        }
        _ => Err(format!(
            "no {name} of namespace {SESSION_CONTRACT} where it belongs; the order is fixed"
        )),
    }
}

fn elements<'a, 'input>(parent: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(Node::is_element)
}
