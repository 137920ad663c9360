//! Requests whose bodies are streams: sent while they are read, answered while they come, and as
//! safe as any other request.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use serde_json::json;
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{
    Call, Config, Error, Request, Result, Session, Status, StreamedResponse, Upload,
};

const ACCOUNT: &str = "/m2m/v1/accounts/0000123456-00001";
const DEVICES: &str = "/m2m/v1/devices/actions/list";

fn session(sandbox: &Sandbox, more: &[(&str, &str)]) -> Session {
    let mut config = Config::new();
    let always = [
        ("base_url", sandbox.base_url()),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
    ];
    for (name, value) in always.iter().chain(more) {
        config.set(name, value).unwrap();
    }
    Session::login(&config, &Call::new()).unwrap()
}

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

fn get(session: &Session, call: &Call) -> Result<StreamedResponse> {
    let request = Request {
        method: "GET",
        path: ACCOUNT,
        headers: &[],
        body: &[],
    };
    session.stream(call, request, None)
}

fn post(session: &Session, reader: &mut dyn Read, length: Option<u64>) -> Result<StreamedResponse> {
    let request = Request {
        method: "POST",
        path: DEVICES,
        headers: &[],
        body: &[],
    };
    session.stream(&Call::new(), request, Some(Upload { reader, length }))
}

fn read(answer: &mut StreamedResponse) -> Vec<u8> {
    let mut body = Vec::new();
    answer.read_to_end(&mut body).unwrap();
    body
}

fn inner(error: io::Error) -> Error {
    *error.into_inner().unwrap().downcast::<Error>().unwrap()
}

fn expire(sandbox: &Sandbox) {
    sandbox.control("POST", "/expire", json!({"what": "session"}));
}

#[test]
fn an_answer_may_be_longer_than_one_that_is_held() {
    let sandbox = sandbox();
    sandbox.control("POST", "/settings", json!({"api_answer_bytes": 3_000_000}));
    let session = session(&sandbox, &[("max_response_bytes", "1000")]);
    for _ in 0..3 {
        let mut answer = post(&session, &mut Cursor::new("{}"), None).unwrap();
        assert_eq!((answer.status(), answer.length()), (200, Some(3_000_000)));
        assert_eq!(read(&mut answer).len(), 3_000_000);
        let mut answer = get(&session, &Call::new()).unwrap();
        assert!(!read(&mut answer).is_empty());
    }
}

#[test]
fn a_connection_is_kept_once_its_answer_was_read_to_the_end() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    let connections = sandbox.counter("connections");
    for _ in 0..3 {
        read(&mut get(&session, &Call::new()).unwrap());
    }
    assert_eq!(sandbox.counter("connections"), connections);
    drop(get(&session, &Call::new()).unwrap());
    read(&mut get(&session, &Call::new()).unwrap());
    assert_eq!(sandbox.counter("connections"), connections + 1);
}

#[test]
fn a_request_is_sent_again_and_an_upload_is_not() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    expire(&sandbox);
    let answer = get(&session, &Call::new()).unwrap();
    assert_eq!((answer.status(), answer.refusal().is_none()), (200, true));
    assert_eq!(sandbox.counter("login"), 2);

    for length in [None, Some(2)] {
        expire(&sandbox);
        let before = sandbox.counter("api");
        let logins = sandbox.counter("login");
        let mut answer = post(&session, &mut Cursor::new("{}"), length).unwrap();
        assert_eq!(answer.status(), 400);
        let refusal = answer.refusal().unwrap();
        assert_eq!(refusal.status(), Status::SessionExpired);
        assert!(refusal.retryable());
        let said = String::from_utf8(read(&mut answer)).unwrap();
        assert!(said.contains("SessionToken.Expired"), "{said}");
        assert_eq!(sandbox.counter("api"), before + 1);
        assert_eq!(sandbox.counter("login"), logins + 1);
        let answer = post(&session, &mut Cursor::new("{}"), length).unwrap();
        assert_eq!((answer.status(), answer.refusal().is_none()), (200, true));
    }
}

#[test]
fn a_refusal_that_stays_is_an_answer() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[("auto_relogin", "false")]);
    expire(&sandbox);
    let answer = get(&session, &Call::new()).unwrap();
    assert_eq!(answer.status(), 400);
    let refusal = answer.refusal().unwrap();
    assert_eq!(refusal.status(), Status::SessionExpired);
    assert!(!refusal.retryable());
    assert!(refusal.token().is_some());
}

#[test]
fn a_body_that_cannot_be_read_is_given_up() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    let broken = post(&session, &mut Cursor::new("{").chain(Broken), None).unwrap_err();
    assert_eq!(broken.status(), Status::Cancelled);
    assert!(broken.message().contains("the disk is gone"), "{broken}");
    let short = post(&session, &mut Cursor::new("{}"), Some(3)).unwrap_err();
    assert_eq!(short.status(), Status::Cancelled);
    assert!(short.message().contains("shorter"), "{short}");
    // Of a longer one the beginning is sent.
    let answer = post(&session, &mut Cursor::new("{}}"), Some(2)).unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(sandbox.counter("api"), 1);
}

#[test]
fn each_piece_has_the_calls_time() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    let dripped = |time_ms: u64| {
        let drip = json!({
            "on": "api", "fault": "drip", "ms": time_ms / 20, "body": "x".repeat(30), "status": 200
        });
        sandbox.control("POST", "/faults", drip);
        let call = Call::new();
        call.set_timeout(Duration::from_millis(time_ms));
        let mut body = Vec::new();
        let read = get(&session, &call)
            .map_err(io::Error::other)?
            .read_to_end(&mut body);
        sandbox.control("DELETE", "/faults", json!(null));
        read
    };
    // All of it takes half as long again. A piece that comes late for another reason has more time.
    let read = [2000, 8000, 32_000]
        .into_iter()
        .find_map(|time_ms| dripped(time_ms).ok());
    assert_eq!(read, Some(30));
}

#[test]
fn an_answer_under_way_can_be_cancelled() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    let endless = json!({"on": "api", "fault": "endless"});
    sandbox.control("POST", "/faults", endless);
    let call = Call::new();
    let mut answer = get(&session, &call).unwrap();
    answer.read_exact(&mut [0; 1000]).unwrap();
    call.cancel();
    let error = answer.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(inner(error).status(), Status::Cancelled);
    assert!(answer.read(&mut [0]).is_err(), "it is no end");
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let sandbox = sandbox();
    let session = session(&sandbox, &[]);
    sandbox.control(
        "POST",
        "/faults",
        json!({"on": "api", "fault": "half_body"}),
    );
    let mut answer = get(&session, &Call::new()).unwrap();
    let error = answer.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(inner(error).status(), Status::Network);
}
