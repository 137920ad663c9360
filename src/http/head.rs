//! The head of an answer before ureq sees it. Answers before the answer, every 1xx but 101, are
//! passed over with whatever headers they have (RFC 9110, 15.2); folded lines are made one
//! (RFC 9112, 5.2). Pure.

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// An interim answer of this length.
    Interim(usize),
    /// The head of the answer, of this length.
    Answer(usize),
    /// A head that has not ended.
    Unclear,
    /// No head, or one that is too long.
    Other,
}

const INTERIM: &[u8] = b"HTTP/1.? 1??";
const SWITCHING: &[u8] = b"HTTP/1.? 101";

pub(super) fn look(input: &[u8]) -> Sight {
    if input.first().is_some_and(|first| *first != b'H') {
        return Sight::Other;
    }
    match end(input) {
        Some(length) if begins(input, INTERIM) && !begins(input, SWITCHING) => {
            Sight::Interim(length)
        }
        Some(length) => Sight::Answer(length),
        None if input.len() > super::ANSWER_HEAD_MAX_BYTES => Sight::Other,
        None => Sight::Unclear,
    }
}

/// `?` stands for any digit.
fn begins(input: &[u8], pattern: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| match wanted {
        b'?' => byte.is_ascii_digit(),
        wanted => byte == wanted,
    };
    input.len() >= pattern.len() && input.iter().zip(pattern).all(fits)
}

/// Where the empty line ends that ends a head.
fn end(input: &[u8]) -> Option<usize> {
    let mut line_began = 0;
    while let Some(length) = input[line_began..].iter().position(|byte| *byte == b'\n') {
        let line = &input[line_began..line_began + length];
        if line_began > 0 && (line.is_empty() || line == b"\r") {
            return Some(line_began + length + 1);
        }
        line_began += length + 1;
    }
    None
}

/// Turns each fold of a head into blanks.
pub(super) fn unfold(head: &mut [u8]) {
    for n in 1..head.len() {
        if head[n - 1] == b'\n' && matches!(head[n], b' ' | b'\t') {
            head[n - 1] = b' ';
            if n > 1 && head[n - 2] == b'\r' {
                head[n - 2] = b' ';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_answers_are_told_from_the_answer() {
        let rest = "HTTP/1.1 200 OK\r\n\r\nHTTP";
        for interim in [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 100 Continue\r\nDate: today\r\nConnection: keep-alive\r\n\r\n",
            "HTTP/1.1 102\r\n\r\n",
            "HTTP/1.0 103 Early Hints\nLink: </a>\n\n",
            "HTTP/1.1 199 Anything\r\n\n",
        ] {
            let sight = look(format!("{interim}{rest}").as_bytes());
            assert_eq!(sight, Sight::Interim(interim.len()), "{interim}");
            for length in 0..interim.len() {
                let sight = look(&interim.as_bytes()[..length]);
                assert_eq!(sight, Sight::Unclear, "{interim} to {length}");
            }
        }
        for (answer, length) in [
            (rest, rest.len() - 4),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", 36),
            ("HTTP/2 100\r\n\r\n", 14),
            ("HTTP/1.1 1x0 \r\n\r\n", 17),
        ] {
            assert_eq!(look(answer.as_bytes()), Sight::Answer(length), "{answer}");
        }
        assert_eq!(look(b"SSH-2.0-server\r\n"), Sight::Other);
    }

    #[test]
    fn a_head_without_end_is_somebody_elses_to_refuse() {
        let endless = format!("HTTP/1.1 100 Continue\r\n{}", "a: b\r\n".repeat(20_000));
        assert_eq!(look(endless.as_bytes()), Sight::Other);
    }

    #[test]
    fn folded_lines_become_one() {
        let mut head = *b"HTTP/1.1 200 OK\r\nA: b\r\n c\n\td\r\nE: f\r\n\r\n";
        unfold(&mut head);
        assert_eq!(&head, b"HTTP/1.1 200 OK\r\nA: b   c \td\r\nE: f\r\n\r\n");
    }
}
