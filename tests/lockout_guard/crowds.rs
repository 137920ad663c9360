//! Many processes, and many restarts, on one account: what arrives at the platform, and what each
//! of them is told.

use serde_json::{Value, json};
use thingspace_session::{Call, Config, Session, Status, shared_token};

use crate::helper::Helper;
use crate::scene::{self, RIGHT, Scene, USER, with};

fn outcomes(mut helpers: Vec<Helper>) -> Vec<String> {
    helpers.iter_mut().map(Helper::outcome).collect()
}

fn count(outcomes: &[String], which: &str) -> usize {
    outcomes.iter().filter(|outcome| *outcome == which).count()
}

#[test]
fn thirty_restarts_with_a_wrong_password_send_one_login() {
    let scene = Scene::new();
    for n in 0..30 {
        let outcome = Helper::login(&scene.options("wrong")).outcome();
        let expected = match n {
            0 => "TSM_E_CREDENTIALS",
            _ => "TSM_E_LOGIN_BLOCKED",
        };
        assert_eq!(outcome, expected, "restart {n}");
    }
    assert_eq!((scene.logins(), scene.most_strikes()), (1, 1));
    assert_eq!(Helper::login(&scene.options(RIGHT)).outcome(), "OK");
}

#[test]
fn twenty_four_at_once_all_succeed_with_the_right_password() {
    let scene = Scene::new();
    let options = scene.options(RIGHT);
    let all = outcomes((0..24).map(|_| Helper::login(&options)).collect());
    assert_eq!(count(&all, "OK"), 24, "{all:?}");
    assert_eq!(scene.slots(), (0, 0));
}

#[test]
fn twenty_four_at_once_send_one_login_with_a_wrong_password() {
    let scene = Scene::new();
    let options = scene.options("wrong");
    let all = outcomes((0..24).map(|_| Helper::login(&options)).collect());
    assert_eq!(count(&all, "TSM_E_CREDENTIALS"), 1, "{all:?}");
    assert_eq!(count(&all, "TSM_E_LOGIN_BLOCKED"), 23, "{all:?}");
    assert_eq!((scene.logins(), scene.most_strikes()), (1, 1));
}

#[test]
fn twelve_wrong_passwords_at_once_send_three_logins() {
    let scene = Scene::new();
    let helpers = (0..12).map(|n| Helper::login(&scene.options(&format!("wrong {n}"))));
    let all = outcomes(helpers.collect());
    assert_eq!(count(&all, "TSM_E_CREDENTIALS"), 3, "{all:?}");
    assert_eq!((scene.logins(), scene.most_strikes()), (3, 3));
    assert_eq!(scene.login(RIGHT), Err(Status::LoginBlocked));
    scene.unblock();
    assert!(scene.login(RIGHT).is_ok());
}

#[test]
fn four_is_the_most_there_can_be() {
    let scene = Scene::new();
    for n in 0..12 {
        let options = json!({"max_login_failures": "4"});
        let _ = scene.login_with(&format!("wrong {n}"), options);
    }
    assert_eq!((scene.logins(), scene.most_strikes()), (4, 4));
}

#[test]
fn those_who_allow_more_and_those_who_allow_less_count_the_same_slots() {
    let scene = Scene::new();
    for n in 0..24 {
        let options = json!({"max_login_failures": (1 + n % 4).to_string()});
        let _ = scene.login_with(&format!("wrong {n}"), options);
    }
    assert_eq!((scene.logins(), scene.most_strikes()), (4, 4));
}

#[test]
fn rest_and_soap_count_together() {
    let scene = Scene::new();
    let realm = |more: Value| with(scene.options("-"), more);
    let ca_file = scene.sandbox.ca_file();
    let behind = |url: &str| json!({"realm": "The Platform", "base_url": url, "ca_file": ca_file});
    // Once because host and port are the same, once because the realm is.
    let ways: [[_; 2]; 2] = [
        [
            json!({"protocol": "rest"}),
            json!({"protocol": "soap", "api_token": null}),
        ],
        [
            behind(scene.sandbox.tls_base_url()),
            json!({"protocol": "soap", "api_token": null, "realm": "the platform"}),
        ],
    ];
    for (account, ways) in ways.iter().enumerate() {
        let username = format!("user {account}");
        scene.contact(&username, RIGHT);
        let before = scene.logins();
        for n in 0..8 {
            let options = realm(ways[n % 2].clone());
            let own = json!({"username": username, "password": format!("wrong {n}")});
            let _ = crate::scene::login(&with(options, own));
        }
        assert_eq!(scene.logins() - before, 3, "{ways:?}");
    }
    assert_eq!(scene.sandbox.counter("login"), 4);
    assert_eq!(scene.sandbox.counter("soap_login"), 2);
    assert_eq!(scene.most_strikes(), 3);
}

#[test]
fn the_users_name_counts_whatever_its_case_and_the_blanks_around_it() {
    let scene = Scene::new();
    for (n, username) in [USER.to_uppercase(), USER.into(), format!(" {USER} ")]
        .iter()
        .cycle()
        .take(8)
        .enumerate()
    {
        let _ = scene.login_with(&format!("wrong {n}"), json!({"username": username}));
    }
    assert_eq!(scene.logins(), 3);
}

#[test]
fn lost_answers_keep_their_slots() {
    let scene = Scene::new();
    scene.lose_answers(-1);
    for (seconds, logins) in [(0, 1), (6, 2), (67, 3), (1000, 3), (100_000, 3)] {
        for _ in 0..3 {
            scene.login_after(seconds, "wrong");
        }
        assert_eq!(scene.logins(), logins, "after {seconds} s");
    }
    assert_eq!(scene.most_strikes(), 3);
    assert_eq!(scene.slots(), (0, 3));
}

#[test]
fn logins_judged_late_were_counted_all_along() {
    let scene = Scene::new();
    let late = json!({"on": "login", "fault": "process_late", "ms": 240_000, "times": 2});
    scene.fault(late);
    for (n, seconds) in [0, 6].into_iter().enumerate() {
        let lost = scene.login_after(seconds, &format!("late {n}"));
        assert_eq!(lost, "TSM_E_NETWORK");
    }
    assert_eq!(scene.login_after(67, RIGHT), "OK");
    // The success proves nothing about those two: they are judged after it.
    assert_eq!(scene.slots(), (0, 2));
    scene
        .sandbox
        .control("POST", "/clock", json!({"advance_ms": 250_000}));
    for n in 0..8 {
        scene.login_after(68 + n, &format!("wrong {n}"));
    }
    assert_eq!(scene.most_strikes(), 3);
}

fn sharing(scene: &Scene, processes: usize) -> Vec<Helper> {
    let options = with(scene.options(RIGHT), json!({"share_token": "true"}));
    let steps = json!([{"do": "login"}, {"do": "wait"}, {"do": "request"}]);
    let mut helpers: Vec<_> = (0..processes)
        .map(|_| Helper::start(&options, steps.clone()))
        .collect();
    for helper in &mut helpers {
        assert_eq!(helper.outcome(), "OK");
        helper.line_of("waiting");
    }
    assert_eq!(scene.logins(), 1);
    helpers
}

#[test]
fn sixteen_that_meet_one_expiry_log_in_once() {
    let scene = Scene::new();
    let mut helpers = sharing(&scene, 16);
    scene.expire();
    helpers.iter_mut().for_each(Helper::go);
    let all: Vec<_> = helpers.iter_mut().map(|h| h.line_of("outcome")).collect();
    assert!(all.iter().all(|outcome| outcome == "OK 200"), "{all:?}");
    assert_eq!(scene.logins(), 2);
}

#[test]
fn sixteen_that_meet_one_expiry_share_its_failure() {
    let scene = Scene::new();
    let mut helpers = sharing(&scene, 16);
    scene.expire();
    scene.contact(USER, "changed");
    helpers.iter_mut().for_each(Helper::go);
    let all = outcomes(helpers);
    assert_eq!(count(&all, "OK"), 0, "{all:?}");
    assert_eq!((scene.logins(), scene.most_strikes()), (2, 1));
}

#[test]
fn a_right_password_does_not_share_the_rejection_of_a_wrong_one() {
    let scene = Scene::new();
    let share = json!({"share_token": "true"});
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut wrong = Helper::login(&with(scene.options("wrong"), share.clone()));
    scene.wait_for_logins(1);
    let mut right = Helper::login(&with(scene.options(RIGHT), share.clone()));
    let mut again = Helper::login(&with(scene.options("wrong"), share));
    right.wait_until_it_waits();
    again.wait_until_it_waits();
    scene.drop_faults();
    assert_eq!(wrong.outcome(), "TSM_E_CREDENTIALS");
    assert_eq!(right.outcome(), "OK");
    // It adopts what is there by now, or was told of the rejection before.
    assert!(["OK", "TSM_E_CREDENTIALS"].contains(&&*again.outcome()));
    assert_eq!((scene.logins(), scene.most_strikes()), (2, 1));
}

#[test]
fn adopting_a_shared_token_needs_no_network() {
    let scene = Scene::new();
    let share = json!({"share_token": "true"});
    let token = scene.login_with(RIGHT, share.clone()).unwrap();
    let connections = scene.sandbox.counter("connections");
    let mut second = Helper::login(&with(scene.options("whatever"), share));
    assert_eq!(second.line_of("outcome"), format!("OK {token}"));
    assert_eq!(scene.sandbox.counter("connections"), connections);
}

#[test]
fn a_shared_token_needs_no_password_until_it_is_refused() {
    let scene = Scene::new();
    let mut shared = scene.fetching(RIGHT);
    shared.insert("share_token".into(), json!("true"));
    let mut without = shared.clone();
    without.remove("password");
    let config = |options| {
        let mut config = scene::config(options);
        config.do_without_password();
        config
    };
    let without = config(&without);
    let asks = |config: &Config| shared_token(config, &Call::new()).unwrap();
    assert_eq!(asks(&without), None);
    let error = Session::login(&without, &Call::new()).unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    assert!(error.message().contains("password"), "{error}");
    // Not even an API token was asked for.
    assert_eq!(scene.sandbox.counter("requests"), 0);

    let first = Session::login(&config(&shared), &Call::new()).unwrap();
    let token = first.token().unwrap();
    assert_eq!(asks(&without), Some(token.clone()));
    let second = Session::login(&without, &Call::new()).unwrap();
    assert_eq!(second.token().unwrap(), token);
    let mut alone = without.clone();
    alone.set("share_token", "false").unwrap();
    assert_eq!(asks(&alone), None);
    let mut soap = without.clone();
    soap.set("protocol", "soap").unwrap();
    soap.set("soap_url", scene.sandbox.soap_url()).unwrap();
    soap.set("realm", "another protocol").unwrap();
    assert_eq!(asks(&soap), None);

    scene.expire();
    let error = second
        .relogin(&Call::new(), Some(token.reveal()))
        .unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    assert_eq!(scene.logins(), 1);
}

#[test]
fn a_shared_logout_is_for_all() {
    let scene = Scene::new();
    let options = with(scene.options(RIGHT), json!({"share_token": "true"}));
    let steps = json!([{"do": "login"}, {"do": "logout"}]);
    let mut helper = Helper::start(&options, steps);
    assert_eq!(helper.outcome(), "OK");
    assert_eq!(helper.outcome(), "OK");
    assert_eq!(Helper::login(&options).outcome(), "OK");
    assert_eq!(scene.logins(), 2);
}
