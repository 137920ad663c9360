//! Strikes: what counts, what locks, what unlocks.

mod common;

use common::*;
use serde_json::json;

const LOCKED: &str = "UnifiedWebService.REQUEST_FAILED.UserLocked";

#[test]
fn five_failures_in_a_row_lock_the_contact_until_support_unlocks_it() {
    let sandbox = start();
    for _ in 0..5 {
        assert_ne!(
            login_as(&sandbox, "zbeeblebrox", "wrong").error_code(),
            LOCKED
        );
    }
    assert_eq!(
        contact(&sandbox, "zbeeblebrox"),
        json!({"password_set": true, "strikes": 5, "max_strikes": 5, "locked": true})
    );
    for password in ["IMgr8", "wrong"] {
        let reply = login_as(&sandbox, "zbeeblebrox", password);
        assert_eq!((reply.status, reply.error_code().as_str()), (400, LOCKED));
    }
    assert_eq!(
        (
            sandbox.counter("login_failed"),
            sandbox.counter("max_strikes")
        ),
        (7, 5)
    );

    sandbox.control("POST", "/unlock", json!({"username": "zbeeblebrox"}));
    login(&sandbox);
    assert_eq!(
        contact(&sandbox, "zbeeblebrox"),
        json!({"password_set": true, "strikes": 0, "max_strikes": 5, "locked": false})
    );
}

#[test]
fn a_success_starts_the_count_anew() {
    let sandbox = start();
    for _ in 0..2 {
        for _ in 0..4 {
            login_as(&sandbox, "zbeeblebrox", "wrong");
        }
        login(&sandbox);
    }
    assert_eq!(sandbox.counter("max_strikes"), 4);
}

#[test]
fn letter_case_of_the_user_name_gives_no_more_attempts() {
    let sandbox = start();
    for username in [
        "zbeeblebrox",
        "ZBEEBLEBROX",
        "Zbeeblebrox",
        "zBeeblebrox",
        "zbeebleBrox",
    ] {
        login_as(&sandbox, username, "wrong");
    }
    assert_eq!(contact(&sandbox, "zbeeblebrox")["locked"], true);
}

#[test]
fn users_that_do_not_exist_fail_without_strikes() {
    let sandbox = start();
    for _ in 0..6 {
        assert_ne!(login_as(&sandbox, "nobody", "x").error_code(), LOCKED);
    }
    assert_eq!(
        (
            sandbox.counter("login_failed"),
            sandbox.counter("max_strikes")
        ),
        (6, 0)
    );
}

#[test]
fn status_code_and_number_of_strikes_are_settings() {
    let sandbox = start();
    set(
        &sandbox,
        json!({
            "strikes_to_lock": 1,
            "bad_password_status": 401,
            "bad_password_code": "X.Bad",
            "locked_status": 403,
            "locked_code": "X.Locked",
        }),
    );
    let bad = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!((bad.status, bad.error_code().as_str()), (401, "X.Bad"));
    let locked = login_as(&sandbox, "zbeeblebrox", "IMgr8");
    assert_eq!(
        (locked.status, locked.error_code().as_str()),
        (403, "X.Locked")
    );
}

#[test]
fn contacts_can_be_added_and_their_passwords_changed() {
    let sandbox = start();
    sandbox.control(
        "POST",
        "/contacts",
        json!({"username": "trillian", "password": "one"}),
    );
    assert_eq!(login_as(&sandbox, "trillian", "one").status, 200);
    login_as(&sandbox, "trillian", "wrong");
    sandbox.control(
        "POST",
        "/contacts",
        json!({"username": "trillian", "password": "two"}),
    );
    assert_eq!(contact(&sandbox, "trillian")["strikes"], 1);
    assert_eq!(login_as(&sandbox, "trillian", "one").status, 400);
    assert_eq!(login_as(&sandbox, "trillian", "two").status, 200);
}
