//! A chunked body, decoded once it is all there. Says how many bytes it took, so that what follows
//! is not lost.

use httparse::Status;

pub enum Chunked {
    /// The body, and how many bytes it took on the wire.
    Whole(Vec<u8>, usize),
    Incomplete,
    Malformed,
}

pub fn decode(bytes: &[u8]) -> Chunked {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (line, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(Status::Complete(found)) => found,
            Ok(Status::Partial) => return Chunked::Incomplete,
            Err(_) => return Chunked::Malformed,
        };
        at += line;
        if size == 0 {
            return trailers(bytes, at, body);
        }
        let Some(end) = usize::try_from(size)
            .ok()
            .and_then(|size| at.checked_add(size))
        else {
            return Chunked::Malformed;
        };
        match (bytes.get(at..end), bytes.get(end..end.saturating_add(2))) {
            (Some(chunk), Some(b"\r\n")) => body.extend_from_slice(chunk),
            (Some(_), Some(_)) => return Chunked::Malformed,
            _ => return Chunked::Incomplete,
        }
        at = end + 2;
    }
}

fn trailers(bytes: &[u8], mut at: usize, body: Vec<u8>) -> Chunked {
    loop {
        match bytes[at..].windows(2).position(|pair| pair == b"\r\n") {
            Some(0) => return Chunked::Whole(body, at + 2),
            Some(length) => at += length + 2,
            None => return Chunked::Incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: &[u8] = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: t\r\n\r\nGET /";

    #[test]
    fn decodes_a_whole_body_and_says_where_it_ends() {
        let Chunked::Whole(body, length) = decode(WIRE) else {
            panic!("not whole")
        };
        assert_eq!(body, b"Wikipedia");
        assert_eq!(&WIRE[length..], b"GET /");
    }

    #[test]
    fn every_beginning_of_it_is_incomplete() {
        for length in 0..WIRE.len() - 5 {
            assert!(
                matches!(decode(&WIRE[..length]), Chunked::Incomplete),
                "{length}"
            );
        }
    }

    #[test]
    fn nonsense_is_malformed() {
        assert!(matches!(decode(b"nonsense\r\n"), Chunked::Malformed));
        assert!(matches!(decode(b"1\r\nab\r\n"), Chunked::Malformed));
    }
}
