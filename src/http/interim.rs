//! Answers before the answer: every 1xx but 101 is passed over, with whatever headers it has
//! (RFC 9110, 15.2). Pure.

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// An interim answer of this length.
    Interim(usize),
    /// Too little to tell, or an interim answer that has not ended.
    Unclear,
    /// Something else.
    Other,
}

/// `HTTP/1.1 1`
const BEGINNING: &[u8] = b"HTTP/1.? 1??";

pub(super) fn look(input: &[u8]) -> Sight {
    for (n, wanted) in BEGINNING.iter().enumerate() {
        match (wanted, input.get(n)) {
            (_, None) => return Sight::Unclear,
            (b'?', Some(b'0'..=b'9')) => {}
            (wanted, Some(byte)) if byte == wanted => {}
            _ => return Sight::Other,
        }
    }
    if &input[9..12] == b"101" {
        return Sight::Other;
    }
    match end_of_head(input) {
        Some(length) => Sight::Interim(length),
        None if input.len() > super::ANSWER_HEAD_MAX_BYTES => Sight::Other,
        None => Sight::Unclear,
    }
}

/// Where the empty line ends that ends a head.
fn end_of_head(input: &[u8]) -> Option<usize> {
    let ends = |(n, _): &(usize, &u8)| {
        let before = input[..*n].strip_suffix(b"\r").unwrap_or(&input[..*n]);
        before.ends_with(b"\n")
    };
    let lines = input.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.clone().find(ends).map(|(n, _)| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_answers_are_told_from_the_answer() {
        let rest = "HTTP/1.1 200 OK\r\n";
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
        for other in [
            rest,
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "HTTP/2 100\r\n\r\n",
            "SSH-2.0-server\r\n",
            "HTTP/1.1 1x0 \r\n\r\n",
        ] {
            assert_eq!(look(other.as_bytes()), Sight::Other, "{other}");
        }
    }

    #[test]
    fn an_interim_answer_without_end_is_somebody_elses_to_refuse() {
        let endless = format!("HTTP/1.1 100 Continue\r\n{}", "a: b\r\n".repeat(20_000));
        assert_eq!(look(endless.as_bytes()), Sight::Other);
    }
}
