//! Tokens that are renewed again and again, or for a call that does not live to see it: API tokens
//! outlive the call that asked for them, and no refusal makes a storm.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use thingspace_session::{Call, Session, Status};

use crate::scene::{RIGHT, Scene, get, refused, session, until, with};

fn short() -> Call {
    let call = Call::new();
    call.set_timeout(Duration::from_millis(100));
    call
}

/// A session whose API token has ended, and the next one is held back.
fn without_api_token(scene: &Scene) -> Session {
    let session = session(&scene.fetching(RIGHT)).unwrap();
    scene
        .sandbox
        .control("POST", "/expire", json!({"what": "api_token"}));
    scene.fault(json!({"on": "oauth", "fault": "hold"}));
    session
}

#[test]
fn an_api_token_comes_though_every_call_is_shorter_than_the_way_to_it() {
    let scene = Scene::new();
    let session = without_api_token(&scene);
    for _ in 0..3 {
        let given_up = session.renew_api_token(&short(), None).unwrap_err();
        assert_eq!(given_up.status(), Status::Timeout);
        // Of the first the time may be up before anything is done.
        until("it was sent", || scene.sandbox.counter("oauth") == 2);
    }
    let given_up = session.renew_api_token(&short(), None).unwrap_err();
    assert!(given_up.message().contains("API token"), "{given_up}");
    assert_eq!(scene.sandbox.counter("oauth"), 2);
    scene.drop_faults();
    until("it has come", || get(&session) == Ok(200));
    assert_eq!(scene.sandbox.counter("oauth"), 2);
}

#[test]
fn those_who_follow_do_not_get_the_deadline_of_the_one_who_began() {
    let scene = Scene::new();
    let session = without_api_token(&scene);
    std::thread::scope(|scope| {
        let hasty = scope.spawn(|| session.renew_api_token(&short(), None));
        until("it was sent", || scene.sandbox.counter("oauth") == 2);
        let patient: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| session.renew_api_token(&Call::new(), None)))
            .collect();
        let given_up = hasty.join().unwrap().unwrap_err();
        assert_eq!(given_up.status(), Status::Timeout);
        scene.drop_faults();
        for follower in patient {
            follower.join().unwrap().unwrap();
        }
    });
    assert_eq!(get(&session), Ok(200));
}

#[test]
fn an_interrupt_function_may_call_the_library() {
    let scene = Scene::new();
    let session = Arc::new(without_api_token(&scene));
    let inside = Arc::clone(&session);
    let asked = Arc::new(AtomicU32::new(0));
    let times = Arc::clone(&asked);
    let call = Call::new();
    call.set_interrupt(Some(Box::new(move || {
        assert!(inside.token().is_ok());
        let _ = inside.renew_api_token(&short(), None);
        let _ = inside.relogin(&short(), None);
        // The first question comes as the call begins, the second while it waits.
        times.fetch_add(1, Ordering::SeqCst) % 2 == 1
    })));
    let error = session.renew_api_token(&call, None).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let error = session.relogin(&call, None).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    scene.drop_faults();
    until("it works again", || get(&session) == Ok(200));
}

#[test]
fn an_api_token_that_lives_no_time_is_not_fetched_for_every_request() {
    for expires_in in [
        json!(0),
        json!("0"),
        json!(-0.0),
        json!(1e-9),
        json!(-5),
        json!(0.4),
    ] {
        let scene = Scene::new();
        scene.settings(json!({"expires_in": expires_in}));
        let session = session(&scene.fetching(RIGHT)).unwrap();
        for _ in 0..40 {
            assert_eq!(get(&session), Ok(200), "{expires_in}");
        }
        let fetches = scene.sandbox.counter("oauth");
        assert!(fetches < 5, "{expires_in}: {fetches}");
    }
}

#[test]
fn what_refuses_every_token_costs_no_login_for_each_request() {
    for (refusal, most) in [
        (json!({"session_refused_at": ["/m2m/v1/accounts/"]}), 8),
        (
            json!({"session_refused_at": ["/m2m/v1/accounts/"], "expired_shape": "bare401"}),
            8,
        ),
    ] {
        let scene = Scene::new();
        let session = session(&scene.fetching(RIGHT)).unwrap();
        scene.settings(refusal);
        for n in 0..100 {
            let refused = get(&session).unwrap_err();
            assert!(
                [Status::SessionExpired, Status::ApiToken].contains(&refused),
                "{n}"
            );
        }
        assert!(scene.logins() <= most, "{} logins", scene.logins());
        assert!(scene.sandbox.counter("oauth") <= most);
        // It is the same for those who send by themselves and ask for a login.
        for _ in 0..100 {
            let token = session.token().unwrap();
            let _ = session.relogin(&Call::new(), Some(token.reveal()));
        }
        assert!(scene.logins() <= most, "{} logins", scene.logins());
    }
}

#[test]
fn an_api_token_that_is_always_refused_is_not_fetched_for_each_request() {
    let scene = Scene::new();
    let session = session(&scene.fetching(RIGHT)).unwrap();
    scene.fault(json!({"on": "api", "fault": "api_token_rejected", "times": -1}));
    for _ in 0..100 {
        assert_eq!(get(&session), Err(Status::ApiToken));
    }
    let fetches = scene.sandbox.counter("oauth");
    assert!(fetches <= 8, "{fetches} fetches");
    assert_eq!(scene.logins(), 1);
}

#[test]
fn two_sessions_that_end_each_others_do_not_play_ping_pong() {
    let scene = Scene::new();
    scene.settings(json!({"login_ends_older_sessions": true}));
    let sessions = [(); 2].map(|()| session(&scene.options(RIGHT)).unwrap());
    for _ in 0..100 {
        for session in &sessions {
            let _ = get(session);
        }
    }
    // Each login is a good one; there are a few dozen, not one for each of the 200 requests.
    assert!(scene.logins() <= 40, "{} logins", scene.logins());
    assert_eq!(scene.most_strikes(), 0);

    let shared = with(scene.options(RIGHT), json!({"share_token": "true"}));
    let sessions = [(); 2].map(|()| session(&shared).unwrap());
    let before = scene.logins();
    for _ in 0..20 {
        for session in &sessions {
            assert_eq!(get(session), Ok(200));
        }
    }
    assert!(scene.logins() <= before + 1);
}

#[test]
fn what_the_oauth_server_asks_to_wait_holds_for_all_sessions_of_the_application() {
    let scene = Scene::new();
    scene.fault(json!({"on": "oauth", "fault": "status", "status": 429, "retry_after": 600}));
    for n in 0..5 {
        let error = refused(&scene.fetching(RIGHT));
        assert_eq!(error.status(), Status::RateLimited, "{error}");
        assert_eq!(error.message().contains("was not sent"), n > 0, "{error}");
        assert!(
            error.retry_after() > Some(Duration::from_secs(500)),
            "{error}"
        );
    }
    assert_eq!(scene.sandbox.counter("oauth"), 1);
    assert_eq!(scene.logins(), 0);
    // Another application waits for nothing.
    let other = with(scene.fetching(RIGHT), json!({"app_key": "other"}));
    assert_eq!(refused(&other).status(), Status::ApiToken);
    assert_eq!(scene.sandbox.counter("oauth"), 2);
}

#[test]
fn our_own_words_are_not_masked() {
    for password in ["password", "rejected", "the username", "lock"] {
        let scene = Scene::new();
        let body =
            json!({"errorCode": "X.LoginFailed", "errorMessage": format!("not {password}!")});
        scene.fault(json!({"on": "login", "fault": "status", "status": 400, "body": body}));
        let error = refused(&scene.options(password));
        assert_eq!(error.status(), Status::Credentials);
        let message = error.message();
        let ours = "the platform rejected the username or password";
        assert!(message.contains(ours), "{password}: {message}");
        assert!(message.contains("lock the contact record"), "{message}");
        assert!(message.contains("not ***!"), "{password}: {message}");
    }
}
