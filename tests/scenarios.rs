//! Runs every scenario of `tests/scenarios` through the Rust API, against a sandbox of its own: by
//! the session's requests, and by an HTTP client of its own that an exchange tells what to do.
//! `tests/scenarios/README.md` says what they may hold.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use thingspace_sandbox::Sandbox;
use thingspace_session::{
    Call, Config, Error, Next, Request, RequestTokens, Result, Session, Status,
};

#[test]
fn every_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    assert!(files.len() > 20, "the scenarios are missing");
    let mut failed = Vec::new();
    for path in &files {
        let scenario: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for via in ways(&scenario) {
            let name = format!("{} via {via:?}", path.file_stem().unwrap().display());
            if std::panic::catch_unwind(|| run(&scenario, &name, via)).is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Who sends the requests of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Via {
    Session,
    Adapter,
}

/// What the scenario says; else both ways, if it has a request to send.
fn ways(scenario: &Value) -> Vec<Via> {
    let has_requests = || {
        let steps = scenario["steps"].as_array().unwrap();
        steps.iter().any(|step| step["do"] == "request")
    };
    match &scenario["via"] {
        Value::Array(ways) => ways
            .iter()
            .map(|way| match way.as_str() {
                Some("session") => Via::Session,
                Some("adapter") => Via::Adapter,
                _ => panic!("there is no way {way}"),
            })
            .collect(),
        _ if has_requests() => vec![Via::Session, Via::Adapter],
        _ => vec![Via::Session],
    }
}

fn run(scenario: &Value, name: &str, via: Via) {
    let mut stage = Stage::new(scenario, name, via);
    for (n, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        stage.play(n + 1, step);
    }
    for (counter, wanted) in scenario["wire"].as_object().unwrap() {
        let counted = stage.sandbox.counter(counter);
        assert_eq!(Some(counted), wanted.as_u64(), "{name}: wire: {counter}");
    }
    if let Some(wanted) = scenario.get("events") {
        assert_eq!(&json!(*stage.events.lock().unwrap()), wanted, "{name}");
    }
}

/// What one scenario works with, and what it remembers between steps.
struct Stage {
    name: String,
    via: Via,
    sandbox: Sandbox,
    options: Map<String, Value>,
    sessions: HashMap<String, Session>,
    refused: Option<String>,
    tokens: HashMap<String, String>,
    /// Those of all its sessions.
    events: Arc<Mutex<Vec<String>>>,
    temp: tempdir::TempDir,
}

/// What a step gave.
#[derive(Default)]
struct Outcome {
    response: Option<Answer>,
    token: Option<String>,
    info: Option<Value>,
}

/// An answer, whoever got it.
struct Answer {
    http: u16,
    body: Vec<u8>,
}

impl From<thingspace_session::Response> for Answer {
    fn from(response: thingspace_session::Response) -> Answer {
        Answer {
            http: response.status(),
            body: response.body().to_vec(),
        }
    }
}

impl Stage {
    fn new(scenario: &Value, name: &str, via: Via) -> Stage {
        let sandbox = Sandbox::start(thingspace_sandbox::Options::default()).unwrap();
        let mut options = json!({
            "base_url": sandbox.base_url(),
            "soap_url": sandbox.soap_url(),
            "username": "zbeeblebrox",
            "password": "IMgr8",
            "app_key": "key",
            "app_secret": "secret",
            "store": "memory:",
        });
        let options = options.as_object_mut().unwrap();
        options.extend(scenario["options"].as_object().unwrap().clone());
        Stage {
            name: name.to_owned(),
            via,
            options: options.clone(),
            sandbox,
            sessions: HashMap::new(),
            refused: None,
            tokens: HashMap::new(),
            events: Arc::default(),
            temp: tempdir::TempDir::new(),
        }
    }

    fn play(&mut self, n: usize, step: &Value) {
        let place = format!("{}, step {n}: {step}", self.name);
        let expect = step["expect"].as_object().cloned().unwrap_or_default();
        match self.act(step) {
            Ok(outcome) => {
                assert_eq!(expect.get("error"), None, "{place}: it succeeded");
                self.compare(step, &expect, &outcome, &place);
            }
            Err(error) => {
                let token = error.token().map(|token| token.reveal().to_owned());
                let seen_by_adapter = self.via == Via::Adapter && step["do"] == "request";
                compare_error(&expect, &error, seen_by_adapter, &place);
                self.refused = token;
            }
        }
    }

    fn act(&mut self, step: &Value) -> Result<Outcome> {
        let call = Call::new();
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        let session_name = step["as"].as_str().unwrap_or("main").to_owned();
        match text("do") {
            "login" => {
                let session = Session::login(&self.config(step)?, &call)?;
                self.sessions.insert(session_name, session);
                return Ok(Outcome::default());
            }
            "sandbox" => {
                let body = self.filled_json(&step["body"]);
                self.sandbox.control(text("method"), text("path"), body);
                return Ok(Outcome::default());
            }
            "check" => {
                let http = step["http"].as_i64().unwrap() as i32;
                return thingspace_session::check(http, text("body").as_bytes())
                    .map(|_| Outcome::default());
            }
            "unblock" => {
                return thingspace_session::unblock(&self.config(step)?)
                    .map(|_| Outcome::default());
            }
            "free" => {
                self.sessions.remove(&session_name);
                return Ok(Outcome::default());
            }
            _ => {}
        }
        let session = &self.sessions[&session_name];
        let named_token = match text("token") {
            "" | "held" => None,
            "refused" => Some(self.refused.as_deref().expect("no token was refused")),
            other => Some(other),
        };
        let mut outcome = Outcome::default();
        match text("do") {
            "request" => {
                let headers: Vec<(&str, &str)> = step["headers"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|header| header.as_str().unwrap().split_once(':').unwrap())
                    .map(|(name, value)| (name, value.trim()))
                    .collect();
                let request = Request {
                    method: text("method"),
                    path: text("path"),
                    headers: &headers,
                    body: text("body").as_bytes(),
                };
                outcome.response = Some(match self.via {
                    Via::Session => {
                        let response = session.request(&call, request)?;
                        checked(step, || response.check())?;
                        response.into()
                    }
                    Via::Adapter => {
                        let base_url = self.sandbox.base_url();
                        let answer = adapter::request(session, &call, base_url, &request)?;
                        checked(step, || check(&answer))?;
                        answer
                    }
                });
            }
            "soap" => {
                let body = text("body").as_bytes();
                let answer = session.soap_call(&call, text("service"), text("operation"), body)?;
                checked(step, || answer.check())?;
                outcome.response = Some(answer.into());
            }
            "relogin" => session.relogin(&call, named_token)?,
            "renew_api_token" => session.renew_api_token(&call, named_token)?,
            "token" => outcome.token = Some(session.token()?.reveal().to_owned()),
            "api_token" => outcome.token = Some(session.api_token(&call)?.reveal().to_owned()),
            "logout" => session.logout(&call)?,
            "cancel" => session.cancel(),
            "info" => outcome.info = Some(serde_json::from_str(&session.info()?).unwrap()),
            other => panic!("{}: there is no step {other:?}", self.name),
        }
        Ok(outcome)
    }

    fn config(&self, step: &Value) -> Result<Config> {
        let mut options = self.options.clone();
        options.extend(step["options"].as_object().cloned().unwrap_or_default());
        let mut config = Config::new();
        for (name, value) in &options {
            if let Some(value) = value.as_str() {
                config.set(name, &self.filled(value))?;
            }
        }
        let events = Arc::clone(&self.events);
        config.set_event(move |event| {
            let detail = event.detail.map_or("", |detail| detail.name());
            let words = format!("{} {detail}", event.kind.name());
            // Whether the lease is free yet when the next login wants it is chance.
            if words != "waited lease" {
                events.lock().unwrap().push(words.trim_end().to_owned());
            }
        });
        Ok(config)
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{{base_url}}", self.sandbox.base_url())
            .replace("{{soap_url}}", self.sandbox.soap_url())
            .replace("{{temp}}", &self.temp.path().to_string_lossy())
            .replace("{{padding}}", &"x".repeat(100_000))
    }

    fn filled_json(&self, value: &Value) -> Value {
        let Some(object) = value.as_object() else {
            return value.clone();
        };
        let filled = |(name, value): (&String, &Value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.clone(), |text| self.filled(text).into());
            (name.clone(), value)
        };
        Value::Object(object.iter().map(filled).collect())
    }

    fn compare(&mut self, step: &Value, expect: &Map<String, Value>, got: &Outcome, place: &str) {
        let response = || got.response.as_ref().expect(place);
        let what = format!("{} {}", step["as"], step["do"]);
        for (key, wanted) in expect {
            match key.as_str() {
                "http" => assert_eq!(json!(response().http), *wanted, "{place}"),
                "body_has" => {
                    let body = String::from_utf8_lossy(&response().body).into_owned();
                    assert!(body.contains(wanted.as_str().unwrap()), "{place}: {body}");
                }
                "same_token" | "new_token" => {
                    let same = self.tokens.get(&what) == got.token.as_ref();
                    assert_eq!(same, key == "same_token", "{place}");
                }
                "info" => {
                    let info = got.info.as_ref().expect(place);
                    for (name, value) in wanted.as_object().unwrap() {
                        assert_eq!(info.get(name), Some(value), "{place}: {name}");
                    }
                }
                other => panic!("{place}: a success has no {other:?}"),
            }
        }
        if let Some(token) = &got.token {
            self.tokens.insert(what, token.clone());
        }
    }
}

fn checked(step: &Value, check: impl FnOnce() -> Result<()>) -> Result<()> {
    match step["check"].as_bool() {
        Some(true) => check(),
        _ => Ok(()),
    }
}

fn check(answer: &Answer) -> Result<()> {
    thingspace_session::check(answer.http.into(), &answer.body)
}

/// `seen_by_adapter`: made by a check that saw neither the headers of the answer nor the tokens.
fn compare_error(expect: &Map<String, Value>, error: &Error, seen_by_adapter: bool, place: &str) {
    assert!(expect.contains_key("error"), "{place}: {error}");
    for (key, wanted) in expect {
        let got = match key.as_str() {
            "retry_after_ms" | "refused_token" if seen_by_adapter => continue,
            "error" => json!(error.status().name()),
            "code" => json!(error.code()),
            "http" => json!(error.http_status()),
            "retryable" => json!(error.retryable()),
            "retry_after_ms" => json!(error.retry_after().map_or(-1, |d| d.as_millis() as i64)),
            "refused_token" => json!(error.token().is_some()),
            "message_has" => {
                let text = wanted.as_str().unwrap();
                assert!(error.message().contains(text), "{place}: {error}");
                continue;
            }
            other => panic!("{place}: an error has no {other:?}"),
        };
        assert_eq!(got, *wanted, "{place}: {key}: {error}");
    }
}

mod adapter {
    //! An HTTP client of its own, which an exchange tells what to send and when to send it again.

    use ureq::Agent;
    use ureq::http;

    use super::{Answer, Call, Next, Request, RequestTokens, Result, Session, Status, check};

    /// Like `Session::request`: a token that stays refused is an error.
    pub fn request(
        session: &Session,
        call: &Call,
        base_url: &str,
        request: &Request<'_>,
    ) -> Result<Answer> {
        let url = [base_url, request.path].concat();
        let mut exchange = session.exchange(Some(&url))?;
        loop {
            if let Some(tokens) = exchange.tokens()? {
                let answer = send(&url, request, session.session_token_header(), &tokens);
                let seen = answer
                    .body
                    .len()
                    .min(exchange.body_max(answer.http.into()) + 1);
                if exchange.answered(answer.http.into(), &answer.body[..seen])? == Next::Done {
                    return match check(&answer) {
                        Err(error)
                            if matches!(
                                error.status(),
                                Status::SessionExpired | Status::ApiToken
                            ) =>
                        {
                            Err(error)
                        }
                        _ => Ok(answer),
                    };
                }
            }
            exchange.renew(call, true)?;
        }
    }

    fn send(url: &str, request: &Request<'_>, header: &str, tokens: &RequestTokens) -> Answer {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .build();
        let api_token = tokens.api_token().expect("a REST session has one");
        let mut sent = http::Request::builder()
            .method(request.method)
            .uri(url)
            .header("Authorization", format!("Bearer {}", api_token.reveal()))
            .header(header, tokens.session_token().reveal());
        for (name, value) in request.headers {
            sent = sent.header(*name, *value);
        }
        let sent = sent.body(request.body.to_vec()).unwrap();
        let mut answer = Agent::new_with_config(config).run(sent).unwrap();
        Answer {
            http: answer.status().as_u16(),
            body: answer.body_mut().read_to_vec().unwrap(),
        }
    }
}

mod tempdir {
    //! A private folder that goes when it is dropped.

    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    pub struct TempDir(PathBuf);

    impl TempDir {
        pub fn new() -> TempDir {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("thingspace-scenario-{}-{n}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            TempDir(path)
        }

        pub fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
