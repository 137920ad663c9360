//! The head of an answer before ureq sees it. Answers before the answer, every 1xx but 101, are
//! passed over with whatever headers they have (RFC 9110, 15.2); folded lines are made one
//! (RFC 9112, 5.2); and the headers are read here, since ureq takes no more than 128. Pure.

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
        Some(length) if length > super::ANSWER_HEAD_MAX_BYTES => Sight::Other,
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

/// Names in small letters, in the order they came.
pub(super) type Headers = Vec<(String, String)>;

/// What ureq needs of an answer's headers.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// All headers of a head. Those that say nothing of the body's frame are taken out of it; what is
/// no header stays for ureq to refuse. The head moves to the end of its place: so many bytes before
/// it are free.
pub(super) fn take_headers(head: &mut [u8]) -> (Headers, usize) {
    let mut headers = Vec::new();
    let mut left = Vec::with_capacity(256);
    for (n, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let header = if n > 0 { header(line) } else { None };
        if header
            .as_ref()
            .is_none_or(|(name, _)| FRAMING.contains(&&**name))
        {
            left.extend_from_slice(line);
        }
        headers.extend(header);
    }
    let free = head.len() - left.len();
    head[free..].copy_from_slice(&left);
    (headers, free)
}

fn header(line: &[u8]) -> Option<(String, String)> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
    let value = value[1..].trim_ascii();
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let in_value = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    let is_header = !name.is_empty() && name.iter().all(in_name) && value.iter().all(in_value);
    is_header.then(|| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        (name, String::from_utf8_lossy(value).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_taken_out_and_the_frame_is_left() {
        let mut head = b"HTTP/1.1 200 OK\r\nA: b \r\nContent-Length: 5\r\nX-\xe9: c\r\nD e: f\r\n\
            G:\t\xe9\r\nno colon\r\nA:\nTransfer-Encoding: chunked\nN: \0\n\r\n"
            .to_vec();
        let (headers, free) = take_headers(&mut head);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(
            headers,
            [
                ("a", "b"),
                ("content-length", "5"),
                ("g", "\u{fffd}"),
                ("a", ""),
                ("transfer-encoding", "chunked"),
            ]
        );
        assert_eq!(
            &head[free..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-\xe9: c\r\nD e: f\r\nno colon\r\n\
              Transfer-Encoding: chunked\nN: \0\n\r\n"
        );
    }

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
