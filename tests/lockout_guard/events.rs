//! What operators are told of the store, and that nothing they are told holds a secret.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use thingspace_session::{Call, Event, Session, Status};

use crate::scene::{RIGHT, Scene, config, get, with};

/// Logs in, and keeps what is told of that session.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Event>>>);

impl Told {
    fn login(&self, options: &Map<String, Value>) -> Result<Session, Status> {
        let mut config = config(options);
        let told = self.clone();
        config.set_event(move |event| told.0.lock().unwrap().push(event.clone()));
        Session::login(&config, &Call::new()).map_err(|error| error.status())
    }

    fn count(&self, kind: &str, detail: &str) -> usize {
        let told = self.0.lock().unwrap();
        let is_such = |event: &&Event| {
            let of = event.detail.map_or("", |detail| detail.name());
            (event.kind.name(), of) == (kind, detail)
        };
        told.iter().filter(is_such).count()
    }

    fn holds(&self, secret: &str) -> bool {
        let told = self.0.lock().unwrap();
        // With the words for programs and for people.
        let words =
            |event: &Event| format!("{event:?} {:?}", event.error.as_ref().map(|e| e.code()));
        told.iter().any(|event| words(event).contains(secret))
    }
}

#[test]
fn a_damaged_record_is_told_and_counted() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    fs::write(scene.file("json"), "half a reco").unwrap();
    let told = Told::default();
    let session = told.login(&scene.options(RIGHT)).unwrap();
    assert_eq!(told.count("store_lost", "damaged"), 1);
    assert_eq!(told.count("login_ended", "success"), 1);
    let metrics = session.metrics().unwrap();
    let line = "tsm_store_losses_total{tsm_loss_kind=\"damaged\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn a_store_that_cannot_be_used_is_told() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    fs::remove_dir_all(scene.directory()).unwrap();
    fs::write(scene.directory(), "").unwrap();
    let told = Told::default();
    assert_eq!(told.login(&scene.options(RIGHT)).err(), Some(Status::Store));
    assert_eq!(told.count("store_lost", "unusable"), 1);
    assert_eq!(told.count("login_begun", ""), 0);
}

#[test]
fn no_event_holds_a_secret() {
    let scene = Scene::new();
    let told = Told::default();
    // The platform repeats what it was sent.
    let echo = json!({"errorCode": "Any.static-test-token", "errorMessage": "no IMgr8"});
    scene.fault(json!({"on": "login", "fault": "answer", "status": 400, "body": echo}));
    for _ in 0..2 {
        told.login(&scene.options(RIGHT)).unwrap_err();
    }
    assert_eq!(told.count("login_ended", "rejected"), 1);
    assert_eq!(told.count("blocked", "rejected_password"), 1);
    scene.drop_faults();
    scene.unblock();
    let session = told.login(&scene.fetching(RIGHT)).unwrap();
    let mut tokens = Vec::new();
    for _ in 0..2 {
        tokens.push(session.token().unwrap().reveal().to_owned());
        tokens.push(session.api_token(&Call::new()).unwrap().reveal().to_owned());
        let all = json!({"what": "all"});
        scene.sandbox.control("POST", "/expire", all);
        get(&session).unwrap();
    }
    let share = with(scene.options(RIGHT), json!({"share_token": "true"}));
    for _ in 0..2 {
        told.login(&share).unwrap();
    }
    assert!(told.count("resent", "session_token") + told.count("resent", "api_token") > 0);
    assert_eq!(told.count("adopted", ""), 1);
    for secret in tokens
        .iter()
        .map(String::as_str)
        .chain([RIGHT, "static-test-token"])
    {
        assert!(!told.holds(secret), "{:?}", told.0.lock().unwrap());
        assert!(!session.metrics().unwrap().contains(secret));
    }
}
