//! Options and variables that are wrong, missing, or not what they seem.

use super::{doctor, report};
use crate::scene::Scene;

#[test]
fn what_is_missing_or_contradicts_another_is_named() {
    let scene = Scene::new();
    for (variables, words) in [
        (&[("TSM_USERNAME", "")][..], "username is missing"),
        (&[("TSM_APP_SECRET", "")], "app_secret"),
        (&[("TSM_API_TOKEN", "token")], "contradict"),
        (&[("TSM_STORE_USER", "u")], "store_user"),
    ] {
        doctor(&scene, variables).fails(1, "configuration", words, "TSM_…");
    }
    let without = doctor(&scene, &[("TSM_PASSWORD", "")]);
    without.warns("configuration", "no password is set", "password_file");
}

#[test]
fn without_an_account_the_way_to_the_platform_is_looked_at_all_the_same() {
    let scene = Scene::new();
    let report = doctor(&scene, &[("TSM_USERNAME", "")]);
    report.names("answer", "ok", "the platform answers", "");
    report.names("guard", "not tried", "username is missing", "");
}

#[test]
fn a_malformed_variable_or_flag_is_named_and_the_rest_not_tried() {
    let scene = Scene::new();
    let malformed = doctor(&scene, &[("TSM_TIMEOUT_MS", "soon")]);
    malformed.fails(1, "configuration", "TSM_TIMEOUT_MS", "a TSM_… variable");
    malformed.names("connection", "not tried", "", "");
    let mut flag = scene.command(&["doctor", "--json", "--store", "file:here"]);
    report(&scene, &mut flag).fails(1, "configuration", "must be absolute", "a flag");
}

#[test]
fn variables_that_do_not_what_they_seem_to_are_named() {
    let scene = Scene::new();
    for (name, value, message, remedy) in [
        ("TSM_PASWORD", "IMgr8", "TSM_PASWORD", "TSM_PASSWORD"),
        (
            "SSL_CERT_FILE",
            "/no/such",
            "which is not there",
            "unset SSL_CERT_FILE",
        ),
    ] {
        doctor(&scene, &[(name, value)]).warns("environment", message, remedy);
    }
    let mut empty = super::command(&scene, &[]);
    let report = report(&scene, empty.env("TSM_REALM", ""));
    report.warns("environment", "TSM_REALM is empty", "unset it");
    let far = ("TSM_BASE_URL", "https://platform.invalid/api");
    let http = [far, ("HTTP_PROXY", "http://u:hunter2@p.invalid:1")];
    let report = doctor(&scene, &http);
    report
        .names("environment", "warning", "HTTP_PROXY is set", "HTTPS_PROXY")
        .hides("hunter2");
    let two = [
        far,
        ("https_proxy", "http://a.invalid:1"),
        ("HTTPS_PROXY", "http://b.invalid:1"),
    ];
    doctor(&scene, &two).names(
        "environment",
        "warning",
        "https_proxy counts",
        "unset HTTPS_PROXY",
    );
}

#[test]
fn a_profile_says_what_it_sets_and_where_its_fault_is() {
    let scene = Scene::new();
    let folder = scene.folder.join("config/thingspace");
    std::fs::create_dir_all(&folder).expect("it can be made");
    let file = folder.join("config.toml");
    let config = scene.folder.join("config");
    let with = [("XDG_CONFIG_HOME", config.to_str().expect("it is text"))];
    std::fs::write(&file, "[default]\nmax_login_failures = 2\n").expect("it can be written");
    doctor(&scene, &with).names("configuration", "ok", "max_login_failures", "");
    std::fs::write(&file, "[default]\npasword_file = \"x\"\n").expect("it can be written");
    doctor(&scene, &with).fails(1, "configuration", "config.toml:2", "the profile");
}
