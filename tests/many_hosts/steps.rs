//! What befalls the server at each step of a login: before each thing that a host says to it.

use serde_json::json;
use thingspace_sandbox::{Options as SandboxOptions, Sandbox};
use thingspace_session::{Call, Error, Session, Status};

use crate::host::{Options, config};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::store::until;
use crate::world::{Seen, contact};

const RIGHT: &str = "IMgr8";

#[derive(Clone, Copy, Debug)]
enum Mishap {
    Killed,
    Wiped,
    Emptied,
    Full,
    ScriptsForgotten,
}

const MISHAPS: [Mishap; 5] = [
    Mishap::Killed,
    Mishap::Wiped,
    Mishap::Emptied,
    Mishap::Full,
    Mishap::ScriptsForgotten,
];

struct Scene {
    sandbox: Sandbox,
    server: Server,
    way: Proxy,
    /// Each case has an account of its own.
    account: String,
}

impl Scene {
    fn new() -> Scene {
        let server = Server::start();
        Scene {
            sandbox: Sandbox::start(SandboxOptions::default()).unwrap(),
            way: Proxy::to(server.port()),
            server,
            account: String::new(),
        }
    }

    fn begin(&mut self, account: String) {
        contact(&self.sandbox, &account, RIGHT);
        self.account = account;
    }

    fn options(&self, host: &str, password: &str) -> Options {
        let witness = self.server.directory().join(host);
        let (port, witness) = (self.way.port(), witness.display());
        let options = json!({
            "base_url": self.sandbox.base_url(),
            "username": self.account,
            "password": password,
            "api_token": "static-test-token",
            "store": format!("redis://127.0.0.1:{port}?witness={witness}"),
            "timeout_ms": "10000",
        });
        options.as_object().unwrap().clone()
    }

    fn login(&self, host: &str, password: &str) -> Result<Session, Error> {
        login(&self.options(host, password))
    }

    /// A login, with this mishap after so many steps. None where it has fewer.
    fn login_through(
        &mut self,
        steps: usize,
        mishap: Mishap,
        password: &str,
    ) -> Option<Result<Session, Error>> {
        let options = self.options("b", password);
        self.way.part_after(steps);
        let under_way = std::thread::spawn(move || login(&options));
        until("the login is at that step, or done", || {
            self.way.has_parted() || under_way.is_finished()
        });
        let came_to_it = self.way.has_parted();
        if came_to_it {
            self.befall(mishap);
        }
        self.way.heal();
        let done = under_way.join().unwrap();
        match mishap {
            Mishap::Killed if came_to_it => self.server.run(),
            Mishap::Full => drop(self.server.cli(&["CONFIG", "SET", "maxmemory", "0"])),
            _ => {}
        }
        came_to_it.then_some(done)
    }

    fn befall(&mut self, mishap: Mishap) {
        let server = &mut self.server;
        match mishap {
            Mishap::Killed => server.kill(),
            Mishap::Wiped => server.wipe(),
            Mishap::Emptied => drop(server.cli(&["FLUSHALL"])),
            Mishap::Full => drop(server.cli(&["CONFIG", "SET", "maxmemory", "1"])),
            Mishap::ScriptsForgotten => drop(server.cli(&["SCRIPT", "FLUSH"])),
        }
    }

    fn seen(&self) -> Seen {
        Seen::of(&self.sandbox, &self.account)
    }
}

fn login(options: &Options) -> Result<Session, Error> {
    Session::login(&config(options), &Call::new())
}

/// Runs each case: an account, after how many steps, and which mishap.
fn at_every_step(case: impl Fn(&mut Scene, usize, Mishap) -> bool) {
    let mut scene = Scene::new();
    for mishap in MISHAPS {
        let mut steps = 0;
        loop {
            scene.begin(format!("{mishap:?} {steps}"));
            if !case(&mut scene, steps, mishap) {
                break;
            }
            steps += 1;
        }
        println!("{mishap:?} at {steps} steps");
        assert!(steps > 3, "a login says more than that");
    }
}

#[test]
fn a_wrong_password_among_others_is_never_the_fifth_failure() {
    at_every_step(|scene, steps, mishap| {
        for host in ["a", "b", "c"] {
            scene.login(host, RIGHT).unwrap();
        }
        let result = scene.login_through(steps, mishap, "wrong");
        for (n, host) in ["a", "c", "b", "a", "c", "b"].iter().enumerate() {
            assert!(scene.login(host, &format!("wrong at {n}")).is_err());
        }
        let seen = scene.seen();
        assert!(seen.most < 5, "{mishap:?} after {steps}: {seen:?}");
        result.is_some_and(|result| {
            assert!(result.is_err());
            true
        })
    });
}

#[test]
fn the_right_password_comes_through_or_is_told_when() {
    at_every_step(|scene, steps, mishap| {
        scene.login("a", RIGHT).unwrap();
        let Some(result) = scene.login_through(steps, mishap, RIGHT) else {
            return false;
        };
        for result in [result, scene.login("a", RIGHT), scene.login("b", RIGHT)] {
            if let Err(error) = result {
                let status = error.status();
                let told = [
                    Status::Store,
                    Status::LoginBlocked,
                    Status::Network,
                    Status::Timeout,
                ];
                let context = format!("{mishap:?} after {steps}: {error}");
                assert!(told.contains(&status), "{context}");
                let ends_by_itself = error.retryable() || status == Status::Timeout;
                assert!(ends_by_itself, "{context}");
            }
        }
        assert_eq!(scene.seen().most, 0);
        true
    });
}
