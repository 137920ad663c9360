//! Whom the proxy serves. A port of this machine is reached by all of its users, and by the pages
//! that their browsers show: neither shall act in the session's name.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use subtle::ConstantTimeEq;
use thingspace_session::{Result, Secret};

use super::head::Head;
use super::refusal::Refusal;

/// What a request must have and must not have.
pub struct Guard {
    /// The address it listens on; none for a socket of this machine, which no browser reaches.
    pub address: Option<SocketAddr>,
    pub bearer: Option<Bearer>,
}

impl Guard {
    pub fn check(&self, head: &Head<'_>) -> std::result::Result<(), Refusal> {
        self.check_host(head)?;
        let is_of_a_page = |site: &str| !site.eq_ignore_ascii_case("none");
        if head.has("origin") || head.all("sec-fetch-site").any(is_of_a_page) {
            return Err(Refusal::new(
                403,
                "web pages are not served: this is for programs",
            ));
        }
        let Some(bearer) = &self.bearer else {
            return Ok(());
        };
        let mut given = head.all("authorization");
        match (given.next().and_then(credentials), given.next()) {
            (Some(given), None) if bearer.is(given) => Ok(()),
            _ => Err(Refusal::new(
                401,
                "this proxy wants its own bearer: send Authorization: Bearer with what its file \
                 (--bearer-file) holds",
            )),
        }
    }

    /// A page whose name was made to lead here still says that name.
    fn check_host(&self, head: &Head<'_>) -> std::result::Result<(), Refusal> {
        let mut hosts = head.all("host");
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host,
            (None, _) if head.is_http_10 => return Ok(()),
            _ => {
                let why = "the request is not HTTP/1.1: it has not one Host";
                return Err(Refusal::new(400, why));
            }
        };
        match self.address {
            Some(address) if !is_host_of(address, host) => Err(Refusal::new(
                421,
                format!(
                    "the header Host must be {address} or localhost:{}",
                    address.port()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a client that was told of this address says so.
fn is_host_of(address: SocketAddr, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let named = [
        address.ip().to_string(),
        format!("[{}]", address.ip()),
        "localhost".to_owned(),
    ];
    let fits = |name: &String| match host.strip_prefix(name.as_str()) {
        Some("") => address.port() == 80,
        Some(port) => port.strip_prefix(':') == Some(&address.port().to_string()),
        None => false,
    };
    match address.is_ipv6() {
        true => named[1..].iter().any(fits),
        false => [&named[0], &named[2]].into_iter().any(fits),
    }
}

fn credentials(authorization: &str) -> Option<&str> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credentials.trim())
}

/// The proxy's own bearer, as its file says. When another is given the file is read again: it can
/// be changed without a restart.
pub struct Bearer {
    path: String,
    held: Mutex<Secret>,
}

impl Bearer {
    pub fn read(path: &str) -> Result<Bearer> {
        Ok(Bearer {
            held: Mutex::new(Secret::from_file(path)?),
            path: path.to_owned(),
        })
    }

    /// Whether clients can send it in a header.
    pub fn can_be_sent(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.reveal().bytes().all(|byte| byte.is_ascii_graphic())
    }

    fn is(&self, given: &str) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if is_same(&held, given) {
            return true;
        }
        match Secret::from_file(&self.path) {
            Ok(now) if now != *held => {
                *held = now;
                is_same(&held, given)
            }
            _ => false,
        }
    }
}

fn is_same(held: &Secret, given: &str) -> bool {
    held.reveal().as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::head;

    fn check(guard: &Guard, headers: &str) -> u16 {
        let head = format!("GET / HTTP/1.1\r\n{headers}\r\n");
        let head = head::read(head.as_bytes()).unwrap();
        guard
            .check(&head)
            .map_or_else(|refusal| refusal.http_status, |()| 200)
    }

    fn at(address: &str) -> Guard {
        Guard {
            address: Some(address.parse().unwrap()),
            bearer: None,
        }
    }

    #[test]
    fn only_its_own_address_is_a_host() {
        for (address, host, wanted) in [
            ("127.0.0.1:8080", "127.0.0.1:8080", 200),
            ("127.0.0.1:8080", "LocalHost:8080", 200),
            ("127.0.0.1:8080", "127.0.0.1", 421),
            ("127.0.0.1:8080", "127.0.0.1:80", 421),
            ("127.0.0.1:8080", "[::1]:8080", 421),
            ("127.0.0.1:8080", "evil:8080", 421),
            ("127.0.0.1:8080", "localhost.evil:8080", 421),
            ("127.0.0.1:8080", "localhost:8080.evil", 421),
            ("127.0.0.1:8080", "127.0.0.1:8080@evil", 421),
            ("127.0.0.1:8080", "", 421),
            ("127.0.0.1:80", "localhost", 200),
            ("[::1]:8080", "[::1]:8080", 200),
            ("[::1]:8080", "localhost:8080", 200),
            ("[::1]:8080", "127.0.0.1:8080", 421),
        ] {
            let got = check(&at(address), &format!("Host: {host}\r\n"));
            assert_eq!(got, wanted, "{address} {host}");
        }
        assert_eq!(check(&at("127.0.0.1:1"), ""), 400);
        assert_eq!(
            check(&at("127.0.0.1:1"), "Host: 127.0.0.1:1\r\nHost: x\r\n"),
            400
        );
    }

    #[test]
    fn pages_are_not_served() {
        let guard = at("127.0.0.1:1");
        for (header, wanted) in [
            ("Origin: http://127.0.0.1:1", 403),
            ("Origin: null", 403),
            ("Sec-Fetch-Site: cross-site", 403),
            ("Sec-Fetch-Site: same-origin", 403),
            ("Sec-Fetch-Site: none", 200),
            ("Sec-Fetch-Mode: cors", 200),
        ] {
            let got = check(&guard, &format!("Host: 127.0.0.1:1\r\n{header}\r\n"));
            assert_eq!(got, wanted, "{header}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn its_own_bearer_is_what_its_file_says_now() {
        use std::os::unix::fs::PermissionsExt;

        let path = std::env::temp_dir().join(format!("proxy-bearer-{}", std::process::id()));
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write("first\n");
        let guard = Guard {
            address: None,
            bearer: Some(Bearer::read(path.to_str().unwrap()).unwrap()),
        };
        let with = |header: &str| check(&guard, &format!("Host: any\r\n{header}"));
        assert_eq!(with("Authorization: Bearer first\r\n"), 200);
        assert_eq!(with("authorization: bearer  first\r\n"), 200);
        assert_eq!(with(""), 401);
        assert_eq!(with("Authorization: Bearer firs\r\n"), 401);
        assert_eq!(with("Authorization: Basic first\r\n"), 401);
        let twice = "Authorization: Bearer first\r\nAuthorization: Bearer first\r\n";
        assert_eq!(with(twice), 401);
        write("second");
        assert_eq!(with("Authorization: Bearer second\r\n"), 200);
        assert_eq!(with("Authorization: Bearer first\r\n"), 401);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(with("Authorization: Bearer second\r\n"), 200);
    }
}
