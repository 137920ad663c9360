//! The file store among damaged files, foreign files and full disks: nothing is sent that could be
//! one too many, and nothing hangs.

use std::fs;

use serde_json::json;
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, config, refused, until_hashed, with};

/// What may be found in place of a record.
fn damaged(whole: &[u8]) -> Vec<Vec<u8>> {
    let half = whole[..whole.len() / 2].to_vec();
    let older = String::from_utf8_lossy(whole).replace("\"format\":2", "\"format\":1");
    let many =
        String::from_utf8_lossy(whole).replace("\"next_id\":", "\"next_id\":1844674407370955161");
    let mut huge = whole.to_vec();
    huge.resize(2 * 1024 * 1024, b' ');
    vec![
        Vec::new(),
        half,
        vec![0; whole.len()],
        b"\xff\xfe garbage".to_vec(),
        b"{}".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        older.into_bytes(),
        many.into_bytes(),
        huge,
        b"[".repeat(100_000),
    ]
}

/// A scene whose account has this many rejected logins.
fn after_rejections(count: usize) -> Scene {
    let scene = Scene::new();
    for n in 0..count {
        let refused = scene.login(&format!("before {n}"));
        assert_eq!(refused, Err(Status::Credentials));
    }
    scene
}

#[test]
fn a_damaged_record_leaves_one_login_and_is_set_aside() {
    for n in 0..11 {
        let scene = after_rejections(3);
        let record = scene.file("json");
        let damage = damaged(&fs::read(&record).unwrap()).swap_remove(n);
        fs::write(&record, &damage).unwrap();
        assert_eq!(scene.login("one"), Err(Status::Credentials), "damage {n}");
        assert_eq!(fs::read(scene.file("unreadable")).unwrap(), damage);
        for n in 0..4 {
            let refused = scene.login(&format!("after {n}"));
            assert_eq!(refused, Err(Status::LoginBlocked), "damage {n}");
        }
        assert_eq!(scene.most_strikes(), 4, "damage {n}");
    }
}

#[test]
fn a_record_damaged_again_and_again_leaves_no_more() {
    let scene = after_rejections(3);
    for n in 0..11 {
        let record = scene.file("json");
        let damage = damaged(&fs::read(&record).unwrap()).swap_remove(n);
        fs::write(&record, damage).unwrap();
        let _ = scene.login(&format!("wrong {n}"));
    }
    assert_eq!(scene.most_strikes(), 4);
    // What was lost with the record may have been sent just before.
    assert_eq!(scene.unblock().still_counting, 3);
    assert_eq!(scene.login(RIGHT), Err(Status::LoginBlocked));
    assert_eq!(scene.login_after(301, RIGHT), "OK");
}

#[test]
fn the_right_password_mends_a_damaged_record_each_time() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    for n in 0..11 {
        let record = scene.file("json");
        let damage = damaged(&fs::read(&record).unwrap()).swap_remove(n);
        fs::write(&record, damage).unwrap();
        println!("damage {n}");
        scene.prove(RIGHT);
    }
    assert_eq!(scene.most_strikes(), 0);
}

#[test]
fn a_damaged_record_counts_until_another_stands_in_its_place() {
    let scene = after_rejections(3);
    fs::write(scene.file("json"), "half").unwrap();
    let no_api_token = json!({"api_token": null, "app_key": "key", "app_secret": "wrong"});
    for _ in 0..3 {
        let refused = scene.login_with("fails before its slot", no_api_token.clone());
        assert_eq!(refused, Err(Status::ApiToken));
    }
    for n in 0..6 {
        let _ = scene.login(&format!("wrong {n}"));
    }
    assert_eq!(scene.most_strikes(), 4);
}

#[test]
fn a_logout_does_not_forget_a_damaged_record() {
    let scene = Scene::new();
    let share = json!({"share_token": "true"});
    let steps = json!([{"do": "login"}, {"do": "wait"}, {"do": "logout"}]);
    let mut helper = Helper::start(&with(scene.options(RIGHT), share), steps);
    assert_eq!(helper.outcome(), "OK");
    helper.line_of("waiting");
    until_hashed(&scene.directory());
    for n in 0..3 {
        assert_eq!(scene.login(&format!("wrong {n}")), Err(Status::Credentials));
    }
    fs::write(scene.file("json"), "half").unwrap();
    helper.go();
    assert_eq!(helper.outcome(), "OK");
    for n in 3..9 {
        let _ = scene.login(&format!("wrong {n}"));
    }
    assert_eq!(scene.most_strikes(), 4);
}

#[test]
fn where_four_may_fail_a_damaged_record_leaves_none() {
    let four = json!({"max_login_failures": "4"});
    let scene = Scene::new();
    for n in 0..4 {
        let refused = scene.login_with(&format!("wrong {n}"), four.clone());
        assert_eq!(refused, Err(Status::Credentials));
    }
    fs::write(scene.file("json"), "half").unwrap();
    let refused = scene.login_with("one more", four);
    assert_eq!(refused, Err(Status::LoginBlocked));
    assert_eq!(scene.most_strikes(), 4);
}

#[test]
fn a_record_of_a_newer_version_is_left_as_it_is_and_nothing_is_sent() {
    let scene = after_rejections(1);
    let whole = fs::read_to_string(scene.file("json")).unwrap();
    let newer = whole.replace("\"format\":2", "\"format\":3");
    assert_ne!(newer, whole);
    fs::write(scene.file("json"), &newer).unwrap();
    for _ in 0..3 {
        let error = refused(&scene.options(RIGHT));
        assert_eq!(error.status(), Status::Store);
        assert!(error.message().contains("update this program"), "{error}");
        let unblocked = thingspace_session::unblock(&config(&scene.options(RIGHT)));
        assert_eq!(unblocked.unwrap_err().status(), Status::Store);
    }
    assert_eq!(scene.logins(), 1);
    assert_eq!(fs::read_to_string(scene.file("json")).unwrap(), newer);
}

#[test]
fn numbers_at_their_end_do_no_harm() {
    let scene = after_rejections(1);
    let whole = fs::read_to_string(scene.file("json")).unwrap();
    for name in ["next_id", "ended"] {
        let value: serde_json::Value = serde_json::from_str(&whole).unwrap();
        let mut value = value.clone();
        value[name] = json!(u64::MAX);
        fs::write(scene.file("json"), value.to_string()).unwrap();
        println!("{name}");
        scene.prove(RIGHT);
    }
}

#[test]
fn a_directory_that_vanished_is_made_again() {
    let scene = Scene::new();
    let share = json!({"share_token": "true"});
    let steps = json!([{"do": "login"}, {"do": "wait"}, {"do": "request"}]);
    let mut helper = Helper::start(&with(scene.options(RIGHT), share), steps);
    assert_eq!(helper.outcome(), "OK");
    until_hashed(&scene.directory());
    fs::remove_dir_all(scene.directory()).unwrap();
    scene.expire();
    helper.go();
    assert_eq!(helper.line_of("outcome"), "OK 200");
    assert_eq!(scene.slots(), (0, 0));
}

#[test]
fn a_left_over_of_a_killed_writer_is_in_nobodys_way() {
    let scene = after_rejections(2);
    let left = scene.file("json").with_extension("new");
    fs::write(&left, "{\"form").unwrap();
    assert_eq!(scene.login("another"), Err(Status::Credentials));
    assert_eq!(scene.slots(), (3, 0));
    assert!(!left.exists());
}

/// On Windows the name may stay for as long as the file is open: nobody gets the lease then.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_file_removed_in_mid_login_costs_no_slot_of_others() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let mut first = Helper::login(&scene.options(RIGHT));
    scene.wait_for_logins(1);
    fs::remove_file(scene.file("lock")).unwrap();
    // For all the next can know the first has just ended.
    assert_eq!(scene.login("wrong"), Err(Status::LoginBlocked));
    assert_eq!(scene.login_after(6, "wrong"), "TSM_E_CREDENTIALS");
    scene.drop_faults();
    assert_eq!(first.outcome(), "OK");
    // What the first has to note, it notes in a record that is no longer its own to write.
    assert_eq!(scene.login("wrong"), Err(Status::LoginBlocked));
    assert_eq!(scene.slots(), (1, 1));
}
