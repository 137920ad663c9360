//! Waiting for others and for disks: every call ends by its deadline and says what it waited for,
//! the first to come goes first, and the time spent waiting is not taken from the login.

use std::fs::File;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thingspace_session::{Call, Error, Session, Status};

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, USER, config, refused, session, with};

/// A lease that somebody else has.
fn leased(scene: &Scene) -> File {
    let lock = File::options()
        .write(true)
        .open(scene.file("lock"))
        .unwrap();
    lock.lock().unwrap();
    lock
}

/// Makes a call that waits in vain, and asserts that it says for whom. One whose time is up before
/// it has come so far is given more.
#[track_caller]
fn assert_says_for_whom(scene: &Scene, call: impl Fn(Duration) -> Error) {
    let mut time = Duration::from_millis(200);
    loop {
        let error = call(time);
        assert_eq!(error.status(), Status::Timeout, "{error}");
        if error.message().contains("waiting for another login of") {
            let lock = scene.file("lock").display().to_string();
            for told in [USER, &lock] {
                assert!(error.message().contains(told), "{error}");
            }
            return;
        }
        assert!(time < Duration::from_secs(30), "{error}");
        time *= 4;
    }
}

/// The same options, with this time for each call.
fn hasty(options: &Map<String, Value>, time: Duration) -> Map<String, Value> {
    let time_ms = time.as_millis().to_string();
    with(options.clone(), json!({"timeout_ms": time_ms}))
}

#[test]
fn every_call_that_needs_the_lease_ends_by_its_deadline_and_says_for_whom_it_waited() {
    let scene = Scene::new();
    let options = with(scene.options(RIGHT), json!({"share_token": "true"}));
    let session = session(&options).unwrap();
    let lock = leased(&scene);
    let within = |time: Duration| {
        let call = Call::new();
        call.set_timeout(time);
        call
    };
    assert_says_for_whom(&scene, |time| {
        session.relogin(&within(time), None).unwrap_err()
    });
    assert_says_for_whom(&scene, |time| session.logout(&within(time)).unwrap_err());
    let alone = with(options.clone(), json!({"share_token": null}));
    assert_says_for_whom(&scene, |time| refused(&hasty(&alone, time)));
    assert_says_for_whom(&scene, |time| {
        thingspace_session::unblock(&config(&hasty(&alone, time))).unwrap_err()
    });
    assert_eq!(scene.logins(), 1);
    drop(lock);
    assert!(Session::login(&config(&options), &Call::new()).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_stopped_process_holds_is_named() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let holder = Helper::login(&scene.options(RIGHT));
    scene.wait_for_logins(1);
    holder.signal(libc::SIGSTOP);
    assert_says_for_whom(&scene, |time| refused(&hasty(&scene.options(RIGHT), time)));
    assert_eq!(scene.logins(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_disk_that_never_answers_every_call_ends_by_its_deadline() {
    if !crate::scene::is_root() {
        // Only root can mount.
        return;
    }
    let scene = Scene::new();
    let disk = scene.root().join("disk");
    std::fs::create_dir(&disk).unwrap();
    for share in ["true", "false"] {
        let store = format!("file:{}?network=yes", disk.display());
        let own = json!({"store": store, "timeout_ms": "200", "share_token": share});
        let options = with(scene.options(RIGHT), own);
        let steps = json!([{"do": "login"}, {"do": "unblock"}, {"do": "login"}]);
        let mut helper = Helper::job(&options, steps).stalled_at(&disk).start();
        for _ in 0..3 {
            let (status, words) = helper.whole_outcome();
            assert_eq!(status, "TSM_E_TIMEOUT");
            assert!(words.contains(&disk.display().to_string()), "{words}");
        }
    }
    assert_eq!(scene.sandbox.counter("connections"), 0);
}

/// Under Wine a thread may take longer to queue up than it is waited for.
#[cfg(target_os = "linux")]
#[test]
fn those_who_wait_go_in_the_order_in_which_they_came() {
    // Each writes the one user's name in a way of its own, so that the log tells who it was.
    let name = |n: usize| {
        let letters = USER.chars().enumerate();
        let upper = |(at, c): (usize, char)| match at == n {
            true => c.to_ascii_uppercase(),
            false => c,
        };
        letters.map(upper).collect::<String>()
    };
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold", "times": 1}));
    std::thread::scope(|scope| {
        scope.spawn(|| scene.login(RIGHT).unwrap());
        scene.wait_for_logins(1);
        for n in 0..USER.len() {
            let (waits, waiting) = std::sync::mpsc::channel();
            let options = with(scene.options(RIGHT), json!({"username": name(n)}));
            scope.spawn(move || {
                let call = Call::new();
                call.set_interrupt(Some(Box::new(move || {
                    let _ = waits.send(());
                    false
                })));
                Session::login(&config(&options), &call).unwrap();
            });
            // Asked as it begins, and twice more while it waits in the queue.
            (0..3).for_each(|_| waiting.recv().unwrap());
        }
        scene.drop_faults();
    });
    let log = scene.sandbox.control("GET", "/log", json!(null));
    let logins = log.as_array().unwrap().iter().skip(1);
    let order: Vec<_> = logins
        .map(|line| line["username"].as_str().unwrap())
        .collect();
    let came: Vec<_> = (0..USER.len()).map(name).collect();
    assert_eq!(order, came);
}

#[test]
fn a_login_that_was_reached_late_has_time_of_its_own() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold", "hold": "first"}));
    scene.fault(json!({"on": "login", "fault": "hold", "hold": "second"}));
    let call = Call::new();
    std::thread::scope(|scope| {
        scope.spawn(|| scene.login(RIGHT).unwrap());
        scene.wait_for_logins(1);
        let second = scope.spawn(|| {
            let second = Session::login(&config(&scene.options(RIGHT)), &call);
            second.map(drop).unwrap_err()
        });
        scene
            .sandbox
            .control("POST", "/release", json!({"hold": "first"}));
        scene.wait_for_logins(2);
        // Its call is out of time as soon as it is sent.
        call.cancel();
        assert_eq!(second.join().unwrap().status(), Status::Cancelled);
        let third = scope.spawn(|| scene.login(RIGHT).unwrap());
        scene
            .sandbox
            .control("POST", "/release", json!({"hold": "second"}));
        third.join().unwrap();
    });
    assert_eq!(scene.logins(), 3);
    assert_eq!(scene.slots(), (0, 0));
}

#[test]
fn a_crowd_in_a_hurry_burns_no_slot() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "delay", "ms": 20, "times": -1}));
    let hasty = with(scene.options(RIGHT), json!({"timeout_ms": "300"}));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| session(&hasty).map(drop)))
            .collect();
        for thread in threads {
            if let Err(error) = thread.join().unwrap() {
                assert_eq!(error.status(), Status::Timeout, "{error}");
            }
        }
    });
    scene.drop_faults();
    // One that is under way ends well.
    assert!(scene.login(RIGHT).is_ok());
    assert_eq!(scene.slots(), (0, 0));
    assert_eq!(scene.most_strikes(), 0);
}

#[test]
fn a_blocked_login_sends_nothing_at_all() {
    let scene = Scene::new();
    for n in 0..3 {
        let refused = refused(&scene.fetching(&format!("wrong {n}")));
        assert_eq!(refused.status(), Status::Credentials);
    }
    let connections = scene.sandbox.counter("connections");
    // An API token that cannot be had hides nothing.
    scene.fault(json!({"on": "oauth", "fault": "status", "status": 503, "times": -1}));
    for password in [RIGHT, "wrong 0", "wrong 1", "other"] {
        let blocked = refused(&scene.fetching(password));
        assert_eq!(blocked.status(), Status::LoginBlocked, "{blocked}");
        assert!(!blocked.retryable());
        let mut process = Helper::login(&scene.fetching(password));
        assert_eq!(process.outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.sandbox.counter("connections"), connections);
}
