//! Text of the platform made fit to stand in an error: bounded, printable, on one line. Whatever
//! looks like a token is masked, because the gateway is known to repeat the key it refuses.

/// The most of one message that is passed on, in characters.
const MESSAGE_MAX: usize = 500;
const CODE_MAX: usize = 200;
/// A GUID has 36 characters, an API token 32. ICCIDs, all digits, stay readable.
const TOKEN_LIKE: usize = 20;

/// A code as it was sent, but for white space around it and what cannot be printed.
pub(super) fn code(text: &str) -> String {
    let printable = text.trim().chars().filter(|c| !is_unprintable(*c));
    shorten(printable.take(CODE_MAX + 1).collect(), CODE_MAX)
}

/// A message for people.
pub(crate) fn message(text: &str) -> String {
    let mut out = String::new();
    let words = text.split(|c: char| c.is_whitespace() || is_unprintable(c));
    for word in words.filter(|word| !word.is_empty()) {
        if out.len() > 4 * MESSAGE_MAX {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        push_masked(&mut out, word);
    }
    shorten(out, MESSAGE_MAX)
}

fn push_masked(out: &mut String, word: &str) {
    for piece in word.split_inclusive(|c| !is_token_char(c)) {
        let run = piece.trim_end_matches(|c| !is_token_char(c));
        out.push_str(if is_token_like(run) { "***" } else { run });
        out.push_str(piece.strip_prefix(run).unwrap_or_default());
    }
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_token_like(run: &str) -> bool {
    run.len() >= TOKEN_LIKE
        && run.bytes().any(|b| b.is_ascii_digit())
        && run.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Control characters, and those that turn or hide the text around them.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

fn shorten(mut text: String, max: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(max) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_printable_line() {
        let cases = [
            ("The Session has expired.", "The Session has expired."),
            ("  two\r\n lines\t\u{7} ", "two lines"),
            ("a\u{202e}b\u{0}c", "a b c"),
            ("", ""),
        ];
        for (text, want) in cases {
            assert_eq!(message(text), want, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_a_token_is_masked() {
        let cases = [
            (
                "with key: d7bc43e9acc31aba9654fc5cd0d8c520.",
                "with key: ***.",
            ),
            ("(ef308d7a-790f-4feb-b807-c9e4f890780a)", "(***)"),
            (
                "device 89148000000800784259 unknown",
                "device 89148000000800784259 unknown",
            ),
            ("API: /m2m/v1, version: v1", "API: /m2m/v1, version: v1"),
            (
                "DeserializationFailedAltogether",
                "DeserializationFailedAltogether",
            ),
        ];
        for (text, want) in cases {
            assert_eq!(message(text), want, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_never_inside_a_token() {
        let long = message(&"é".repeat(300_000));
        assert_eq!(long.chars().count(), MESSAGE_MAX + 1);
        assert!(long.ends_with('…'));
        let token_at_the_cut = format!(
            "{} d7bc43e9acc31aba9654fc5cd0d8c520",
            "x".repeat(MESSAGE_MAX - 10)
        );
        assert!(!message(&token_at_the_cut).contains("d7bc"));
        assert_eq!(code(&"x".repeat(5_000)).chars().count(), CODE_MAX + 1);
    }

    #[test]
    fn codes_stay_as_they_were_sent() {
        assert_eq!(
            code(" s:UnifiedWebService.REQUEST_FAILED.SessionToken.Expired\n"),
            "s:UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"
        );
    }
}
