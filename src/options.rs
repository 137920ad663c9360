//! The options: one table, from which validation, environment names and every document and binding
//! follow. An option is checked for its form here; what must hold between options is for
//! `settings.rs`.

use std::ops::RangeInclusive;

use ureq::http::HeaderName;

use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::net::proxy;
use crate::platform::token;
use crate::store_name::StoreName;

/// One row of the option table.
pub struct OptionInfo {
    /// Its name, as [`Config::set`](crate::Config::set) takes it.
    pub name: &'static str,
    /// What it accepts.
    pub kind: OptionKind,
    /// What holds when it is not set; "" for nothing.
    pub default: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
}

/// What an option accepts. Every value is text; this says of which form.
pub enum OptionKind {
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number(RangeInclusive<u64>),
    /// A time in whole milliseconds, from one to a day.
    Milliseconds,
    /// The path of a file.
    Path,
    /// The path of a file that holds a secret; its name ends with `_file`.
    SecretFile,
    /// Text of a form of its own: what to call it, and its check.
    Text(&'static str, Check),
    /// The same for a value that must never be shown.
    Secret(&'static str, Check),
}

/// Says why a value cannot be the option's, without repeating it where it may be a secret.
pub type Check = fn(&str) -> std::result::Result<(), String>;

impl OptionInfo {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("TSM_{}", self.name.to_ascii_uppercase())
    }

    /// Whether its value must never be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, OptionKind::Secret(..))
    }

    /// What it accepts, in words.
    pub fn values(&self) -> String {
        match &self.kind {
            OptionKind::Choice(words) => words.join(", "),
            OptionKind::Flag => "true, false".into(),
            OptionKind::Number(range) => format!("{} to {}", range.start(), range.end()),
            OptionKind::Milliseconds => format!("1 to {DAY_MS}"),
            OptionKind::Path | OptionKind::SecretFile => "path".into(),
            OptionKind::Text(words, _) | OptionKind::Secret(words, _) => (*words).into(),
        }
    }

    pub(crate) fn check(&self, value: &str) -> std::result::Result<(), String> {
        match &self.kind {
            OptionKind::Choice(words) if words.contains(&value) => Ok(()),
            OptionKind::Choice(words) => {
                Err(format!("must be {}, not {value:?}", words.join(" or ")))
            }
            OptionKind::Flag => flag(value),
            OptionKind::Number(range) => number(value, range),
            OptionKind::Milliseconds => {
                number(value, &(1..=DAY_MS)).map_err(|flaw| format!("{flaw}, in milliseconds"))
            }
            OptionKind::Path | OptionKind::SecretFile => not_empty(value),
            OptionKind::Text(_, check) | OptionKind::Secret(_, check) => check(value),
        }
    }
}

macro_rules! options {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:expr, $default:expr;)*) => {
        /// Every option, in the order people meet them.
        pub const OPTIONS: &[OptionInfo] = &[$(OptionInfo {
            name: stringify!($name),
            kind: $kind,
            default: $default,
            doc: concat!($($doc),+).trim_ascii(),
        }),*];
    };
}

use OptionKind::{Choice, Flag, Milliseconds, Number, Path, Secret, SecretFile, Text};

options! {
    /// Which session service to log in to.
    protocol: Choice(&["rest", "soap"]), "rest";
    /// Where the REST API is; the paths of requests are appended. http only for loopback.
    base_url: Text("https URL", url), "https://thingspace.verizon.com/api";
    /// The folder of the .svc services. http only for loopback.
    soap_url: Text("https URL", url), "https://uws.apps.nphase.com/api/v2";
    /// The contact that logs in.
    username: Text("text", credential), "";
    /// Its password.
    password: Secret("text", credential), "";
    /// A file that holds the password instead, read when a login needs it, and once more when the
    /// platform rejected it: it is sent if it has changed by then. One line end is cut off.
    /// Others must not be able to read the file, but on a mount that nobody can write.
    password_file: SecretFile, "";
    /// A fixed API token, instead of app_key and app_secret. REST only.
    api_token: Secret("token", api_token), "";
    /// A file that holds it instead, read as password_file is.
    api_token_file: SecretFile, "";
    /// The application's key, to fetch API tokens with. REST only.
    app_key: Text("text without a colon", app_key), "";
    /// The application's secret.
    app_secret: Secret("text", not_empty), "";
    /// A file that holds it instead, read as password_file is.
    app_secret_file: SecretFile, "";
    /// Whether a request refused for its session token logs in again and is sent again.
    auto_relogin: Flag, "true";
    /// The request header that carries the session token; a few of the platform's endpoints want
    /// SessionToken.
    session_token_header: Text("header name", header_name), "VZ-M2M-Token";
    /// Where the lockout guard (and a shared token) lives: in this process (memory:), in files for
    /// all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST,
    /// redis+unix:///SOCKET, see docs/many-hosts.md). DIR is absolute; file: alone is the user's
    /// state directory. If the store cannot be used no login is sent: nothing takes its place by
    /// itself.
    store: Text("memory:, file:, file:DIR, redis://HOST", store), "file:";
    /// The user of a store on Redis. Without it the default user's password is asked for.
    store_user: Text("text", credential), "";
    /// The password of a store on Redis.
    store_password: Secret("text", credential), "";
    /// A file that holds it instead, read at every new connection. Others must not be able to read
    /// it.
    store_password_file: SecretFile, "";
    /// A file with the key that seals shared tokens on Redis: 32 random bytes in base64. A second
    /// line may hold the key before it, which opens what is sealed still.
    store_seal_key_file: SecretFile, "";
    /// Whether all sessions of the same account and store use one session token.
    share_token: Flag, "false";
    /// The name of the platform behind a private gateway, so that the lockout guard counts for it
    /// and not for the gateway.
    realm: Text("text", realm), "";
    /// How many logins may have failed, or be of unknown fate, before none is sent any more. The
    /// platform locks at 5.
    max_login_failures: Number(1..=4), "3";
    /// The longest a call may take, from start to end.
    timeout_ms: Milliseconds, "30000";
    /// The longest a new connection may take, TLS included.
    connect_timeout_ms: Milliseconds, "10000";
    /// A PEM file of the root certificates to trust instead of the system's.
    ca_file: Path, "";
    /// The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY,
    /// ALL_PROXY and NO_PROXY count as they do for curl, but never for loopback.
    proxy: Secret("http URL, none", proxy::check), "";
    /// The User-Agent header.
    user_agent: Text("text", header_text),
        concat!("thingspace-session/", env!("CARGO_PKG_VERSION"));
    /// The longest answer to take; a login's is bounded to 64 KiB.
    max_response_bytes: Number(1..=1 << 40), "16777216";
}

/// Headers that are this library's to set, beside the one of the session token.
pub(crate) const OWN_HEADERS: [&str; 5] = [
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    // Nothing here waits for a 100.
    "expect",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The row of an option, or an error that names the nearest one.
pub(crate) fn find(option: &str) -> Result<&'static OptionInfo> {
    OPTIONS
        .iter()
        .find(|info| info.name == option)
        .ok_or_else(|| unknown_option(option))
}

fn unknown_option(option: &str) -> Error {
    let option: String = option.chars().take(64).collect();
    let nearest = nearest(&option).name;
    Error::new(
        Status::InvalidArgument,
        format!("there is no option {option:?}; did you mean {nearest:?}?"),
    )
}

/// The option whose name is most like this one.
pub(crate) fn nearest(name: &str) -> &'static OptionInfo {
    let name = name.to_ascii_lowercase();
    let nearest = OPTIONS
        .iter()
        .min_by_key(|info| edit_distance(info.name, &name));
    nearest.unwrap_or(&OPTIONS[0])
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

type Checked = std::result::Result<(), String>;

pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1")
}

fn flag(value: &str) -> Checked {
    if is_true(value) || matches!(value, "false" | "0") {
        Ok(())
    } else {
        Err(format!("must be true or false, not {value:?}"))
    }
}

fn number(value: &str, range: &RangeInclusive<u64>) -> Checked {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(n) if digits && range.contains(&n) => Ok(()),
        _ => Err(format!(
            "must be a whole number from {} to {}, not {value:?}",
            range.start(),
            range.end()
        )),
    }
}

fn not_empty(value: &str) -> Checked {
    if value.is_empty() {
        Err("must not be empty".into())
    } else {
        Ok(())
    }
}

fn app_key(value: &str) -> Checked {
    not_empty(value)?;
    match value.contains(':') {
        true => Err("must not hold a colon: the platform's Basic header ends the key there".into()),
        false => Ok(()),
    }
}

fn header_text(value: &str) -> Checked {
    let visible = |b: u8| (0x20..0x7f).contains(&b);
    if value.trim() == value && !value.is_empty() && value.bytes().all(visible) {
        Ok(())
    } else {
        Err("must be visible ASCII, as a header may hold it".into())
    }
}

/// 64 letters, so that what describes a session stays short.
fn header_name(value: &str) -> Checked {
    let is_own = |own: &&str| value.eq_ignore_ascii_case(own);
    if value.len() > 64 || HeaderName::from_bytes(value.as_bytes()).is_err() {
        Err("must be the name of a header, of 64 letters at most".into())
    } else if OWN_HEADERS.iter().chain(&OTHER_USES).any(is_own) {
        Err(format!("must not be {value}, which has another use"))
    } else {
        Ok(())
    }
}

/// Headers that say what a body or a sender is.
const OTHER_USES: [&str; 5] = [
    "accept",
    "content-type",
    "connection",
    "cookie",
    "user-agent",
];

fn api_token(value: &str) -> Checked {
    token::api_token(value)
        .map(drop)
        .map_err(|error| error.message().into())
}

fn credential(value: &str) -> Checked {
    not_empty(value)?;
    match value.chars().any(char::is_control) {
        true => Err(
            "must not hold a control character, such as the line end of a file it was read from: \
             the platform would reject it"
                .into(),
        ),
        false => Ok(()),
    }
}

fn store(value: &str) -> Checked {
    describes(value, 4096)?;
    StoreName::parse(value).map(drop)
}

fn url(value: &str) -> Checked {
    describes(value, 2048)?;
    Endpoint::parse(value).map(drop)
}

/// Another way to write a name would be another platform to the lockout guard.
fn realm(value: &str) -> Checked {
    describes(value, 255)?;
    match Endpoint::named_realm(value) {
        name if name.is_empty() => Err("must not be empty".into()),
        name if name.contains(['/', '\\', '@', '?', '#']) => {
            Err("is a name, such as thingspace.verizon.com: no URL, path or user".into())
        }
        _ => Ok(()),
    }
}

/// What describes a session has its bounds, so that there is room for all of it.
fn describes(value: &str, most: usize) -> Checked {
    if value.len() > most {
        return Err(format!("must not be longer than {most} bytes"));
    }
    match value.chars().any(char::is_control) {
        true => Err("must not hold a control character".into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_describes_a_session_has_its_bounds() {
        let flaw = |option: &str, value: &str| find(option).unwrap().check(value).unwrap_err();
        let long = |start: &str, length: usize| format!("{start}{}", "x".repeat(length));
        let directory = if cfg!(windows) { "file:C:/" } else { "file:/" };
        for (option, start, most) in [
            ("store", directory, 4096),
            ("base_url", "https://host/", 2048),
            ("soap_url", "https://host/", 2048),
            ("realm", "", 255),
        ] {
            let fits = long(start, most - start.len());
            assert_eq!(find(option).unwrap().check(&fits), Ok(()), "{option}");
            assert!(
                flaw(option, &long(start, most - start.len() + 1)).contains("longer"),
                "{option}"
            );
        }
        assert!(flaw("store", "file:/a\nb").contains("control"));
        assert!(flaw("realm", "a\tb").contains("control"));
    }

    #[test]
    fn a_realm_has_one_way_to_be_written() {
        let flaw = |value: &str| find("realm").unwrap().check(value).unwrap_err();
        for value in ["", " ", ".", " . ", ":443", ".:443"] {
            assert!(flaw(value).contains("empty"), "{value:?}");
        }
        for value in [
            "https://thingspace.verizon.com",
            "thingspace.verizon.com/",
            "thingspace.verizon.com/api",
            "thingspace.verizon.com\\api",
            "user@thingspace.verizon.com",
        ] {
            assert!(flaw(value).contains("no URL"), "{value:?}");
        }
        for value in ["thingspace.verizon.com", "gateway:8443", "The Platform"] {
            assert_eq!(find("realm").unwrap().check(value), Ok(()), "{value:?}");
        }
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for info in OPTIONS {
            if !info.default.is_empty() {
                assert_eq!(info.check(info.default), Ok(()), "{}", info.name);
            }
        }
    }
}
