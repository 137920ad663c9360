//! XML from strangers: no DTD, bounded in size, depth and width, so that reading it
//! takes neither stack nor quadratic time. And text written into XML, escaped. Well-formedness
//! itself is roxmltree's work, which does not recurse.

use std::fmt;

use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use super::{READ_MAX, charset};

/// How much a document may hold.
pub(super) struct Limits {
    pub bytes: usize,
    pub nodes: u32,
}

/// For answers: tokens and errors.
pub(super) const ANSWER: Limits = Limits {
    bytes: READ_MAX,
    nodes: 16 * 1024,
};

const DEPTH_MAX: usize = 64;
/// Attributes on one element, and namespace declarations in scope at one: roxmltree compares them
/// with each other.
const ATTRIBUTES_MAX: usize = 64;
const NAMESPACES_MAX: usize = 32;

/// Why a document is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooLarge {
        max: usize,
    },
    TooDeep,
    TooWide,
    Dtd,
    UndeclaredPrefix {
        row: u32,
        column: u32,
    },
    Malformed {
        what: &'static str,
        row: u32,
        column: u32,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::TooLarge { max } => {
                write!(f, "the XML has more than the {max} bytes there may be")
            }
            Flaw::TooDeep => write!(f, "the XML is nested more than {DEPTH_MAX} deep"),
            Flaw::TooWide => f.write_str("the XML has too many elements, attributes or namespaces"),
            Flaw::Dtd => {
                f.write_str("the XML has a DTD or an entity declaration, which are refused")
            }
            Flaw::UndeclaredPrefix { row, column } => write!(
                f,
                "the XML is not well-formed: a namespace prefix is not declared (line {row}, \
                 column {column})"
            ),
            Flaw::Malformed { what, row, column } => {
                write!(
                    f,
                    "the XML is not well-formed: {what} (line {row}, column {column})"
                )
            }
        }
    }
}

/// Whether the body begins as XML does: the one look a JSON answer costs.
pub(super) fn begins_as_xml(body: &[u8]) -> bool {
    charset::first(body) == Some(b'<')
}

pub(super) fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, Flaw> {
    if text.len() > limits.bytes {
        return Err(Flaw::TooLarge { max: limits.bytes });
    }
    survey(text)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: limits.nodes,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| flaw_of(&error))
}

/// The children of that name.
pub(super) fn children<'a, 'i: 'a>(
    parent: Node<'a, 'i>,
    name: (&'a str, &'a str),
) -> impl Iterator<Item = Node<'a, 'i>> {
    parent
        .children()
        .filter(move |node| node.has_tag_name(name))
}

/// All the text directly in an element, trimmed, whatever comments or CDATA sections part it.
pub(super) fn content(node: Node<'_, '_>) -> Zeroizing<String> {
    let texts = || {
        node.children()
            .filter(Node::is_text)
            .filter_map(|child| child.text())
    };
    let mut whole = Zeroizing::new(String::with_capacity(texts().map(str::len).sum()));
    texts().for_each(|text| whole.push_str(text));
    Zeroizing::new(whole.trim().to_owned())
}

/// Whether XML 1.0 has a way to write this text.
pub(super) fn can_hold(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
}

/// The most bytes that one byte of text becomes.
pub(super) const ESCAPE_MAX: usize = 5;

/// Appends text as the content of an element.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            // A bare one would be read back as a line feed.
            b'\r' => out.extend_from_slice(b"&#13;"),
            _ => out.push(byte),
        }
    }
}

/// Counts before anything is built: one pass over the tags, with a stack on the heap no larger than
/// the depth allowed. What is malformed here is left to the parser to name.
fn survey(text: &str) -> Result<(), Flaw> {
    // For each open element the namespace declarations in scope.
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once('<') {
        rest = if let Some(comment) = tail.strip_prefix("!--") {
            after(comment, "-->")
        } else if let Some(cdata) = tail.strip_prefix("![CDATA[") {
            after(cdata, "]]>")
        } else if tail.starts_with('!') {
            return Err(Flaw::Dtd);
        } else if tail.starts_with('?') {
            after(tail, "?>")
        } else if tail.starts_with('/') {
            open.pop();
            after(tail, ">")
        } else {
            let tag = Tag::read(tail);
            let in_scope = open.last().copied().unwrap_or(0) + tag.namespaces;
            if tag.attributes > ATTRIBUTES_MAX || in_scope > NAMESPACES_MAX {
                return Err(Flaw::TooWide);
            }
            if open.len() >= DEPTH_MAX {
                return Err(Flaw::TooDeep);
            }
            if !tag.closed {
                open.push(in_scope);
            }
            tag.rest
        };
    }
    Ok(())
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// A start tag as the survey sees it.
struct Tag<'a> {
    attributes: usize,
    namespaces: usize,
    /// `<a/>`
    closed: bool,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// `text` begins after the `<`.
    fn read(text: &'a str) -> Tag<'a> {
        let mut quote = None;
        let mut attributes = 0;
        let end = text.bytes().position(|byte| {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => attributes += 1,
                (None, b'>') => return true,
                (None, _) => {}
            }
            false
        });
        let (tag, rest) = end
            .and_then(|at| text.split_at_checked(at))
            .unwrap_or((text, ""));
        // A value that mentions xmlns counts too; that only makes the bound stricter.
        let namespaces = tag.matches("xmlns").count();
        Tag {
            attributes,
            namespaces,
            closed: tag.ends_with('/'),
            rest,
        }
    }
}

/// The kind and place of a flaw, without a word of the document: that may hold a password.
fn flaw_of(error: &roxmltree::Error) -> Flaw {
    use roxmltree::Error;
    let place = error.pos();
    let what = match error {
        Error::DtdDetected => return Flaw::Dtd,
        Error::NodesLimitReached
        | Error::AttributesLimitReached
        | Error::NamespacesLimitReached => {
            return Flaw::TooWide;
        }
        Error::UnknownNamespace(..) => {
            return Flaw::UndeclaredPrefix {
                row: place.row,
                column: place.col,
            };
        }
        Error::UnexpectedCloseTag(..) => "a closing tag does not match its opening tag",
        Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_) => {
            "a stray '&' or an unknown entity"
        }
        Error::DuplicatedAttribute(..) | Error::DuplicatedNamespace(..) => {
            "an attribute stands twice"
        }
        Error::NoRootNode => "there is no whole element",
        Error::UnknownToken(_) => "a broken tag, or something beside the one root element",
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream => "it ends too early",
        Error::NonXmlChar(..) => "it has a character that XML cannot hold",
        _ => "a syntax error",
    };
    Flaw::Malformed {
        what,
        row: place.row,
        column: place.col,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> Flaw {
        parse(text, &ANSWER).expect_err("read")
    }

    #[test]
    fn dtds_and_entities_are_refused() {
        for body in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            "<?xml version='1.0'?><!-- --><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a><!DOCTYPE a></a>",
            "<!ENTITY x 'y'><a/>",
        ] {
            assert_eq!(flaw(body), Flaw::Dtd, "{body}");
        }
        assert!(matches!(flaw("<a>&x;</a>"), Flaw::Malformed { .. }));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX), &ANSWER).is_ok());
        assert_eq!(flaw(&nested(DEPTH_MAX + 1)), Flaw::TooDeep);
        assert_eq!(flaw(&"<a>".repeat(80_000)), Flaw::TooDeep);
        let comments_and_quotes = "<!-- <a> --><![CDATA[<a>]]><b c='<'/>".repeat(3);
        assert!(matches!(flaw(&comments_and_quotes), Flaw::Malformed { .. }));

        let attributes: String = (0..40_000).map(|n| format!(" a{n}=''")).collect();
        let limits = Limits {
            bytes: usize::MAX,
            nodes: 1_000,
        };
        let document = format!("<a{attributes}/>");
        assert_eq!(parse(&document, &limits).expect_err("read"), Flaw::TooWide);
        let namespaces: String = (0..=NAMESPACES_MAX)
            .map(|n| format!("<a xmlns:n{n}='u{n}'>"))
            .collect();
        assert_eq!(flaw(&namespaces), Flaw::TooWide);
        let siblings = format!("<a>{}</a>", "<a xmlns:n='u'/>".repeat(1_000));
        assert!(parse(&siblings, &ANSWER).is_ok());
        assert_eq!(
            flaw(&format!("<a>{}</a>", "<a/>".repeat(20_000))),
            Flaw::TooWide
        );
        assert_eq!(
            flaw(&" <a/>".repeat(READ_MAX)),
            Flaw::TooLarge { max: READ_MAX }
        );
    }

    #[test]
    fn flaws_are_named_without_the_document() {
        let cases = [
            ("", "there is no whole element"),
            ("text", "beside the one root element"),
            ("<a/><a/>", "beside the one root element"),
            ("<a/>text", "beside the one root element"),
            ("<a>", "it ends too early"),
            ("<a", "there is no whole element"),
            ("<a></secret>", "a closing tag does not match"),
            ("<secret:a/>", "a namespace prefix is not declared"),
            ("<a>&secret;</a>", "a stray '&'"),
            ("<a>p&ssword</a>", "a stray '&'"),
            ("<a b='' b=''/>", "an attribute stands twice"),
            ("<a>\u{1}</a>", "a character that XML cannot hold"),
            ("<a b=c/>", "a syntax error"),
        ];
        for (body, want) in cases {
            let words = flaw(body).to_string();
            assert!(words.contains(want), "{body}: {words}");
            assert!(!words.contains("secret"), "{words}");
        }
        assert!(
            flaw("<a>\n  <b>\n</a>")
                .to_string()
                .contains("(line 3, column 1)")
        );
    }

    #[test]
    fn what_is_escaped_reads_back_the_same() {
        let odd = "a&b<c>d\"e'f]]>g\rh\ni\tj &amp; é€𝄞";
        assert!(can_hold(odd));
        let mut document = b"<a>".to_vec();
        push_escaped(&mut document, odd);
        document.extend_from_slice(b"</a>");
        assert!(document.len() <= 7 + ESCAPE_MAX * odd.len());
        let document = String::from_utf8(document).unwrap();
        let document = parse(&document, &ANSWER).unwrap();
        assert_eq!(*content(document.root_element()), odd);
        for bad in ["\0", "\u{1}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            assert!(!can_hold(bad), "{bad:?}");
        }
    }
}
