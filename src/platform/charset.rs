//! The body of an answer as text, whatever its character set: UTF-8, UTF-16, Windows-1252 or
//! ISO-8859-1. What is in none of them, or compressed, is named and not read.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

use super::{READ_MAX, words};

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Without white space around it or a byte order mark before it.
#[derive(Debug)]
pub(super) enum Text<'a> {
    AsItCame(&'a str),
    Decoded(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::AsItCame(text) => text,
            Text::Decoded(text) => text.trim_ascii(),
        }
    }
}

/// The text, or why there is none.
pub(super) fn read(body: &[u8]) -> Result<Text<'_>, String> {
    if body.len() > READ_MAX {
        return Err(format!("it has more than {READ_MAX} bytes"));
    }
    if let Some(how) = compression(body) {
        return Err(format!(
            "it is compressed with {how}, which nobody asked for"
        ));
    }
    if let Some((unit, body)) = as_utf_16(body) {
        return utf_16(unit, body).ok_or_else(|| "it is broken UTF-16".to_owned());
    }
    let body = trimmed(body);
    let is_latin = match declared_encoding(body) {
        Some(name) => is_latin(name)
            .ok_or_else(|| format!("it is in {}, which is not understood", words::code(name)))?,
        None => false,
    };
    match std::str::from_utf8(body) {
        Ok(text) if !is_latin => Ok(Text::AsItCame(text)),
        // Where nothing is declared, what is not UTF-8 is most likely this.
        _ => Ok(windows_1252(body)),
    }
}

/// What a body is that says nothing of its own accord, where that is plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Compressed(&'static str),
    Page,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Compressed(how) => write!(f, "compressed with {how}"),
            Kind::Page => f.write_str("an HTML page"),
        }
    }
}

pub(super) fn kind(body: &[u8]) -> Option<Kind> {
    if let Some(how) = compression(body) {
        return Some(Kind::Compressed(how));
    }
    let start = trimmed(body);
    let begins = |with: &str| {
        let start = start.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    (begins("<!doctype html") || begins("<html")).then_some(Kind::Page)
}

/// The first byte of the text, in any of the character sets, without decoding it: no more than a
/// look for most.
pub(super) fn first(body: &[u8]) -> Option<u8> {
    let no_letter = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xff | 0xfe)
    };
    body.iter().copied().find(|byte| !no_letter(byte))
}

/// Without white space around it or UTF-8's byte order mark before it.
pub(super) fn trimmed(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    body.strip_prefix(UTF_8_MARK)
        .unwrap_or(body)
        .trim_ascii_start()
}

/// By the first bytes, which begin no text.
fn compression(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x78, 0x01 | 0x9c | 0xda, ..] => Some("deflate"),
        _ => None,
    }
}

type Unit = fn([u8; 2]) -> u16;

/// How UTF-16 is to be read, if it is that: by its mark, or because a letter of ASCII begins it.
fn as_utf_16(body: &[u8]) -> Option<(Unit, &[u8])> {
    match body {
        [0xff, 0xfe, text @ ..] => Some((u16::from_le_bytes, text)),
        [0xfe, 0xff, text @ ..] => Some((u16::from_be_bytes, text)),
        [1..=0x7f, 0, ..] => Some((u16::from_le_bytes, body)),
        [0, 1..=0x7f, ..] => Some((u16::from_be_bytes, body)),
        _ => None,
    }
}

fn utf_16<'a>(unit: Unit, body: &[u8]) -> Option<Text<'a>> {
    let pairs = body.chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let text = collected(body, char::decode_utf16(units).map(Result::ok))?;
    is_whole.then_some(Text::Decoded(text))
}

/// ISO-8859-1 as well, as everywhere on the web: the two differ in control characters alone.
fn windows_1252<'a>(body: &[u8]) -> Text<'a> {
    const FROM_80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let letter = |byte: u8| match byte {
        0x80..=0x9f => FROM_80.chars().nth(usize::from(byte - 0x80)),
        _ => Some(char::from(byte)),
    };
    let text = collected(body, body.iter().map(|byte| letter(*byte)));
    Text::Decoded(text.unwrap_or_default())
}

/// In one buffer that never grows, so that no copy of a token is left behind.
fn collected(
    body: &[u8],
    mut letters: impl Iterator<Item = Option<char>>,
) -> Option<Zeroizing<String>> {
    const LETTER_MAX: usize = 3;
    let mut text = Zeroizing::new(String::with_capacity(LETTER_MAX * body.len()));
    letters.try_for_each(|letter| {
        text.push(letter?);
        Some(())
    })?;
    Some(text)
}

/// What the XML declaration says, if there is one and it says so.
fn declared_encoding(body: &[u8]) -> Option<&str> {
    const DECLARATION_MAX: usize = 256;
    if !body.starts_with(b"<?xml") {
        return None;
    }
    let start = &body[..body.len().min(DECLARATION_MAX)];
    let end = start.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&start[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next()
}

/// Whether what declares this is in Windows-1252 and not in UTF-8; None for any other. Who declares
/// UTF-16 in letters of one byte each was wrong about it.
fn is_latin(declared: &str) -> Option<bool> {
    const AS_UTF_8: [&str; 8] = [
        "utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be", "unicode",
    ];
    const LATIN: [&str; 6] = [
        "iso-8859-1",
        "iso8859-1",
        "iso_8859-1",
        "latin1",
        "windows-1252",
        "cp1252",
    ];
    let is_in = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(declared));
    match is_in(&LATIN) {
        true => Some(true),
        false => is_in(&AS_UTF_8).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn little_endian(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big_endian(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn every_character_set_is_read() {
        let text = "{\"é\":\"€𝄞\"}";
        let dressed = format!("\r\n {text} \n");
        let marked = format!("\u{feff}{dressed}");
        let bodies = [
            text.as_bytes().to_vec(),
            dressed.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            little_endian(&marked),
            little_endian(&dressed),
            little_endian(text),
            big_endian(&marked),
            big_endian(&dressed),
        ];
        for body in &bodies {
            assert_eq!(&*read(body).unwrap(), text, "{body:?}");
            assert_eq!(first(body), Some(b'{'));
        }
        assert_eq!(&*read(b" {\"\xe9\":\"\x80\"}\n").unwrap(), "{\"é\":\"€\"}");
        assert_eq!(&*read(b"").unwrap(), "");
        assert_eq!(first(b""), None);
    }

    #[test]
    fn what_xml_declares_holds() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("ISO-8859-1", b"\xe9", "é"),
            // As UTF-8 it would be one letter.
            ("iso-8859-1", b"\xc3\xa9", "Ã©"),
            ("Windows-1252", b"\x80\x9f", "€Ÿ"),
            ("utf-8", b"\xc3\xa9", "é"),
            ("UTF-8", b"\xe9", "é"),
            ("utf-16", b"\xc3\xa9", "é"),
        ];
        for (name, letters, want) in cases {
            let start = format!("<?xml version='1.0' encoding = \"{name}\" ?><a>");
            let body = [start.as_bytes(), letters, b"</a>"].concat();
            let want = format!("{start}{want}</a>");
            assert_eq!(&*read(&body).unwrap(), want, "{name}");
        }
        for name in ["utf-7", "Shift_JIS", "ebcdic-cp-us", "iso-2022-jp", ""] {
            let body = format!("<?xml version='1.0' encoding='{name}'?><a/>");
            let flaw = read(body.as_bytes()).unwrap_err();
            assert_eq!(flaw, format!("it is in {name}, which is not understood"));
        }
        let not_declared = "<a>encoding='utf-7'</a>";
        assert_eq!(&*read(not_declared.as_bytes()).unwrap(), not_declared);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let large = vec![b' '; READ_MAX + 1];
        let cases: &[(&[u8], &str)] = &[
            (
                b"\x1f\x8b\x08\x00",
                "it is compressed with gzip, which nobody asked for",
            ),
            (
                b"\x28\xb5\x2f\xfd\x04",
                "it is compressed with zstd, which nobody asked for",
            ),
            (
                b"\x78\x9c\x4b",
                "it is compressed with deflate, which nobody asked for",
            ),
            (b"<\0a\0>", "it is broken UTF-16"),
            (b"\xff\xfe\x00\xd8", "it is broken UTF-16"),
            (&large, "it has more than 262144 bytes"),
        ];
        for (body, want) in cases {
            assert_eq!(read(body).unwrap_err(), *want);
        }
    }

    #[test]
    fn a_page_is_told_from_an_answer() {
        for page in [
            "<!DOCTYPE html><p>",
            "\u{feff} <html lang='en'>",
            "<HTML></HTML>",
        ] {
            assert_eq!(kind(page.as_bytes()), Some(Kind::Page));
        }
        assert_eq!(kind(b"\x1f\x8b\x08"), Some(Kind::Compressed("gzip")));
        for other in ["", "<", "<a/>", "{}", "html", "<!DOCTYPE"] {
            assert_eq!(kind(other.as_bytes()), None);
        }
    }
}
