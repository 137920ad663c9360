//! Outages, from a blip to days of maintenance: what is sent meanwhile, when the account is back,
//! and what a person is told.

use std::time::Duration;

use serde_json::{Value, json};
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, USER, get, refused, session, until, with};

#[test]
fn threads_that_meet_one_expiry_and_a_cut_connection_send_one_login() {
    for fault in ["close_after", "reset_before", "half_body"] {
        let scene = Scene::new();
        let session = session(&scene.options(RIGHT)).unwrap();
        scene.expire();
        scene.fault(json!({"on": "login", "fault": fault}));
        // One that is let go when all have met the expiry.
        scene.fault(json!({"on": "api", "fault": "hold", "times": 24}));
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..24).map(|_| scope.spawn(|| get(&session))).collect();
            until("all are sent", || scene.sandbox.counter("held") == 24);
            scene.sandbox.control("POST", "/release", json!({}));
            for thread in threads {
                assert_eq!(thread.join().unwrap(), Err(Status::Network), "{fault}");
            }
        });
        for _ in 0..24 {
            assert_eq!(get(&session), Err(Status::Network), "{fault}");
        }
        assert_eq!(scene.logins(), 2, "{fault}");
        assert_eq!(scene.slots(), (0, 1), "{fault}");
        assert_eq!(scene.login_after(6, RIGHT), "OK", "{fault}");
    }
}

/// Under Wine so many processes may take longer to begin than a login has time.
#[cfg(target_os = "linux")]
#[test]
fn processes_that_begin_while_a_connection_is_cut_send_one_login() {
    // Where the password never worked before, too.
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "close_after", "hold": "cut"}));
    let options = scene.options(RIGHT);
    let mut all = vec![Helper::login(&options)];
    scene.wait_for_logins(1);
    all.extend((1..16).map(|_| Helper::login(&options)));
    all[1..].iter_mut().for_each(Helper::wait_until_it_waits);
    scene
        .sandbox
        .control("POST", "/release", json!({"hold": "cut"}));
    let outcomes: Vec<_> = all.iter_mut().map(Helper::outcome).collect();
    assert!(
        outcomes.iter().all(|o| o == "TSM_E_NETWORK"),
        "{outcomes:?}"
    );
    assert_eq!(scene.logins(), 1);
    assert_eq!(scene.login_after(6, RIGHT), "OK");
}

#[test]
fn an_outage_is_told_with_the_time_of_the_next_login_and_with_what_to_do() {
    let scene = Scene::new();
    scene.lose_answers(-1);
    let first = refused(&scene.options(RIGHT));
    assert_eq!(first.status(), Status::Network);
    let words = "The platform may have counted it: the next login may leave in 5 s";
    assert!(first.message().contains(words), "{first}");

    let login = |seconds: u64| {
        let job = Helper::job(&scene.options(RIGHT), json!([{"do": "login"}]));
        job.after(seconds).start().whole_outcome()
    };
    let (status, words) = login(6);
    assert_eq!(status, "TSM_E_NETWORK");
    assert!(
        words.contains("the next login may leave in 60 s"),
        "{words}"
    );
    let (_, words) = login(7);
    assert!(
        words.contains("this one was not sent: the next one may leave in"),
        "{words}"
    );
    // The password never worked here: only a person knows whether it is right.
    let (status, words) = login(67);
    assert_eq!(status, "TSM_E_NETWORK");
    assert!(
        words.contains("mend the cause, then unblock the account"),
        "{words}"
    );
    let (status, words) = login(10_000);
    assert_eq!(status, "TSM_E_LOGIN_BLOCKED");
    for told in [
        USER,
        "0 refused, 3 of unknown fate since",
        "unblock the account",
    ] {
        assert!(words.contains(told), "{words}");
    }
    assert_eq!(scene.logins(), 3);

    scene.drop_faults();
    let steps = json!([{"do": "unblock"}, {"do": "login"}]);
    let mut operator = Helper::job(&scene.options(RIGHT), steps)
        .after(10_000)
        .start();
    assert_eq!(operator.outcome(), "OK");
    assert_eq!(operator.outcome(), "OK");
}

/// On Windows the threads of a process end before it can know.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_exits_at_once_has_noted_that_its_password_works() {
    let scene = Scene::new();
    let mut helper = Helper::login(&scene.options(RIGHT));
    assert_eq!(helper.outcome(), "OK");
    helper.end();
    assert!(crate::scene::are_hashed(&scene.directory()));
}

#[test]
fn one_that_goes_on_by_itself_is_told_so() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    scene.lose_answers(-1);
    let login = |seconds: u64| {
        let job = Helper::job(&scene.options(RIGHT), json!([{"do": "login"}]));
        job.after(seconds).start().whole_outcome()
    };
    for seconds in [0, 6] {
        login(seconds);
    }
    let (_, words) = login(67);
    assert!(
        words.contains("the next login may leave in 900 s"),
        "{words}"
    );
}

#[test]
fn unblocking_forgets_no_login_that_may_still_be_judged() {
    let scene = Scene::new();
    let late = json!({"on": "login", "fault": "process_late", "ms": 200_000, "times": -1});
    scene.fault(late);
    for seconds in [0, 60, 130] {
        assert_eq!(scene.login_after(seconds, "wrong"), "TSM_E_NETWORK");
    }
    scene.drop_faults();
    let passwords = ["wrong 1", "wrong 2", "wrong 3", "wrong 4"];
    let tries = |seconds: u64| {
        let mut steps = vec![json!({"do": "unblock"})];
        let login = |password| json!({"do": "login", "options": {"password": password}});
        steps.extend(passwords.map(login));
        let mut helper = Helper::job(&scene.options("-"), steps.into())
            .after(seconds)
            .start();
        let (_, unblocked) = helper.whole_outcome();
        (unblocked, passwords.map(|_| helper.outcome()))
    };
    let (unblocked, outcomes) = tries(131);
    assert!(unblocked.contains("logins: 0"), "{unblocked}");
    assert!(unblocked.contains("still_counting: 3"), "{unblocked}");
    assert_eq!(outcomes, ["TSM_E_NETWORK"; 4]);
    assert_eq!(scene.logins(), 3);
    scene
        .sandbox
        .control("POST", "/clock", json!({"advance_ms": 210_000}));
    assert_eq!(scene.most_strikes(), 3);
    // The first is five minutes old, and nobody is asked again.
    assert_eq!(scene.login_after(310, "wrong 5"), "TSM_E_CREDENTIALS");
    assert_eq!(scene.login_after(310, "wrong 6"), "TSM_E_LOGIN_BLOCKED");
    assert_eq!(scene.most_strikes(), 4);
}

#[test]
fn a_contact_that_support_has_unlocked_takes_the_right_password_at_once() {
    for soap in [false, true] {
        let scene = Scene::new();
        scene.settings(json!({"strikes_to_lock": 1}));
        let options = |password| match soap {
            true => scene.soap(password),
            false => scene.options(password),
        };
        // Not by this library.
        assert_eq!(refused(&options("wrong")).status(), Status::Credentials);
        let locked = refused(&options(RIGHT));
        assert_eq!(locked.status(), Status::Locked);
        assert!(
            locked.message().contains("only Verizon Support unlocks it"),
            "{locked}"
        );
        assert!(!locked.retryable());
        scene
            .sandbox
            .control("POST", "/unlock", json!({"username": USER}));
        assert!(session(&options(RIGHT)).is_ok());
        assert_eq!(scene.slots(), (0, 0));
    }
}

#[test]
fn what_the_platform_asks_to_wait_holds_for_all() {
    for (name, status, fault) in [
        ("status", Status::Unavailable, json!({"status": 503})),
        ("status", Status::RateLimited, json!({"status": 429})),
        (
            "gateway_fault",
            Status::RateLimited,
            json!({"code": 900_800}),
        ),
    ] {
        let scene = Scene::new();
        let mut fault = fault;
        fault["on"] = json!("any");
        fault["fault"] = json!(name);
        fault["retry_after"] = json!(600);
        scene.fault(fault);
        for _ in 0..5 {
            let error = refused(&scene.options(RIGHT));
            assert_eq!(error.status(), status, "{error}");
            assert!(error.retryable());
            let wait = error.retry_after().expect("it says when").as_secs();
            assert!((500..=600).contains(&wait), "{error}");
        }
        assert_eq!(scene.login_after(500, RIGHT), status.name());
        assert_eq!(scene.logins(), 1, "{name}");
        assert_eq!(scene.login_after(601, RIGHT), "OK");
    }
}

#[test]
fn what_throttles_without_a_time_is_left_alone_for_seconds() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "gateway_fault", "code": 900_800, "times": -1}));
    for _ in 0..50 {
        let error = refused(&scene.options(RIGHT));
        assert_eq!(error.status(), Status::RateLimited);
        assert!(error.retry_after() <= Some(Duration::from_secs(5)));
    }
    assert_eq!(scene.logins(), 1);
    assert_eq!(scene.slots(), (0, 0));
    scene.drop_faults();
    assert_eq!(scene.login_after(6, RIGHT), "OK");
}

#[test]
fn those_who_share_a_refusal_share_the_time_to_wait() {
    for fault in [
        json!({"fault": "status", "status": 429}),
        json!({"fault": "gateway_fault", "code": 900_800}),
    ] {
        let scene = Scene::new();
        let options = with(scene.options(RIGHT), json!({"share_token": "true"}));
        let mut throttled = fault;
        throttled["on"] = json!("login");
        throttled["retry_after"] = json!(600);
        throttled["hold"] = json!("throttled");
        // Who waits must have seen a record: else it does not know what ended meanwhile.
        scene.unblock();
        scene.fault(throttled);
        let mut all = vec![Helper::login(&options)];
        scene.wait_for_logins(1);
        all.extend((0..4).map(|_| Helper::login(&options)));
        for waiting in &mut all[1..] {
            waiting.wait_until_it_waits();
        }
        scene.sandbox.control("POST", "/release", Value::Null);
        for one in &mut all {
            let (status, words) = one.whole_outcome();
            assert_eq!(status, "TSM_E_RATE_LIMITED", "{words}");
            assert!(words.contains("(after "), "{words}");
        }
        assert_eq!(scene.logins(), 1);
    }
}

#[test]
fn a_password_changed_in_an_outage_is_sent_once_more() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    scene.lose_answers(-1);
    for (seconds, logins) in [(0, 2), (6, 3), (67, 4), (968, 5)] {
        scene.login_after(seconds, RIGHT);
        assert_eq!(scene.logins(), logins);
    }
    scene.contact(USER, "changed");
    scene.drop_faults();
    assert_eq!(scene.login_after(969, RIGHT), "TSM_E_NETWORK");
    assert_eq!(scene.login_after(1870, RIGHT), "TSM_E_CREDENTIALS");
    for seconds in [1871, 10_000, 100_000] {
        assert_eq!(scene.login_after(seconds, RIGHT), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.most_strikes(), 1);
    assert_eq!(scene.logins(), 6);
}
