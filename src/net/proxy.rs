//! Which proxy leads to a server, by curl's rules: the option, else the environment's for https
//! URLs, unless NO_PROXY names the server. Pure: the environment comes in as an argument. No error
//! repeats the user or the password of a proxy.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Address;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// An HTTP proxy that opens tunnels (CONNECT).
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub address: Address,
    /// Whether TLS is spoken with the proxy itself.
    pub tls: bool,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<Secret>,
    /// Where it was named: the option, or a variable.
    pub named_by: &'static str,
}

/// `the proxy proxy.example:3128`
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}", self.address)
    }
}

/// What the option and error messages call the option.
const OPTION: &str = "the option proxy";

/// The environment's proxies for https URLs, the first that is set and not empty. Never HTTP_PROXY:
/// it is for http URLs, and in a CGI program it is a request's header.
pub(crate) const PROXY_VARIABLES: [&str; 4] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// What curl takes when a proxy's URL names no port.
const HTTP_PORT: u16 = 1080;
const HTTPS_PORT: u16 = 443;

/// The proxy on the way to `target`, if there is one.
pub(crate) fn choose(
    option: Option<&Secret>,
    environment: impl Fn(&str) -> Option<OsString>,
    target: &Endpoint,
) -> Result<Option<Proxy>> {
    if let Some(option) = option {
        return match option.reveal() {
            "none" => Ok(None),
            url => Proxy::parse(url, OPTION)
                .map(Some)
                .map_err(|flaw| unusable(OPTION, &flaw)),
        };
    }
    if target.is_loopback() {
        return Ok(None);
    }
    let variable =
        |name: &&'static str| Some((*name, environment(name).filter(|v| !v.is_empty())?));
    let Some((name, url)) = PROXY_VARIABLES.iter().find_map(variable) else {
        return Ok(None);
    };
    if let Some((_, list)) = NO_PROXY_VARIABLES.iter().find_map(variable)
        && no_proxy_names(&list.to_string_lossy(), target.host(), target.port())
    {
        return Ok(None);
    }
    let proxy = match url.to_str() {
        Some(url) => Proxy::parse(url, name),
        None => Err("is not UTF-8".to_owned()),
    };
    proxy.map(Some).map_err(|flaw| {
        unusable(name, &flaw).advising("Correct it, or set the option proxy to a proxy or to none")
    })
}

fn unusable(named_by: &str, flaw: &str) -> Error {
    Error::new(Status::InvalidArgument, format!("{named_by}: {flaw}"))
}

/// The check of the option: what is wrong with a value, without repeating it.
pub(crate) fn check(value: &str) -> std::result::Result<(), String> {
    match value {
        "none" => Ok(()),
        url => Proxy::parse(url, OPTION).map(drop),
    }
}

impl Proxy {
    /// `http[s]://[user[:password]@]host:port`
    pub fn url(&self) -> Secret {
        let scheme = if self.tls { "https" } else { "http" };
        let user = self.authorization.as_ref().map(user_in_url);
        let user = user.unwrap_or_default();
        Secret::new(format!("{scheme}://{}{}", &*user, self.address))
    }

    /// `[http[s]://][user[:password]@]host[:port]`; what follows a slash is passed over.
    fn parse(text: &str, named_by: &'static str) -> std::result::Result<Proxy, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let tls = match &*scheme.to_ascii_lowercase() {
            "http" => false,
            "https" => true,
            "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => {
                return Err("names a SOCKS proxy, which is not supported".to_owned());
            }
            _ => return Err("must begin with http:// or https://".to_owned()),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if rest[authority.len()..].contains('@') || authority.matches('@').count() > 1 {
            return Err(
                "its user and password must hold no @ / ? or #: write %40 %2F %3F or %23"
                    .to_owned(),
            );
        }
        let (user, place) = match authority.split_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let port = if tls { HTTPS_PORT } else { HTTP_PORT };
        Ok(Proxy {
            address: address(place, port)?,
            tls,
            authorization: user.map(authorization).transpose()?,
            named_by,
        })
    }
}

/// A host name or address and a port.
fn address(place: &str, default_port: u16) -> std::result::Result<Address, String> {
    const SHAPE: &str = "must be a URL such as http://proxy.example:3128";
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (ip, port) = rest.split_once(']').ok_or(SHAPE)?;
            ip.parse::<std::net::Ipv6Addr>().map_err(|_| SHAPE)?;
            (ip, port.strip_prefix(':').or(port.is_empty().then_some("")))
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let is_host = !host.is_empty() && host.chars().all(fits);
            (host, is_host.then_some(port))
        }
    };
    let port = match port.ok_or(SHAPE)? {
        "" => default_port,
        port => match port.bytes().all(|b| b.is_ascii_digit()) {
            true => port.parse().ok().filter(|port| *port != 0),
            false => None,
        }
        .ok_or("its port is not a number from 1 to 65535")?,
    };
    Ok(Address {
        host: host.to_ascii_lowercase(),
        port,
    })
}

const SCHEME: &str = "Basic ";

/// The value of `Proxy-Authorization` for `user[:password]`.
fn authorization(user: &str) -> std::result::Result<Secret, String> {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    push_decoded(&mut plain, user);
    plain.push(b':');
    push_decoded(&mut plain, password);
    if plain.iter().any(u8::is_ascii_control) {
        return Err("its user or password holds a control character".to_owned());
    }
    let mut value = String::with_capacity(SCHEME.len() + plain.len().div_ceil(3) * 4);
    value.push_str(SCHEME);
    STANDARD.encode_string(&*plain, &mut value);
    Ok(Secret::new(value))
}

/// `user:password@` as a URL has it.
fn user_in_url(authorization: &Secret) -> Zeroizing<String> {
    let encoded = authorization.reveal().trim_start_matches(SCHEME);
    let plain = Zeroizing::new(STANDARD.decode(encoded).unwrap_or_default());
    let mut url = Zeroizing::new(String::with_capacity(3 * plain.len() + 1));
    let mut colons = 0;
    for byte in plain.iter() {
        // The first colon stands between the two.
        let ends_user = *byte == b':' && colons == 0;
        colons += usize::from(ends_user);
        match ends_user || byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            true => url.push(char::from(*byte)),
            false => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url.push('@');
    url
}

/// A percent sign that two hexadecimal digits do not follow stands for itself, as in curl.
fn push_decoded(out: &mut Vec<u8>, text: &str) {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escape = match *byte {
            b'%' => digit(tail.first()).zip(digit(tail.get(1))),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                out.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            None => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
}

/// Whether a list of commas and blanks names the host: by its name, a domain above it, its address
/// or a network that holds it, each perhaps with a port. `*` alone is every host.
fn no_proxy_names(list: &str, host: &str, port: u16) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host_ip = host.parse::<IpAddr>().ok();
    let separates = |c: char| c == ',' || c.is_ascii_whitespace();
    list.split(separates)
        .any(|entry| match (host_ip, with_port(entry)) {
            (_, (_, Some(other))) if other != port => false,
            (Some(ip), (entry, _)) => holds(entry, ip),
            (None, (entry, _)) => is_in_domain(host, entry),
        })
}

/// An entry without its port and brackets, and the port. What is no port stays: it matches nothing.
fn with_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((bare, port)) = entry
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return match port.strip_prefix(':').map(str::parse) {
            Some(Ok(port)) => (bare, Some(port)),
            Some(Err(_)) => (entry, None),
            None if port.is_empty() => (bare, None),
            // `[2001:db8::]/32`
            None => (entry, None),
        };
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn is_in_domain(host: &str, domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let Some(at) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let (before, end) = host.as_bytes().split_at(at);
    !domain.is_empty()
        && end.eq_ignore_ascii_case(domain.as_bytes())
        && (before.is_empty() || before.ends_with(b"."))
}

/// Whether `network` is the address, or a network (`192.0.2.0/24`) with the address in it.
fn holds(network: &str, ip: IpAddr) -> bool {
    let (address, bits) = match network.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (network, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let bits = match bits.map(str::parse::<u32>) {
        None => None,
        Some(Ok(bits)) => Some(bits),
        Some(Err(_)) => return false,
    };
    // The bits that are the network's, of an address written as a number of `width` bits.
    let same = |a: u128, b: u128, width: u32| match bits.unwrap_or(width) {
        0 => true,
        bits if bits <= width => (a ^ b) >> (width - bits) == 0,
        _ => false,
    };
    match (address, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_said_as_a_url_with_its_user_encoded() {
        for (given, url) in [
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("https://Proxy.Example", "https://proxy.example:443"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://me@h", "http://me:@h:1080"),
            ("http://me:a%3Ab%40@h:1", "http://me:a%3Ab%40@h:1"),
            ("http://me:a:b%2F%20@h:1", "http://me:a%3Ab%2F%20@h:1"),
            ("http://m%C3%AB:x@h:1", "http://m%C3%AB:x@h:1"),
        ] {
            let proxy = Proxy::parse(given, OPTION).unwrap();
            assert_eq!(proxy.url().reveal(), url, "{given}");
        }
    }

    const TARGET: &str = "https://api.thingspace.example/api";

    fn chosen(target: &str, option: Option<&str>, environment: &[(&str, &str)]) -> Result<String> {
        let option = option.map(Secret::new);
        let environment = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let target = Endpoint::parse(target).unwrap();
        let proxy = choose(option.as_ref(), environment, &target)?;
        Ok(proxy.map_or("none".to_owned(), |proxy| {
            let scheme = if proxy.tls { "https" } else { "http" };
            format!("{scheme} {}", proxy.address)
        }))
    }

    #[test]
    fn the_one_chosen_is_curls() {
        let (a, b) = (("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2"));
        let (c, d) = (("all_proxy", "http://c:3"), ("ALL_PROXY", "http://d:4"));
        let socks = |name| (name, "socks5://s:9");
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[], "none"),
            (&[a, b, c, d], "http a:1"),
            (&[b, c, d], "http b:2"),
            (&[c, d], "http c:3"),
            (&[d], "http d:4"),
            (&[("https_proxy", ""), b], "http b:2"),
            (&[("https_proxy", ""), ("HTTPS_PROXY", ""), d], "http d:4"),
            (&[("https_proxy", "")], "none"),
            (&[("HTTP_PROXY", "http://x:1"), ("http_proxy", "x")], "none"),
            (
                &[b, socks("ALL_PROXY"), ("all_proxy", "socks://s")],
                "http b:2",
            ),
            (&[b, ("NO_PROXY", "*")], "none"),
            (&[b, ("no_proxy", ""), ("NO_PROXY", "*")], "none"),
            (&[b, ("no_proxy", "other"), ("NO_PROXY", "*")], "http b:2"),
            // Not used, so not looked at.
            (
                &[socks("HTTPS_PROXY"), ("NO_PROXY", "thingspace.example")],
                "none",
            ),
        ];
        for (environment, want) in cases {
            assert_eq!(
                chosen(TARGET, None, environment).unwrap(),
                *want,
                "{environment:?}"
            );
            // The option comes first, and NO_PROXY is not for it.
            let by_option = chosen(TARGET, Some("http://o:7"), environment);
            assert_eq!(by_option.unwrap(), "http o:7");
            assert_eq!(chosen(TARGET, Some("none"), environment).unwrap(), "none");
        }
        for loopback in [
            "http://127.0.0.1:80",
            "https://localhost",
            "https://[::1]:8443/api",
        ] {
            assert_eq!(chosen(loopback, None, &[b]).unwrap(), "none");
            assert_eq!(
                chosen(loopback, None, &[socks("HTTPS_PROXY")]).unwrap(),
                "none"
            );
            assert_eq!(chosen(loopback, Some("o"), &[]).unwrap(), "http o:1080");
        }
    }

    #[test]
    fn a_proxy_is_written_as_for_curl() {
        let cases = [
            ("http://p:3128", "http p:3128"),
            ("http://p:3128/", "http p:3128"),
            ("http://p:3128/x?y#z", "http p:3128"),
            ("HTTP://P.Example:3128", "http p.example:3128"),
            ("p:3128", "http p:3128"),
            ("p", "http p:1080"),
            ("http://p:", "http p:1080"),
            ("https://p", "https p:443"),
            ("https://p:8443", "https p:8443"),
            ("192.0.2.1:8080", "http 192.0.2.1:8080"),
            ("http://[2001:db8::1]:8080", "http [2001:db8::1]:8080"),
            ("[::1]", "http [::1]:1080"),
            ("http://me:word@p:1", "http p:1"),
            ("me@p:1", "http p:1"),
        ];
        for (text, want) in cases {
            assert_eq!(chosen(TARGET, Some(text), &[]).unwrap(), want, "{text}");
            assert_eq!(check(text), Ok(()), "{text}");
            let environment = chosen(TARGET, None, &[("HTTPS_PROXY", text)]);
            assert_eq!(environment.unwrap(), want, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_variable_and_never_shown() {
        let cases = [
            ("socks5://me:hunter2@p:1", "SOCKS"),
            ("socks://p", "SOCKS"),
            ("SOCKS4A://p", "SOCKS"),
            ("ftp://me:hunter2@p", "must begin with http:// or https://"),
            ("://p", "must begin with"),
            ("http://", "such as http://proxy.example:3128"),
            ("//p:1", "such as"),
            ("http:p:1", "its port"),
            (" http://p", "must begin with"),
            ("http://p ", "such as"),
            ("http://p:1\n", "its port"),
            ("p roxy", "such as"),
            ("http://me:hunter2@", "such as"),
            ("http://me:hunter2@:1", "such as"),
            ("http://me:hunter2@p:x", "its port"),
            ("http://me:hunter2@p:0", "its port"),
            ("http://me:hunter2@p:65536", "its port"),
            ("http://me:hunter2@p:+1", "its port"),
            ("http://::1:9", "such as"),
            ("http://[::1:9", "such as"),
            ("http://[p]:9", "such as"),
            ("http://[::1]9", "such as"),
            ("http://pröxy", "such as"),
            ("http://me@x:hunter2@p", "%40"),
            ("http://me:hunter2/x@p", "%2F"),
            ("http://me:hunter2#x@p", "%23"),
            ("http://me:hunter2%0a@p", "control character"),
            ("http://me:hunter2%00@p", "control character"),
        ];
        for (text, want) in cases {
            for name in PROXY_VARIABLES {
                let error = chosen(TARGET, None, &[(name, text)]).unwrap_err();
                assert_eq!(error.status(), Status::InvalidArgument);
                assert!(error.message().starts_with(&format!("{name}: ")), "{error}");
                assert!(error.message().contains(want), "{text:?}: {error}");
                assert!(error.message().contains("option proxy"), "{error}");
                assert!(!error.message().contains("hunter2"), "{error}");
            }
            let flaw = check(text).unwrap_err();
            assert!(flaw.contains(want) && !flaw.contains("hunter2"), "{flaw}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;

        let environment = |name: &str| {
            (name == "HTTPS_PROXY").then(|| OsString::from_vec(b"http://\xff".to_vec()))
        };
        let target = Endpoint::parse(TARGET).unwrap();
        let error = choose(None, environment, &target).unwrap_err();
        assert!(
            error.message().starts_with("HTTPS_PROXY: is not UTF-8"),
            "{error}"
        );
    }

    #[test]
    fn user_and_password_are_decoded() {
        let cases = [
            ("p", None),
            ("u:p@p", Some("u:p")),
            ("u@p", Some("u:")),
            ("u:@p", Some("u:")),
            (":p@p", Some(":p")),
            ("@p", Some(":")),
            ("u:p:q@p", Some("u:p:q")),
            ("u%40x:p%3Aq%2fr@p", Some("u@x:p:q/r")),
            ("u:p%zz%2@p", Some("u:p%zz%2")),
            ("%C3%A9:é@p", Some("é:é")),
            ("u:100%@p", Some("u:100%")),
        ];
        for (text, want) in cases {
            let proxy = Proxy::parse(text, OPTION).unwrap();
            let sent = proxy.authorization.map(|secret| {
                let encoded = secret.reveal().strip_prefix("Basic ").unwrap().to_owned();
                String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
            });
            assert_eq!(sent.as_deref(), want, "{text}");
        }
        let proxy = Proxy::parse("http://me:hunter2@p:1", OPTION).unwrap();
        let shown = format!("{proxy} {proxy:?}");
        assert!(
            !shown.contains("me:") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn no_proxy_names_hosts_as_for_curl() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "https://a.example",
                &[
                    "a.example",
                    "A.Example",
                    "a.example.",
                    ".a.example",
                    "example",
                    ".example",
                    "example.",
                    "*",
                    " * ",
                    "b,a.example",
                    "b, a.example",
                    "b a.example",
                    "b\t,\n a.example ",
                    ",,a.example,,",
                    "a.example:443",
                    "example:443",
                ],
                &[
                    "",
                    ",",
                    ".",
                    "b.example",
                    "ba.example",
                    "xample",
                    "..example",
                    "b.a.example",
                    "b,*",
                    "*.example",
                    "a.example:8443",
                    "a.example:",
                    "a.example:x",
                    "a.example;b",
                    "192.0.2.0/24",
                ],
            ),
            (
                "https://a.example.:8443",
                &["a.example", "a.example:8443"],
                &["a.example:443"],
            ),
            (
                "https://192.0.2.7",
                &[
                    "192.0.2.7",
                    "192.0.2.0/24",
                    "192.0.2.9/24",
                    "192.0.2.7/32",
                    "192.0.0.0/14",
                    "0.0.0.0/0",
                    "192.0.2.7:443",
                ],
                &[
                    "192.0.2.8",
                    "192.0.2.8/32",
                    "192.0.3.0/24",
                    "192.0.2.7/33",
                    "192.0.2.7/x",
                    "192.0.2.7/",
                    "192.0.2",
                    "2.7",
                    "::/0",
                    "192.0.2.7:80",
                ],
            ),
            (
                "https://[2001:db8::1]",
                &[
                    "2001:db8::1",
                    "[2001:db8::1]",
                    "[2001:db8::1]:443",
                    "2001:db8:0::1",
                    "2001:DB8::/32",
                    "2001:db8::/127",
                    "::/0",
                ],
                &[
                    "2001:db8::2",
                    "2001:db8::2/127",
                    "2001:db8::/129",
                    "[2001:db8::1]:80",
                    "[2001:db8::1]x",
                    "0.0.0.0/0",
                ],
            ),
        ];
        for (target, named, others) in cases {
            let lists = named.iter().map(|list| (list, "none"));
            for (list, want) in lists.chain(others.iter().map(|list| (list, "http p:1"))) {
                let environment = [("HTTPS_PROXY", "p:1"), ("NO_PROXY", list)];
                let chosen = chosen(target, None, &environment).unwrap();
                assert_eq!(chosen, want, "{target} {list:?}");
            }
        }
    }
}
