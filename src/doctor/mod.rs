//! Looks for what keeps a session from working, and says what to do about it. Each thing is tried
//! in the way in which sessions do it, by the same code; no login is sent unless that is asked for.

mod certificate;
mod environment;
mod files;
mod finding;
mod guard;
mod network;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub use finding::{Check, Finding, Verdict};

use self::finding::Findings;
use self::network::Journey;
use crate::call::{Call, Running};
use crate::config::Config;
use crate::error::Result;
use crate::options::OPTIONS;
use crate::runtime;
use crate::session::Session;
use crate::settings::Protocol;

/// The longest that all of it takes, where the call says nothing else. Each check has its own
/// bound.
const LONGEST: Duration = Duration::from_secs(180);

const CORRECT: &str = "Set, correct or unset that option: directly (a flag of the command line), \
                       in the environment (TSM_…), or as a default (a profile)";

/// Looks at everything that a session of this configuration needs, and tells each finding as it
/// comes, one at least for each [`Check`] but those of a login. With `login` it fetches an API
/// token and logs in at the end, through the lockout guard as any session, unless something failed
/// before.
///
/// What is wrong is a finding. It fails where the call was ended before all was looked at.
pub fn diagnose(
    config: &Config,
    call: &Call,
    login: bool,
    mut found: impl FnMut(Finding),
) -> Result<()> {
    let runtime = runtime::system();
    let running = Running::start(call, Arc::default(), LONGEST);
    let findings = &mut Findings::new(&mut found);
    let version = env!("CARGO_PKG_VERSION");
    findings.fine(Check::Library, format!("thingspace-session {version}"));
    examine_configuration(config, findings);
    let network = config.network();
    let platform = network.as_ref().ok();
    environment::examine(
        &environment::of_this_process(),
        platform.map(|network| (&network.endpoint, network.proxy.is_some())),
        config.get("ca_file").is_some(),
        findings,
    );
    files::examine(config, findings);
    let protocol = Protocol::of(config);
    match config.account() {
        Ok(account) => {
            let failures = findings.failures;
            store::examine(&account, &running, &runtime, findings);
            running.check()?;
            if findings.failures > failures {
                findings.not_tried(Check::Guard, "since store failed before");
            } else {
                let password = config.password_source().ok().flatten();
                let name = protocol.name();
                guard::examine(&account, name, password, &running, &runtime, findings);
            }
        }
        Err(error) => {
            let why = format!("since it is not known whose it is: {}", error.message());
            findings.not_tried(Check::Store, &why);
            findings.not_tried(Check::Guard, &why);
        }
    }
    running.check()?;
    match &network {
        Ok(network) => {
            let journey = Journey {
                network,
                protocol,
                running: &running,
                runtime: &runtime,
            };
            journey.examine(findings);
        }
        Err(error) => findings.not_tried(Check::Connection, error.message()),
    }
    running.check()?;
    if login {
        try_login(config, call, findings);
    }
    running.check()
}

/// Says what is set, and in which way; and whether all of it fits together.
fn examine_configuration(config: &Config, findings: &mut Findings<'_>) {
    if let Err(error) = config.settings() {
        return findings.error(Check::Configuration, &error, CORRECT);
    }
    if matches!(config.password_source(), Ok(None)) {
        findings.warn(
            Check::Configuration,
            "no password is set: a shared session token serves until it expires, and no \
             longer",
            "Set the option password_file (TSM_PASSWORD_FILE)",
        );
    }
    let mut set: Vec<(String, Vec<&str>)> = Vec::new();
    for info in OPTIONS {
        let Some(source) = config.source(info.name) else {
            continue;
        };
        let source = source.name(info);
        match set.iter_mut().find(|(known, _)| *known == source) {
            Some((_, names)) => names.push(info.name),
            None => set.push((source, vec![info.name])),
        }
    }
    let words = |(source, names): &(String, Vec<&str>)| format!("{source}: {}", names.join(", "));
    let words: Vec<String> = set.iter().map(words).collect();
    findings.fine(Check::Configuration, format!("set {}", words.join("; ")));
}

fn try_login(config: &Config, call: &Call, findings: &mut Findings<'_>) {
    if findings.failures > 0 {
        let why = "since something failed before";
        if Protocol::of(config) == Protocol::Rest {
            findings.not_tried(Check::ApiToken, why);
        }
        return findings.not_tried(Check::Login, why);
    }
    let mut session = match Session::open(config, call) {
        Ok(session) => session,
        Err(error) => return findings.error(Check::Login, &error, CORRECT),
    };
    if Protocol::of(config) == Protocol::Rest {
        if let Err(error) = session.api_token(call) {
            let remedy = "Correct app_key and app_secret, or api_token";
            findings.error(Check::ApiToken, &error, remedy);
            return findings.not_tried(Check::Login, "since there is no API token");
        }
        let is_set = |option: &&str| matches!(config.is_set(option), Ok(true));
        match ["api_token", "api_token_file"].iter().any(is_set) {
            true => findings.not_tried(
                Check::ApiToken,
                "since it is a fixed one, which only a login or another request tries",
            ),
            false => findings.fine(Check::ApiToken, "one was fetched"),
        }
    }
    match log_in(&mut session, call) {
        Ok(message) => findings.fine(Check::Login, message),
        Err(error) => findings.error(Check::Login, &error, error.status().doc()),
    }
}

fn log_in(session: &mut Session, call: &Call) -> Result<&'static str> {
    session.relogin(call, None)?;
    Ok(match session.logins() {
        0 => "a session token that is shared was adopted: no login was needed",
        _ => "the platform gave a session token",
    })
}
