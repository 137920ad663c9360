//! SIGKILL at each step of a login: the lock is free at once, the next process works, and what may
//! have counted keeps its slot.

use std::net::TcpListener;

use serde_json::json;
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, seconds_told, with};

#[test]
fn while_it_waits_for_the_lease() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut holder = Helper::login(&scene.options(RIGHT));
    scene.wait_for_logins(1);
    let mut waiter = Helper::login(&scene.options(RIGHT));
    waiter.wait_until_it_waits();
    waiter.kill();
    scene.drop_faults();
    assert_eq!(holder.outcome(), "OK");
    assert_eq!(scene.slots(), (0, 0));
    assert!(scene.login(RIGHT).is_ok());
    assert_eq!(scene.logins(), 2);
}

#[test]
fn while_others_wait_for_its_lease() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut holder = Helper::login(&scene.options(RIGHT));
    scene.wait_for_logins(1);
    let mut waiters: Vec<_> = (0..4)
        .map(|_| Helper::login(&scene.options(RIGHT)))
        .collect();
    for waiter in &mut waiters {
        waiter.wait_until_it_waits();
    }
    holder.kill();
    for waiter in &mut waiters {
        let (status, words) = waiter.whole_outcome();
        assert_eq!(status, "TSM_E_LOGIN_BLOCKED");
        // One after the other; of the five seconds some pass meanwhile.
        assert!((1..=5).contains(&seconds_told(&words)), "{words}");
    }
    assert_eq!(scene.login_after(6, RIGHT), "OK");
    assert_eq!(scene.logins(), 2);
    // That of the killed process may still be judged.
    assert_eq!(scene.slots(), (0, 1));
}

#[test]
fn with_its_slot_durable_and_nothing_sent() {
    let scene = Scene::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    let realm = json!({"realm": "the platform"});
    let elsewhere = with(scene.options("wrong"), realm.clone());
    let elsewhere = with(
        elsewhere,
        json!({"base_url": format!("http://{address}/api")}),
    );
    for (slots, seconds) in [(1, 0), (2, 6), (3, 67)] {
        let login = json!([{"do": "login"}]);
        let mut helper = Helper::job(&elsewhere, login).after(seconds).start();
        let (connection, _) = nobody.accept().unwrap();
        // The slot is on the disk before anything can have left.
        assert_eq!(scene.slots(), (0, slots));
        helper.kill();
        drop(connection);
        // Who comes first notes when it ended.
        let mut first = Helper::job(&elsewhere, json!([{"do": "login"}]));
        first = first.after(seconds);
        assert_eq!(first.start().outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    // For all the next process can know these were three logins.
    for seconds in [68, 1000] {
        let login = json!([{"do": "login"}]);
        let options = with(scene.options("wrong"), realm.clone());
        let mut next = Helper::job(&options, login).after(seconds).start();
        assert_eq!(next.outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.logins(), 0);
    let steps = json!([{"do": "unblock"}, {"do": "login"}]);
    let options = with(scene.options(RIGHT), realm);
    let mut operator = Helper::job(&options, steps).after(1000).start();
    assert_eq!(operator.outcome(), "OK");
    assert_eq!(operator.outcome(), "OK");
}

#[test]
fn with_its_login_received_and_not_answered() {
    let scene = Scene::new();
    for (received, seconds) in [(1, 0), (2, 6), (3, 67)] {
        scene.fault(json!({"on": "login", "fault": "hold"}));
        let login = json!([{"do": "login"}]);
        let job = Helper::job(&scene.options("wrong"), login);
        let mut helper = job.after(seconds).start();
        scene.wait_for_logins(received);
        helper.kill();
        scene.drop_faults();
        assert_eq!(scene.slots(), (0, received as usize));
        // Who comes first notes when it ended.
        assert_eq!(scene.login_after(seconds, "wrong"), "TSM_E_LOGIN_BLOCKED");
    }
    for seconds in [67, 68, 130, 1000, 100_000] {
        assert_eq!(scene.login_after(seconds, "wrong"), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.logins(), 3);
    assert_eq!(scene.most_strikes(), 3);
}

#[test]
fn long_before_the_next_login() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut helper = Helper::login(&scene.options("wrong"));
    scene.wait_for_logins(1);
    helper.kill();
    scene.drop_faults();
    // A minute and a half for its lease, a minute for its login, five seconds of distance.
    assert_eq!(scene.login_after(154, RIGHT), "TSM_E_LOGIN_BLOCKED");
    let day = 24 * 60 * 60;
    assert_eq!(scene.login_after(day, RIGHT), "OK");
    assert_eq!(scene.slots(), (0, 0));
}

#[test]
fn after_the_answer() {
    let scene = Scene::new();
    let steps = json!([{"do": "login"}, {"do": "wait"}]);
    let mut helper = Helper::start(&scene.options("wrong"), steps.clone());
    assert_eq!(helper.outcome(), "TSM_E_CREDENTIALS");
    helper.line_of("waiting");
    helper.kill();
    assert_eq!(scene.slots(), (1, 0));
    assert_eq!(scene.login("wrong"), Err(Status::LoginBlocked));

    let mut helper = Helper::start(&scene.options(RIGHT), steps);
    assert_eq!(helper.outcome(), "OK");
    helper.line_of("waiting");
    helper.kill();
    assert_eq!(scene.slots(), (0, 0));
    assert_eq!(scene.logins(), 2);
}

#[test]
fn with_a_shared_token_nobody_takes_over_before_it_may() {
    let scene = Scene::new();
    let sharing = with(scene.options(RIGHT), json!({"share_token": "true"}));
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut holder = Helper::login(&sharing);
    scene.wait_for_logins(1);
    let mut waiters: Vec<_> = (0..6).map(|_| Helper::login(&sharing)).collect();
    for waiter in &mut waiters {
        waiter.wait_until_it_waits();
    }
    holder.kill();
    for waiter in &mut waiters {
        assert_eq!(waiter.outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    let login = json!([{"do": "login"}]);
    let later = || Helper::job(&sharing, login.clone()).after(6).start();
    let mut waiters: Vec<_> = (0..6).map(|_| later()).collect();
    let outcomes: Vec<_> = waiters
        .iter_mut()
        .map(|waiter| waiter.line_of("outcome"))
        .collect();
    assert!(outcomes[0].starts_with("OK"), "{outcomes:?}");
    assert!(outcomes.iter().all(|o| *o == outcomes[0]), "{outcomes:?}");
    assert_eq!(scene.logins(), 2);
}
