//! Tells from what two sides say on one connection how often the client waited. Knows no clock: a
//! trip begins when the client says something after it got something, or at first.
//!
//! Over TLS two things are said that nobody waits for: the end of the client's handshake, which its
//! request follows whatever comes meanwhile (the server's tickets do), and goodbyes.

use super::Trips;

/// The kinds of TLS records, in the clear on every record.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const HEADER: usize = 5;
/// An alert of TLS 1.3, encrypted: two bytes, its kind, and a tag.
const ENCRYPTED_ALERT: usize = 2 + 1 + 16;

const SERVER_HELLO: u8 = 2;
const PRE_SHARED_KEY: u16 = 41;

#[derive(Default)]
pub struct Conversation {
    secure: Option<bool>,
    client: Records,
    server: Records,
    /// The client has the word: what it says more belongs to the trip under way.
    speaking: bool,
    /// The client's last word was the end of its handshake.
    handshake_ends: bool,
    hellos: u64,
    sent_data: bool,
    got_hello: bool,
}

impl Conversation {
    /// Bytes that the client sent, as they leave it.
    pub fn client_sent(&mut self, bytes: &[u8], trips: &mut Trips) {
        let secure = *self
            .secure
            .get_or_insert_with(|| bytes.first() == Some(&HANDSHAKE));
        if !secure {
            return self.speak(trips);
        }
        self.client.add(bytes);
        while let Some((kind, body)) = self.client.next() {
            match kind {
                CHANGE_CIPHER_SPEC | ALERT => {}
                DATA if body.len() == ENCRYPTED_ALERT => {}
                DATA => {
                    self.speak(trips);
                    self.handshake_ends = !self.sent_data && self.hellos == 1;
                    self.sent_data = true;
                }
                _ => {
                    self.hellos += 1;
                    self.speak(trips);
                }
            }
        }
    }

    /// Bytes that are about to reach the client.
    pub fn client_gets(&mut self, bytes: &[u8], trips: &mut Trips) {
        if !self.handshake_ends {
            self.speaking = false;
        }
        if self.secure != Some(true) || self.got_hello {
            return;
        }
        self.server.add(bytes);
        if let Some((HANDSHAKE, hello)) = self.server.next() {
            self.got_hello = true;
            match resumes(&hello) {
                Some(true) => trips.resumed_handshakes += 1,
                _ => trips.full_handshakes += 1,
            }
        }
    }

    fn speak(&mut self, trips: &mut Trips) {
        if !self.speaking {
            trips.round_trips += 1;
        }
        self.speaking = true;
        self.handshake_ends = false;
    }
}

/// A stream of TLS records.
#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The kind and the body of the next record that is all there.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let header = self.0.get(..HEADER)?;
        let (kind, length) = (header[0], [header[3], header[4]]);
        let end = HEADER + usize::from(u16::from_be_bytes(length));
        let body = self.0.get(HEADER..end)?.to_vec();
        self.0.drain(..end);
        Some((kind, body))
    }
}

/// Whether a server's hello goes on with a session of before: it names the key that both have.
fn resumes(hello: &[u8]) -> Option<bool> {
    // Kind and length, version, random.
    let (kind, rest) = hello.split_first()?;
    let session_id = rest.get(3 + 2 + 32..)?;
    let (length, rest) = session_id.split_first()?;
    // The cipher suite, the compression, the length of the extensions.
    let mut extensions = rest.get(usize::from(*length) + 2 + 1 + 2..)?;
    while *kind == SERVER_HELLO && extensions.len() >= 4 {
        let number = |at: usize| u16::from_be_bytes([extensions[at], extensions[at + 1]]);
        if number(0) == PRE_SHARED_KEY {
            return Some(true);
        }
        extensions = extensions.get(4 + usize::from(number(2))..)?;
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, length: usize) -> Vec<u8> {
        let mut record = vec![kind, 3, 3, (length >> 8) as u8, length as u8];
        record.resize(HEADER + length, 0);
        record
    }

    /// Who says what: `>` the client, `<` the server.
    fn round_trips(said: &[(char, Vec<u8>)]) -> u64 {
        let (mut conversation, mut trips) = (Conversation::default(), Trips::default());
        for (who, bytes) in said {
            // However they are cut on their way.
            for piece in bytes.chunks(7) {
                match who {
                    '>' => conversation.client_sent(piece, &mut trips),
                    _ => conversation.client_gets(piece, &mut trips),
                }
            }
        }
        trips.round_trips
    }

    #[test]
    fn plain_a_trip_is_a_turn() {
        let text = |text: &str| text.as_bytes().to_vec();
        let said = [
            ('>', text("POST / HTTP/1.1\r\n")),
            ('>', text("Content-Length: 2\r\n\r\n{}")),
            ('<', text("HTTP/1.1 200 OK\r\n\r\n")),
            ('<', text("{}")),
            ('>', text("GET / HTTP/1.1\r\n\r\n")),
            ('<', text("HTTP/1.1 200 OK\r\n\r\n")),
        ];
        assert_eq!(round_trips(&said), 2);
    }

    #[test]
    fn tls_1_3_the_request_shares_the_trip_of_the_handshakes_end() {
        let said = [
            ('>', record(HANDSHAKE, 200)),
            ('<', record(HANDSHAKE, 90)),
            ('<', record(DATA, 900)),
            ('>', record(CHANGE_CIPHER_SPEC, 1)),
            ('>', record(DATA, 53)),
            // The server's tickets.
            ('<', record(DATA, 250)),
            ('>', record(DATA, 300)),
            ('<', record(DATA, 300)),
            ('>', record(DATA, 300)),
            ('<', record(DATA, 300)),
            // Goodbye.
            ('>', record(DATA, ENCRYPTED_ALERT)),
        ];
        assert_eq!(round_trips(&said), 3);
    }

    #[test]
    fn tls_1_2_the_end_of_the_handshake_is_waited_for() {
        let said = [
            ('>', record(HANDSHAKE, 200)),
            ('<', record(HANDSHAKE, 900)),
            ('>', record(HANDSHAKE, 70)),
            ('>', record(CHANGE_CIPHER_SPEC, 1)),
            ('>', record(HANDSHAKE, 40)),
            ('<', record(HANDSHAKE, 40)),
            ('>', record(DATA, 300)),
            ('<', record(DATA, 300)),
            ('>', record(ALERT, 26)),
        ];
        assert_eq!(round_trips(&said), 3);
    }
}
