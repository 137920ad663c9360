//! Variables of the environment that do not do what they seem to. Pure: the environment comes in as
//! an argument. No value is told that may be a secret.

use super::finding::{Check, Findings};
use crate::endpoint::Endpoint;
use crate::options::{OPTIONS, nearest};

/// Variables that begin like an option's and are for the bindings.
const OF_BINDINGS: [&str; 1] = ["TSM_LIBRARY"];

/// The environment, as far as it is text.
pub(super) type Environment = [(String, String)];

pub(super) fn of_this_process() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let mut all: Vec<_> = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    all.sort();
    all
}

/// `platform` is where the platform is, and whether a proxy of the option's own leads there.
pub(super) fn examine(
    environment: &Environment,
    platform: Option<(&Endpoint, bool)>,
    has_ca_file: bool,
    findings: &mut Findings<'_>,
) {
    let before = findings.warnings;
    look_for_typing_errors(environment, findings);
    look_for_empty_options(environment, findings);
    if let Some((endpoint, false)) = platform
        && !endpoint.is_loopback()
    {
        look_at_proxies(environment, findings);
    }
    look_at_roots(environment, has_ca_file, findings);
    if findings.warnings == before {
        findings.fine(
            Check::Environment,
            "no variable is misspelt or without effect",
        );
    }
}

fn look_for_typing_errors(environment: &Environment, findings: &mut Findings<'_>) {
    let names = environment.iter().map(|(name, _)| name.as_str());
    let is_option = |name: &str| OPTIONS.iter().any(|info| info.variable() == name);
    for name in names.filter(|name| name.to_ascii_uppercase().starts_with("TSM_")) {
        if is_option(name) || OF_BINDINGS.contains(&name) {
            continue;
        }
        let meant = nearest(&name["TSM_".len()..]).variable();
        findings.warn(
            Check::Environment,
            format!("{name} is the variable of no option, and counts for nothing"),
            format!("Correct it to {meant}, if that was meant, or unset it"),
        );
    }
}

fn look_for_empty_options(environment: &Environment, findings: &mut Findings<'_>) {
    for info in OPTIONS {
        let name = info.variable();
        if value(environment, &name) == Some("") {
            findings.warn(
                Check::Environment,
                format!("{name} is empty, and counts as not set"),
                format!("Give {name} a value, or unset it"),
            );
        }
    }
}

fn look_at_proxies(environment: &Environment, findings: &mut Findings<'_>) {
    let set = |name| value(environment, name).filter(|value| !value.is_empty());
    for (small, capital) in [
        ("https_proxy", "HTTPS_PROXY"),
        ("all_proxy", "ALL_PROXY"),
        ("no_proxy", "NO_PROXY"),
    ] {
        if let (Some(one), Some(other)) = (set(small), set(capital))
            && one != other
        {
            findings.warn(
                Check::Environment,
                format!("{small} and {capital} differ: {small} counts, as it does for curl"),
                format!("Set both to the same, or unset {capital}"),
            );
        }
    }
    let https = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let of_http = ["http_proxy", "HTTP_PROXY"];
    if let Some(name) = of_http.into_iter().find(|name| set(name).is_some())
        && https.into_iter().all(|name| set(name).is_none())
    {
        findings.warn(
            Check::Environment,
            format!("{name} is set and HTTPS_PROXY is not: it is for http URLs, and not used"),
            "Set HTTPS_PROXY or the option proxy, if a proxy leads to the platform",
        );
    }
}

fn look_at_roots(environment: &Environment, has_ca_file: bool, findings: &mut Findings<'_>) {
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let Some(path) = value(environment, name).filter(|path| !path.is_empty()) else {
            continue;
        };
        // The directories of SSL_CERT_DIR are a list.
        let mut paths = std::env::split_paths(path);
        let is_there = match name {
            "SSL_CERT_FILE" => std::path::Path::new(path).exists(),
            _ => paths.any(|path| path.exists()),
        };
        if has_ca_file {
            findings.warn(
                Check::Environment,
                format!("{name} is set, and not used: the option ca_file says whom to trust"),
                format!("Unset {name} or ca_file"),
            );
        } else if !is_there {
            findings.warn(
                Check::Environment,
                format!("{name} names {path:?}, which is not there, instead of the system's roots"),
                format!("Correct or unset {name}"),
            );
        } else if cfg!(any(windows, target_vendor = "apple")) {
            findings.warn(
                Check::Environment,
                format!("{name} is set, and this system's own roots are used all the same"),
                "Set the option ca_file, if others are to be trusted",
            );
        }
    }
}

fn value<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let mut all = environment.iter();
    let found = all.find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Verdict};
    use super::*;

    fn warnings(target: &str, has_proxy: bool, variables: &[(&str, &str)]) -> Vec<Finding> {
        let text = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let environment: Vec<_> = variables.iter().map(text).collect();
        let endpoint = Endpoint::parse(target).unwrap();
        let mut all = Vec::new();
        let mut keep = |finding| all.push(finding);
        let mut findings = Findings::new(&mut keep);
        examine(
            &environment,
            Some((&endpoint, has_proxy)),
            false,
            &mut findings,
        );
        all.retain(|finding| finding.verdict == Verdict::Warning);
        all
    }

    const TARGET: &str = "https://api.example/api";

    #[test]
    fn a_variable_of_no_option_names_the_nearest() {
        let found = warnings(
            TARGET,
            false,
            &[("TSM_PASWORD", "s3cret"), ("TSM_STORE", "x")],
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("TSM_PASWORD"));
        assert!(found[0].remedy.contains("TSM_PASSWORD,"));
        assert!(!format!("{found:?}").contains("s3cret"));
        assert!(warnings(TARGET, false, &[("TSM_LIBRARY", "/x")]).is_empty());
        let found = warnings(TARGET, false, &[("tsm_store", "x"), ("TSM_REALM", "")]);
        assert!(found[0].remedy.contains("TSM_STORE"));
        assert!(found[1].message.contains("is empty"));
    }

    #[test]
    fn a_proxy_that_does_not_count_is_named() {
        let only_http = [("HTTP_PROXY", "http://u:s3cret@p")];
        let found = warnings(TARGET, false, &only_http);
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("s3cret"));
        assert!(warnings(TARGET, true, &only_http).is_empty());
        assert!(warnings("http://localhost/api", false, &only_http).is_empty());
        let differ = [("https_proxy", "a"), ("HTTPS_PROXY", "b")];
        assert!(
            warnings(TARGET, false, &differ)[0]
                .message
                .contains("differ")
        );
    }
}
