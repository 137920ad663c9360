//! How the proxy ends: what is under way is finished, nothing more is taken, and a second signal
//! does not wait.

use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;
use serde_json::json;

use super::ACCOUNT;
use super::scene::Scene;
use super::served::{Client, Served};

fn signal(served: &Served, signal: Signal) {
    served.signal(signal.as_raw());
}

/// A client whose request the platform holds.
fn held(scene: &Scene, served: &Served) -> Client {
    assert_eq!(served.get(ACCOUNT).status, 200);
    let fault = json!({"on": "api", "fault": "hold", "times": -1});
    scene.sandbox.control("POST", "/faults", fault);
    let mut client = served.client();
    client.send(&format!(
        "GET {ACCOUNT} HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.host()
    ));
    let until = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", until);
    client
}

#[test]
fn what_is_under_way_is_finished() {
    for which in [Signal::TERM, Signal::INT] {
        let scene = Scene::new();
        let served = Served::start(&mut scene.command(&["proxy"]));
        let mut silent = served.client();
        let mut client = held(&scene, &served);
        signal(&served, which);
        // It closes what is silent once it takes no more.
        assert!(silent.is_over());
        scene.sandbox.control("DELETE", "/faults", json!(null));
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.is_over());
        let host = served.host().to_owned();
        let (status, _) = served.end();
        assert_eq!(status.code(), Some(0));
        assert!(TcpStream::connect(host).is_err());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy"]));
    let mut silent = served.client();
    let mut client = held(&scene, &served);
    signal(&served, Signal::TERM);
    assert!(silent.is_over());
    signal(&served, Signal::TERM);
    let (status, _) = served.end();
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
    assert!(client.is_over());
}

#[test]
fn load_does_not_keep_it_from_ending() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy"]));
    assert_eq!(served.get(ACCOUNT).status, 200);
    let host = served.host().to_owned();
    let request = format!("GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let (say, said) = std::sync::mpsc::channel();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (host, request, say) = (host.clone(), request.clone(), say.clone());
            std::thread::spawn(move || {
                let mut client = Client::to(&host);
                loop {
                    client.send(&request);
                    // Each answer is whole, up to the last.
                    let Some(answer) = client.answer_unless_over() else {
                        return;
                    };
                    assert!(answer.is_whole && answer.status == 200);
                    let _ = say.send(());
                    if answer.header("connection") == Some("close") {
                        return;
                    }
                }
            })
        })
        .collect();
    for _ in 0..50 {
        said.recv().unwrap();
    }
    signal(&served, Signal::TERM);
    let (status, _) = served.end();
    assert_eq!(status.code(), Some(0));
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn it_ends_though_its_socket_is_gone() {
    let scene = Scene::new();
    let path = scene.folder.join("proxy.sock");
    let unix = ["proxy", "--unix", path.to_str().unwrap()];
    let first = Served::start(&mut scene.command(&unix));
    std::fs::remove_file(&path).unwrap();
    // What stands in its place is another's.
    let second = Served::start(&mut scene.command(&unix));
    signal(&first, Signal::TERM);
    assert_eq!(first.end().0.code(), Some(0));
    assert!(path.exists());
    std::fs::remove_file(&path).unwrap();
    signal(&second, Signal::TERM);
    assert_eq!(second.end().0.code(), Some(0));
}
