//! Where the platform is: a base URL that is safe to send credentials to, and the realm whose
//! failed logins are counted together.

use ureq::http::Uri;

use crate::net::Address;

/// The hosts of the production platform: REST and SOAP log in to the same contact records.
const PRODUCTION: [&str; 2] = ["thingspace.verizon.com", "uws.apps.nphase.com"];

/// A checked base URL: https, or http to loopback; no user, query or fragment.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    url: String,
    https: bool,
    host: String,
    port: u16,
}

impl Endpoint {
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        if text.contains(['@', '?', '#']) {
            return Err("a URL here holds no user, query or fragment".into());
        }
        let uri: Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("must begin with https://".into()),
        };
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        // The dot of a fully qualified name is no part of it.
        let host = host.trim_end_matches('.').to_owned();
        if host.is_empty() {
            return Err("names no host".into());
        }
        let written_port = uri.authority().map_or("", |authority| authority.as_str());
        let written_port = written_port.rsplit(']').next().unwrap_or_default();
        if let Some((_, port)) = written_port.split_once(':')
            && (!port.bytes().all(|b| b.is_ascii_digit())
                || !matches!(port.parse(), Ok(1..=u16::MAX)))
        {
            return Err("its port is not a number from 1 to 65535".into());
        }
        let endpoint = Endpoint {
            url: text.trim_end_matches('/').to_owned(),
            https,
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
            host,
        };
        if !https && !endpoint.is_loopback() {
            return Err("must be https://; plain http is for loopback alone".into());
        }
        Ok(endpoint)
    }

    /// The URL without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As in a URL: an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a URL has behind its origin. Refuses one of another origin (scheme, host, port). What a
    /// lenient HTTP client might read in another way than we do (a user, a backslash, white space)
    /// is refused, too.
    pub fn path_of<'a>(&self, url: &'a str) -> Result<&'a str, String> {
        let own = self.origin();
        let elsewhere = |to: &str| {
            format!("the request goes to {to}; the session's tokens are for {own} and nowhere else")
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(elsewhere("what is not an absolute URL"));
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let origin = format!("{}://{authority}", scheme.to_ascii_lowercase());
        match Endpoint::parse(&origin) {
            Ok(endpoint) if endpoint.origin() == own => Ok(path),
            Ok(endpoint) => Err(elsewhere(&endpoint.origin())),
            // It may hold a user and a password, so it is not repeated.
            Err(flaw) => Err(elsewhere(&format!("a URL that {flaw}"))),
        }
    }

    pub fn is_https(&self) -> bool {
        self.https
    }

    pub fn address(&self) -> Address {
        Address::new(&self.host, self.port)
    }

    fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    /// The platform this endpoint belongs to: host and port, the production hosts as one.
    pub fn realm(&self) -> String {
        if self.https && self.port == 443 {
            Endpoint::named_realm(&self.host)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// A realm by its name, case and the https port folded.
    pub fn named_realm(name: &str) -> String {
        let name = name.trim().to_lowercase();
        let name = name.trim_end_matches('.');
        let name = name.strip_suffix(":443").unwrap_or(name);
        let name = name.trim_end_matches('.');
        if PRODUCTION.contains(&name) {
            PRODUCTION[0].to_owned()
        } else {
            name.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for url in [
            "http://127.0.0.1:80/api",
            "http://localhost",
            "http://[::1]:9/x/",
            "https://host",
        ] {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://localhost@example.com",
            "https://",
            "//host",
            "host",
            "",
            "https://host/?a",
            "https://host/#a",
            "https://a b/",
            "https://host:99999/",
            "https://host:/",
            "https://host:0",
            "http://[::1]:x/",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let endpoint = Endpoint::parse("https://ThingSpace.Verizon.com/api").unwrap();
        for (origin, path) in [
            ("https://thingspace.verizon.com", ""),
            ("https://thingspace.verizon.com", "/"),
            ("HTTPS://THINGSPACE.verizon.com.:443", "/api/v1/x?a=b@c#d"),
            ("https://thingspace.verizon.com", "?q=http://evil.example/"),
            ("https://thingspace.verizon.com", "/@evil.example\\"),
        ] {
            assert_eq!(endpoint.path_of(&format!("{origin}{path}")), Ok(path));
        }
        for url in [
            "",
            "/m2m/v1/x",
            "thingspace.verizon.com/x",
            "//thingspace.verizon.com/x",
            "http://thingspace.verizon.com/x",
            "https://thingspace.verizon.com:8443/x",
            "https://thingspace.verizon.com:/x",
            "https://thingspace.verizon.com.evil.example/x",
            "https://evil.example/thingspace.verizon.com",
            "https://thingspace.verizon.com@evil.example/x",
            "https://user:word@thingspace.verizon.com/x",
            "https://evil.example\\@thingspace.verizon.com/x",
            "https://thingspace.verizon.com\\.evil.example/x",
            "https://evil.example#@thingspace.verizon.com/x",
            " https://thingspace.verizon.com/x",
            "https://\tthingspace.verizon.com/x",
            "https:///thingspace.verizon.com/x",
            "https://evil.example\n//thingspace.verizon.com",
            "ftp://thingspace.verizon.com/x",
            "https://thingspace\u{3002}verizon.com/x",
        ] {
            let error = endpoint.path_of(url).unwrap_err();
            assert!(
                error.contains("https://thingspace.verizon.com:443"),
                "{url}"
            );
            assert!(!error.contains("word"), "{error}");
        }
        let sandbox = Endpoint::parse("http://127.0.0.1:8080/api").unwrap();
        assert!(sandbox.path_of("http://127.0.0.1:8080/api/x").is_ok());
        assert!(sandbox.path_of("http://localhost:8080/api/x").is_err());
        let v6 = Endpoint::parse("http://[::1]:8080/api").unwrap();
        assert!(v6.path_of("http://[::1]:8080/api/x").is_ok());
        assert!(v6.path_of("http://[::1]/api/x").is_err());
    }

    #[test]
    fn realms_fold_case_and_default_port() {
        let realm = |url: &str| Endpoint::parse(url).unwrap().realm();
        assert_eq!(
            realm("https://ThingSpace.Verizon.com:443/api"),
            realm("https://uws.apps.nphase.com/api/v2")
        );
        assert_eq!(
            realm("https://thingspace.verizon.com./api"),
            realm("https://thingspace.verizon.com/api")
        );
        assert_eq!(
            realm("https://Staging.example/x"),
            realm("https://staging.example:443")
        );
        for name in ["ThingSpace.Verizon.com:443.", " uws.apps.nphase.com.:443 "] {
            assert_eq!(Endpoint::named_realm(name), "thingspace.verizon.com");
        }
        assert_ne!(realm("https://a.example"), realm("https://a.example:8443"));
        assert_ne!(realm("http://localhost"), realm("https://localhost"));
    }
}
