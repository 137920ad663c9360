//! The clients that people have: curl, Node's fetch, Python. Each goes over an expiry.

use std::process::{Command, Output};

use serde_json::json;

use super::scene::Scene;
use super::served::Served;
use super::{ACCOUNT, DEVICES};

/// Whether a program is on PATH. Where it is not, what needs it stays untested: said here, and a
/// failure in CI.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output();
    if found.is_ok() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "there is no {program}");
    eprintln!("NOT TESTED WITH {program}: it is not on PATH.");
    false
}

/// Runs a client before and after an expiry, and once more.
fn over_an_expiry(run: impl Fn(&Scene, &Served) -> Output) {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy", "-q"]));
    for logins in [1, 2, 2] {
        let done = run(&scene, &served);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        assert_eq!(scene.sandbox.counter("login"), logins, "{said}");
        if logins == 1 {
            scene
                .sandbox
                .control("POST", "/expire", json!({"what": "all"}));
        }
    }
    assert_eq!(scene.sandbox.counter("login_failed"), 0);
}

#[test]
fn curl() {
    if !has("curl") {
        return;
    }
    over_an_expiry(|scene, served| {
        let long = scene.folder.join("long.json");
        std::fs::write(&long, format!("{{{}}}", " ".repeat(4 * 1024 * 1024))).unwrap();
        let small = format!("{}{ACCOUNT}", served.address);
        let devices = format!("{}{DEVICES}", served.address);
        let upload = format!("@{}", long.display());
        Command::new("curl")
            .args(["-sS", "--fail", "-o", "/dev/null", &small])
            .args([
                "--next",
                "-sS",
                "--fail",
                "-o",
                "/dev/null",
                "--compressed",
                &small,
            ])
            .args([
                "--next",
                "-sS",
                "--fail",
                "-o",
                "/dev/null",
                "-0",
                "-d",
                "{}",
                &devices,
            ])
            // By then the token is renewed: it waits for a 100.
            .args([
                "--next",
                "-sS",
                "--fail",
                "-o",
                "/dev/null",
                "--data-binary",
                &upload,
                &devices,
            ])
            .output()
            .unwrap()
    });
}

#[test]
fn fetch_of_node() {
    if !has("node") {
        return;
    }
    const SCRIPT: &str = r#"
        const [base, account, devices] = process.argv.slice(1);
        const ok = async (answer) => {
            const body = await answer.text();
            if (answer.status !== 200) throw new Error(`${answer.status} ${body}`);
            return JSON.parse(body);
        };
        (async () => {
            await Promise.all(Array.from({length: 20}, () => fetch(base + account).then(ok)));
            await ok(await fetch(base + devices, {method: "POST", body: "{}"}));
            const parts = async function* () {
                for (let n = 0; n < 64; n++) yield Buffer.from(" ".repeat(65536));
                yield Buffer.from("{}");
            };
            const {Readable} = require("stream");
            const body = Readable.toWeb(Readable.from(parts()));
            await ok(await fetch(base + devices, {method: "POST", body, duplex: "half"}));
        })().catch((error) => { console.error(error); process.exit(1); });
    "#;
    over_an_expiry(|_, served| {
        Command::new("node")
            .args(["-e", SCRIPT, &served.address, ACCOUNT, DEVICES])
            .output()
            .unwrap()
    });
}

#[test]
fn python_of_the_standard_library() {
    if !has("python3") {
        return;
    }
    const SCRIPT: &str = r#"
import http.client, json, sys, threading, urllib.request
base, account, devices = sys.argv[1:]
def get():
    with urllib.request.urlopen(base + account) as answer:
        assert json.load(answer)["accountName"]
threads = [threading.Thread(target=get) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
connection = http.client.HTTPConnection(base.removeprefix("http://"))
for body in (b"{}", (piece for piece in [b" " * 65536] * 40 + [b"{}"])):
    connection.request("POST", devices, body=body, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, bool(json.load(answer))) == (200, True), answer.status
"#;
    over_an_expiry(|_, served| {
        Command::new("python3")
            .args(["-c", SCRIPT, &served.address, ACCOUNT, DEVICES])
            .output()
            .unwrap()
    });
}
