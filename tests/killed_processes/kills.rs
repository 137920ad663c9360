//! SIGKILL at each step of a login: the lock is free at once, the next process works, and what may
//! have counted keeps its slot.

use std::io::Read;
use std::net::TcpListener;

use serde_json::json;
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, with};

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
        assert_eq!(waiter.outcome(), "OK");
    }
    assert_eq!(scene.logins(), 5);
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
    for slots in 1..=3 {
        let mut helper = Helper::login(&elsewhere);
        let (mut connection, _) = nobody.accept().unwrap();
        // The slot is on the disk before anything can have left.
        assert_eq!(scene.slots(), (0, slots));
        helper.kill();
        connection.read_to_end(&mut Vec::new()).unwrap();
    }
    // For all the next process can know these were three logins.
    let next = scene.login_with("wrong", realm.clone());
    assert_eq!(next, Err(Status::LoginBlocked));
    assert_eq!(scene.logins(), 0);
    thingspace_session::unblock(&crate::scene::config(&with(
        scene.options(RIGHT),
        realm.clone(),
    )))
    .unwrap();
    assert!(scene.login_with(RIGHT, realm).is_ok());
}

#[test]
fn with_its_login_received_and_not_answered() {
    let scene = Scene::new();
    for received in 1..=3 {
        scene.fault(json!({"on": "login", "fault": "hold"}));
        let mut helper = Helper::login(&scene.options("wrong"));
        scene.wait_for_logins(received);
        helper.kill();
        scene.drop_faults();
        assert_eq!(scene.slots(), (0, received as usize));
    }
    for _ in 0..5 {
        let mut next = Helper::login(&scene.options("wrong"));
        assert_eq!(next.outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.logins(), 3);
    assert_eq!(scene.most_strikes(), 3);
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
fn with_a_shared_token_one_other_takes_over() {
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
    let outcomes: Vec<_> = waiters
        .iter_mut()
        .map(|waiter| waiter.line_of("outcome"))
        .collect();
    assert!(outcomes[0].starts_with("OK"), "{outcomes:?}");
    assert!(outcomes.iter().all(|o| *o == outcomes[0]), "{outcomes:?}");
    assert_eq!(scene.logins(), 2);
}
