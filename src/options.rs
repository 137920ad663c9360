//! The options: one table, from which validation, environment names and every document follow.
//! An option is checked for its form here; what must hold between options is for `settings.rs`.

use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::platform::token;
use crate::store::StoreName;

/// One row of the option table.
pub struct OptionInfo {
    /// Its name, as [`Config::set`] takes it.
    pub name: &'static str,
    /// What it accepts, in words.
    pub values: &'static str,
    /// What holds when it is not set; "" for nothing.
    pub default: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    pub(crate) check: fn(&str) -> std::result::Result<(), String>,
}

macro_rules! options {
    ($($name:ident: $values:literal, $default:literal, $secret:literal, $check:expr, $doc:literal;)*) => {
        /// Every option, in the order people meet them. `TSM_` and the name in capitals is its
        /// environment variable.
        pub const OPTIONS: &[OptionInfo] = &[$(OptionInfo {
            name: stringify!($name),
            values: $values,
            default: $default,
            doc: $doc,
            secret: $secret,
            check: $check,
        }),*];
    };
}

options! {
    protocol: "rest, soap", "rest", false, one_of_protocols,
        "Which session service to log in to.";
    base_url: "https URL", "https://thingspace.verizon.com/api", false, url,
        "Where the REST API is; the paths of requests are appended. http only for loopback.";
    soap_url: "https URL", "https://uws.apps.nphase.com/api/v2", false, url,
        "The folder of the .svc services. http only for loopback.";
    username: "text", "", false, not_empty,
        "The contact that logs in.";
    password: "text", "", true, not_empty,
        "Its password.";
    api_token: "token", "", true, |value| token::api_token(value).map(drop).map_err(|e| e.message().into()),
        "A fixed API token, instead of app_key and app_secret. REST only.";
    app_key: "text without a colon", "", false, app_key,
        "The application's key, to fetch API tokens with. REST only.";
    app_secret: "text", "", true, not_empty,
        "The application's secret.";
    auto_relogin: "true, false", "true", false, boolean,
        "Whether a request refused for its session token logs in again and is sent again.";
    store: "memory:, file:, file:DIR", "file:", false, |value| StoreName::parse(value).map(drop),
        "Where the lockout guard (and a shared token) lives: in this process, or in files for all processes of this host. file: alone is the user's state directory.";
    share_token: "true, false", "false", false, boolean,
        "Whether all sessions of the same account and store use one session token.";
    realm: "text", "", false, not_empty,
        "The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway.";
    max_login_failures: "1 to 4", "3", false, |value| number(value, 1..=4),
        "How many logins may have failed, or be of unknown fate, before none is sent any more. The platform locks at 5.";
    timeout_ms: "1 to 86400000", "30000", false, |value| number(value, 1..=DAY_MS),
        "The longest a call may take, from start to end.";
    connect_timeout_ms: "1 to 86400000", "10000", false, |value| number(value, 1..=DAY_MS),
        "The longest a new connection may take, TLS included.";
    ca_file: "path", "", false, not_empty,
        "A PEM file of the root certificates to trust instead of the system's.";
    proxy: "http URL, none", "", true, proxy,
        "The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY, ALL_PROXY and NO_PROXY count, but never for loopback.";
    user_agent: "text", "thingspace-session/VERSION", false, header_text,
        "The User-Agent header.";
    max_response_bytes: "1 to 1099511627776", "16777216", false, |value| number(value, 1..=1 << 40),
        "The longest answer to take; a login's is bounded to 64 KiB.";
}

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
    let nearest = OPTIONS
        .iter()
        .min_by_key(|info| edit_distance(info.name, &option.to_ascii_lowercase()))
        .map_or("", |info| info.name);
    Error::new(
        Status::InvalidArgument,
        format!("there is no option {option:?}; did you mean {nearest:?}?"),
    )
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

fn one_of_protocols(value: &str) -> Checked {
    match value {
        "rest" | "soap" => Ok(()),
        _ => Err(format!("must be rest or soap, not {value:?}")),
    }
}

pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1")
}

fn boolean(value: &str) -> Checked {
    if is_true(value) || matches!(value, "false" | "0") {
        Ok(())
    } else {
        Err(format!("must be true or false, not {value:?}"))
    }
}

fn number(value: &str, range: std::ops::RangeInclusive<u64>) -> Checked {
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

fn url(value: &str) -> Checked {
    Endpoint::parse(value).map(drop)
}

fn proxy(value: &str) -> Checked {
    // The value may hold a password: no message repeats it.
    if value == "none" {
        return Ok(());
    }
    let http = value.starts_with("http://") || value.starts_with("https://");
    if http && ureq::Proxy::new(value).is_ok() {
        Ok(())
    } else {
        Err("must be none or a URL such as http://proxy.example:3128".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_passes_its_own_check() {
        for info in OPTIONS {
            if !info.default.is_empty() && info.name != "user_agent" {
                assert_eq!((info.check)(info.default), Ok(()), "{}", info.name);
            }
        }
    }
}
