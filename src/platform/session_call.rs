//! Which of the platform's calls begin or end what a session holds. A program that passes requests
//! of others on asks this first: a login that is not the session's own is one that the lockout
//! guard does not see, and a logout ends the session for all. Pure.

/// A call of the platform that is a session's own to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionCall {
    /// Gives a session token.
    LogIn,
    /// Ends a session.
    LogOut,
    /// Gives an API token.
    FetchApiToken,
    /// Ends an API token.
    RevokeApiToken,
    /// A call of the SOAP API: its envelope says whether it is a login.
    Soap,
}

impl SessionCall {
    /// What a path of the platform leads to, however it is written.
    pub fn of_path(path: &str) -> Option<SessionCall> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = decoded(path).to_ascii_lowercase();
        let mut segments = Vec::new();
        for segment in path.split(['/', '\\']) {
            // What stands behind a semicolon are parameters.
            match segment.split(';').next().unwrap_or_default().trim() {
                "" | "." => {}
                ".." => drop(segments.pop()),
                name => segments.push(name),
            }
        }
        // More may stand behind the name of a service.
        if segments.iter().any(|name| name.ends_with(".svc")) {
            return Some(SessionCall::Soap);
        }
        match segments.as_slice() {
            [.., "session", "login"] => Some(SessionCall::LogIn),
            [.., "session", "logout"] => Some(SessionCall::LogOut),
            [.., "oauth2", "token"] => Some(SessionCall::FetchApiToken),
            [.., "oauth2", "revoke"] => Some(SessionCall::RevokeApiToken),
            _ => None,
        }
    }

    /// Whether a path is worth a look for a login or a SOAP call: a quick one for every request.
    pub(crate) fn may_begin(path: &str) -> bool {
        let holds = |word: &[u8]| {
            path.as_bytes()
                .windows(word.len())
                .any(|part| part.eq_ignore_ascii_case(word))
        };
        path.contains('%') || holds(b"login") || holds(b".svc")
    }
}

/// Without percent-encoding, to the bottom of it.
fn decoded(path: &str) -> String {
    let mut path = path.to_owned();
    // Each round makes it shorter.
    while let Some(once) = decoded_once(&path) {
        path = once;
    }
    path
}

/// None where there is nothing to decode.
fn decoded_once(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    (bytes.len() < path.len()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{oauth, rest};

    #[test]
    fn the_sessions_own_calls_are_known() {
        for (path, call) in [
            (rest::LOGIN_PATH, SessionCall::LogIn),
            (rest::LOGOUT_PATH, SessionCall::LogOut),
            (oauth::TOKEN_PATH, SessionCall::FetchApiToken),
            ("/ts/v1/oauth2/revoke", SessionCall::RevokeApiToken),
        ] {
            assert_eq!(SessionCall::of_path(path), Some(call), "{path}");
        }
    }

    #[test]
    fn a_login_is_known_however_it_is_written() {
        for path in [
            "/m2m/v1/session/login?a=b",
            "/m2m/v2/session/login/",
            "/m2m//v1///session/login",
            "/M2M/v1/Session/LOGIN",
            "/m2m/v1/session/%6c%6Fgin",
            "/m2m/v1/session/%256cogin",
            "/m2m/v1/session%2Flogin",
            "/m2m/v1/session;a=b/login;c",
            "/m2m/v1/session/./login",
            "/m2m/v1/session\\login",
            "/m2m/v1/session/login%20",
            "/m2m/v1/session/x/..%2flogin",
            "/m2m/v1/session/x/%252e%252e/login",
            "/m2m/v1/session/x/..;/login",
        ] {
            assert_eq!(
                SessionCall::of_path(path),
                Some(SessionCall::LogIn),
                "{path}"
            );
            assert!(SessionCall::may_begin(path), "{path}");
        }
        for path in [
            "/v2/SessionService.svc",
            "/v2/sessionservice.SVC/",
            "/v2/Session%53ervice%2esvc?wsdl",
            "/v2/SessionService.svc/basic",
        ] {
            assert_eq!(
                SessionCall::of_path(path),
                Some(SessionCall::Soap),
                "{path}"
            );
            assert!(SessionCall::may_begin(path), "{path}");
        }
        for path in [
            "/",
            "/m2m/v1/accounts/login",
            "/m2m/v1/session/password/actions/reset",
            "/m2m/v1/devices?x=/session/login",
            "/m2m/v1/devices?x=SessionService.svc",
            "/%",
            "/%f",
        ] {
            assert_eq!(SessionCall::of_path(path), None, "{path}");
        }
    }
}
