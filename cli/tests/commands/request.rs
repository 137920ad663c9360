//! `thingspace request` and `soap`: bodies as they came, renewal, and the exit status.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::scene::{Done, Scene};

const ACCOUNT: &str = "/m2m/v1/accounts/0000123456-00001";
const LIST: &str = "/m2m/v1/devices/actions/list";
const BODY: &str = r#"{"accountName": "0000123456-00001"}"#;

#[test]
fn the_body_of_the_answer_is_printed_as_it_came() {
    let scene = Scene::new();
    let done = scene.run(&["request", "GET", ACCOUNT]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    let account: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(account["accountName"], "0000123456-00001");
    // As a document shows it, and in small letters.
    let url = format!("{}{ACCOUNT}", scene.sandbox.base_url());
    assert_eq!(scene.run(&["request", "get", &url]).out, done.out);
    assert_eq!(scene.run(&["request", "GET", &ACCOUNT[1..]]).out, done.out);
    // But nowhere else.
    let done = scene.run(&["request", "GET", "http://127.0.0.1:1/x"]);
    assert_eq!(done.status, Some(1), "{}", done.err);
}

#[test]
fn no_session_begins_or_ends_past_the_guard() {
    let scene = Scene::new();
    let wrong = r#"{"username": "zbeeblebrox", "password": "hunter2"}"#;
    let calls: [(&[&str], i32, &str); 7] = [
        (
            &["request", "POST", "/m2m/v1/session/login", "-d", wrong],
            1,
            "lockout guard",
        ),
        (
            &["request", "POST", "m2m/v1/session/%6Cogin?x=1", "-d", wrong],
            1,
            "lockout guard",
        ),
        (
            &["request", "POST", "/v2/SessionService.svc", "-d", "<x/>"],
            1,
            "SOAP",
        ),
        (
            &["soap", "SessionService", "LogIn", "-d", "<v2:LogIn/>"],
            1,
            "lockout guard",
        ),
        (
            &[
                "soap",
                "DeviceService",
                "GetDeviceList",
                "-d",
                "<v2:LogIn/>",
            ],
            1,
            "lockout guard",
        ),
        (
            &["request", "POST", "/m2m/v1/session/logout"],
            64,
            "thingspace logout",
        ),
        (
            &["soap", "sessionservice", "LogOut"],
            64,
            "thingspace logout",
        ),
    ];
    for (call, status, words) in calls {
        let done = scene.run(call);
        assert_eq!(done.status, Some(status), "{call:?}: {}", done.err);
        assert!(done.err.contains(words), "{}", done.err);
    }
    assert_eq!(scene.sandbox.counter("requests"), 0);
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let scene = Scene::new();
    scene.sandbox.control(
        "POST",
        "/answers",
        json!({"path": "/m2m/v1/any", "status": 200, "body": "a\u{0}\r\n\u{ff}b"}),
    );
    let output = scene
        .command(&["request", "GET", "/m2m/v1/any"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, "a\u{0}\r\n\u{ff}b".as_bytes());
}

#[test]
fn a_body_comes_from_the_argument_a_file_or_standard_input() {
    let scene = Scene::new();
    fs::write(scene.folder.join("body"), BODY).unwrap();
    let argument = scene.run(&["request", "POST", LIST, "-d", BODY]);
    assert_eq!(argument.status, Some(0), "{}", argument.err);
    let file = scene.run(&["request", "POST", LIST, "-d", "@body"]);
    assert_eq!(file.out, argument.out);
    for from_standard_input in ["-", "@-"] {
        let mut command = scene.command(&["request", "POST", LIST, "-d", from_standard_input]);
        assert_eq!(scene.fed(&mut command, BODY).out, argument.out);
    }
    let missing = scene.run(&["request", "POST", LIST, "-d", "@none"]);
    assert_eq!(missing.status, Some(74), "{}", missing.err);
    assert!(missing.err.contains("none: "), "{}", missing.err);
}

#[test]
fn standard_input_is_for_one_thing() {
    let scene = Scene::new();
    let arguments = ["request", "POST", LIST, "-d", "-", "--password-file", "-"];
    let done = scene.fed(&mut scene.command(&arguments), "IMgr8");
    assert_eq!(done.status, Some(64), "{}", done.err);
}

#[test]
fn headers_go_with_it_and_the_head_of_the_answer_is_printed() {
    let scene = Scene::new();
    let done = scene.run(&[
        "request",
        "GET",
        ACCOUNT,
        "-i",
        "-H",
        "Accept: text/x",
        "-H",
        "X-Y:z",
    ]);
    let (head, body) = done.out.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200\r\n"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(body.starts_with('{'));
    let log = scene.sandbox.control("GET", "/log", json!(null));
    let sent = &log.as_array().unwrap().last().unwrap()["headers"];
    assert_eq!(
        (&sent["accept"], &sent["x-y"]),
        (&json!("text/x"), &json!("z"))
    );
}

#[test]
fn an_expired_token_is_renewed_and_the_request_sent_again() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["request", "GET", ACCOUNT]).status, Some(0));
    scene.expire();
    let done = scene.run(&["request", "GET", ACCOUNT]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert_eq!(scene.sandbox.counter("login"), 2);
}

#[test]
fn the_exit_status_is_that_of_the_answer() {
    let scene = Scene::new();
    for (status, exit) in [(200, 0), (404, 20), (429, 21), (503, 22), (500, 22)] {
        let answer = json!({"path": "/m2m/v1/any", "status": status, "body": {"a": 1}});
        scene.sandbox.control("POST", "/answers", answer);
        let done = scene.run(&["request", "GET", "/m2m/v1/any"]);
        assert_eq!(done.status, Some(exit), "{status}: {}", done.err);
        // What came is printed whatever it says.
        assert_eq!(done.out, r#"{"a":1}"#);
        assert_eq!(done.err.contains("thingspace: "), exit != 0);
    }
}

#[test]
fn soap_calls_an_operation() {
    let scene = Scene::new();
    let done = scene.run(&["soap", "DeviceService", "GetDeviceList"]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert!(done.out.contains("GetDeviceListResponse"), "{}", done.out);
    scene.expire();
    let element = "<v2:GetDeviceList><v2:Input/></v2:GetDeviceList>";
    let done = scene.run(&[
        "soap",
        "DeviceService",
        "GetDeviceList",
        "-i",
        "-d",
        element,
    ]);
    assert!(done.out.starts_with("HTTP/1.1 200\r\n"), "{}", done.out);
    assert_eq!(scene.sandbox.counter("soap_login"), 2);
    let done = scene.run(&["soap", "DeviceService", "NoSuchThing"]);
    assert_eq!(done.status, Some(20), "{}", done.err);
}

#[test]
fn without_a_password_a_shared_session_serves_until_it_ends() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["login"]).status, Some(0));
    let without = || -> Done {
        let mut command = scene.command(&["request", "GET", ACCOUNT]);
        scene.done(command.env_remove("TSM_PASSWORD"))
    };
    assert_eq!(without().status, Some(0));
    scene.expire();
    let done = without();
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("TSM_PASSWORD"), "{}", done.err);
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn a_password_comes_from_standard_input_or_a_pipe() {
    let scene = Scene::new();
    let with = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env_remove("TSM_PASSWORD").stdin(Stdio::piped());
        command
    };
    for path in ["-", "/dev/stdin"] {
        if cfg!(unix) || path == "-" {
            let mut command = with(&["token", "--share-token=false", "--password-file", path]);
            let done = scene.fed(&mut command, "IMgr8\n");
            assert_eq!(done.status, Some(0), "{}", done.err);
        }
    }
    let done = scene.fed(&mut with(&["token", "--password-file", "-"]), "");
    assert_eq!(done.status, Some(74), "{}", done.err);
    #[cfg(unix)]
    {
        let mut command = scene.program("bash");
        command.env_remove("TSM_PASSWORD").arg("-c").arg(format!(
            "{} token --share-token=false --password-file <(echo IMgr8)",
            Scene::binary().display()
        ));
        let done = scene.done(&mut command);
        assert_eq!(done.status, Some(0), "{}", done.err);
    }
    let mut file = fs::File::create(scene.folder.join("password")).unwrap();
    file.write_all(b"IMgr8\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let done = scene.done(&mut with(&["token", "--password-file", "password", "-q"]));
        assert_eq!(done.status, Some(1));
        assert!(done.err.contains("others can read it"), "{}", done.err);
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .unwrap();
    }
    let done = scene.done(&mut with(&["token", "--password-file", "password"]));
    assert_eq!(done.status, Some(0), "{}", done.err);
}
