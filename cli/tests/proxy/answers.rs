//! Answers of every shape reach a client as they are, and their ends as what they are.

use super::platform::{Arrived, Platform};
use super::scene::Scene;
use super::served::{Answer, Served};
use super::{ACCOUNT, DEVICES};

/// A proxy before a platform that says this to each request.
fn saying(scene: &Scene, said: &'static str) -> (Served, Platform) {
    let platform = Platform::start(move |arrived: &mut Arrived| {
        arrived.read_body();
        arrived.say(said.as_bytes());
        false
    });
    (Served::start(&mut platform.proxy(scene)), platform)
}

#[test]
fn an_answer_passes_as_it_came() {
    let scene = Scene::new();
    let cases = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\nX-A: c\r\n\r\n{}",
            200,
            "{}",
        ),
        ("HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", 299, ""),
        (
            "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone",
            404,
            "none",
        ),
        (
            "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            500,
            "abc",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n",
            200,
            "ab",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end"),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n",
            302,
            "",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            304,
            "",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            200,
            "x",
        ),
    ];
    for (said, status, body) in cases {
        let (served, _platform) = saying(&scene, said);
        let answer = served.get("/x");
        assert_eq!((answer.status, answer.text()), (status, body), "{said:?}");
        assert!(answer.is_whole, "{said:?}");
        assert_eq!(answer.header("thingspace-status"), None);
    }
    let (served, _platform) = saying(&scene, cases[0].0);
    let answer = served.get("/x");
    let named = answer.headers.iter().filter(|(name, _)| name == "x-a");
    let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["b", "c"]);
    let (served, _platform) = saying(&scene, cases[9].0);
    assert_eq!(served.get("/x").header("content-length"), Some("7"));
}

#[test]
fn what_is_cut_off_is_seen_to_be() {
    let scene = Scene::new();
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfrubbish",
    ] {
        let (served, _platform) = saying(&scene, said);
        let answer = served.get("/x");
        assert_eq!((answer.status, answer.is_whole), (200, false), "{said:?}");
        // One without chunks, and perhaps without a length.
        let mut client = served.client();
        client.send("GET /x HTTP/1.0\r\n\r\n");
        let answer = client.answer_unless_over();
        assert!(answer.is_none_or(|answer| !answer.is_whole), "{said:?}");
    }
}

#[test]
fn what_is_no_answer_is_told() {
    let scene = Scene::new();
    for (said, wanted) in [
        ("", (502, Some("30"))),
        ("SSH-2.0-server\r\n", (502, Some("23"))),
        ("HTTP/1.1 200 OK\r\nContent-Le", (502, Some("30"))),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            (502, Some("23")),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            (502, Some("23")),
        ),
        // Before any of it was passed on.
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nrubbish\r\n",
            (502, Some("23")),
        ),
        // An error is read before it is passed on.
        (
            "HTTP/1.1 400 No\r\nContent-Length: 10\r\n\r\nhalf",
            (502, Some("30")),
        ),
    ] {
        let (served, _platform) = saying(&scene, said);
        let answer = served.get("/x");
        assert_eq!(answer.said(), wanted, "{said:?}: {}", answer.text());
    }
}

#[test]
fn a_platform_that_is_not_there_or_silent_is_told() {
    let scene = Scene::new();
    let mut nowhere = scene.command(&["proxy", "-q"]);
    nowhere.env("TSM_BASE_URL", "http://127.0.0.1:1/api");
    let served = Served::start(&mut nowhere);
    assert_eq!(served.get(ACCOUNT).said(), (502, Some("30")));

    let platform = Platform::start(|arrived: &mut Arrived| !arrived.is_left());
    let served = Served::start(platform.proxy(&scene).env("TSM_TIMEOUT_MS", "300"));
    let answer = served.get("/x");
    assert_eq!(answer.said(), (504, Some("31")));
    assert_eq!(answer.header("thingspace-retryable"), Some("true"));
}

#[test]
fn headers_for_one_hop_go_no_further() {
    let scene = Scene::new();
    let platform = Platform::start(|arrived: &mut Arrived| {
        let said = arrived.head.to_ascii_lowercase();
        let length = said.len();
        arrived.say(
            format!(
                "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-one\r\nX-One: a\r\nX-Two: b\r\n\
                 Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n\
                 Trailer: x\r\nThingspace-Status: 12\r\nContent-Length: {length}\r\n\r\n{said}"
            )
            .as_bytes(),
        );
        true
    });
    let served = Served::start(&mut platform.proxy(&scene));
    let mut client = served.client();
    client.send(&format!(
        "GET /x HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, X-Mine\r\nX-Mine: a\r\n\
         X-Theirs: b\r\nTE: trailers\r\nTrailer: x\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\n\
         Accept-Encoding: gzip\r\nCookie: a=b\r\n\r\n",
        served.host()
    ));
    let answer = client.answer();
    let names: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["x-two", "content-length"]);
    let arrived = answer.text();
    for gone in [
        "x-mine",
        "te:",
        "trailer",
        "keep-alive",
        "proxy-connection",
        "gzip",
    ] {
        assert!(!arrived.contains(gone), "{gone}: {arrived}");
    }
    for there in ["x-theirs: b", "cookie: a=b", "accept-encoding: identity"] {
        assert!(arrived.contains(there), "{there}: {arrived}");
    }
    assert_eq!(arrived.matches("host:").count(), 1, "{arrived}");
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy", "-q"]));
    let host = served.host();
    let mut client = served.client();
    // All at once, and the platform's connection is one.
    client.send(&format!(
        "GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\n\r\n\
         POST {DEVICES} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{{}}\
         POST {DEVICES} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n\
         1\r\n{{\r\n1;x=y\r\n}}\r\n0\r\nTrailer: x\r\n\r\n\
         GET /nothing HTTP/1.1\r\nHost: {host}\r\n\r\n\
         GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n\
         GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    ));
    let statuses: [u16; 5] = std::array::from_fn(|_| client.answer().status);
    assert_eq!(statuses, [200, 200, 200, 404, 200]);
    client.stop_sending();
    assert!(client.is_over());
    assert_eq!(scene.sandbox.counter("connections"), 1);
}

#[test]
fn a_client_of_http_1_0_is_served() {
    let scene = Scene::new();
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let (served, _platform) = saying(&scene, chunked);
    let ask = |request: &str, times: usize| -> (Vec<Answer>, bool) {
        let mut client = served.client();
        client.send(&request.repeat(times));
        let answers = (0..times).map(|_| client.answer()).collect();
        client.stop_sending();
        (answers, client.is_over())
    };
    let (answers, is_over) = ask("GET /x HTTP/1.0\r\n\r\n", 1);
    assert_eq!(answers[0].text(), "abc");
    assert_eq!(answers[0].header("transfer-encoding"), None);
    assert_eq!(answers[0].header("connection"), Some("close"));
    assert!(is_over);

    let (served, _platform) = saying(&scene, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    let mut client = served.client();
    for _ in 0..2 {
        client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer();
        assert_eq!(answer.text(), "abc");
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
}

#[test]
fn head_is_answered_without_a_body() {
    let scene = Scene::new();
    let platform = Platform::start(|arrived: &mut Arrived| {
        arrived.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
        true
    });
    let served = Served::start(&mut platform.proxy(&scene));
    let mut client = served.client();
    for _ in 0..2 {
        client.send(&format!(
            "HEAD /x HTTP/1.1\r\nHost: {}\r\n\r\n",
            served.host()
        ));
        let answer = client.answer_to_head();
        assert_eq!(answer.header("content-length"), Some("1234"));
    }
}
