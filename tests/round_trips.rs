//! What a session costs in round trips, over TLS and by name, as in production: counted by a proxy
//! from who spoke after whom. The floor in each case is one for the connection, one for TLS 1.3,
//! and one for everything that must be answered before the next can be asked.

use std::time::{Duration, Instant};

use serde_json::json;
use thingspace_sandbox::{DelayProxy, Options, Sandbox, Trips};
use thingspace_session::{Call, Config, Request, Session};

const DEVICES: Request<'_> = Request {
    method: "POST",
    path: "/m2m/v1/devices/actions/list",
    headers: &[("Content-Type", "application/json")],
    body: br#"{"accountName":"0000123456-00001"}"#,
};

/// A platform behind a proxy that counts.
struct Far {
    sandbox: Sandbox,
    proxy: DelayProxy,
}

impl Far {
    fn away(delay: Duration) -> Far {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let url = sandbox.tls_base_url();
        let port = url.rsplit_once(':').unwrap().1.trim_end_matches("/api");
        let proxy = DelayProxy::start(port.parse().unwrap(), delay).unwrap();
        Far { sandbox, proxy }
    }

    fn start() -> Far {
        Far::away(Duration::ZERO)
    }

    fn config(&self, more: &[(&str, &str)]) -> Config {
        let base = format!("https://localhost:{}/api", self.proxy.port());
        let mut config = Config::new();
        let usual = [
            ("base_url", base.as_str()),
            ("soap_url", &format!("{base}/v2")),
            ("ca_file", self.sandbox.ca_file().to_str().unwrap()),
            ("username", "zbeeblebrox"),
            ("password", "IMgr8"),
            ("store", "memory:"),
            ("timeout_ms", "60000"),
        ];
        for (name, value) in usual.iter().chain(more) {
            config.set(name, value).unwrap();
        }
        config
    }

    fn login(&self) -> Session {
        let key = [("app_key", "key"), ("app_secret", "secret")];
        Session::login(&self.config(&key), &Call::new()).unwrap()
    }

    fn expire(&self, what: &str) {
        self.sandbox
            .control("POST", "/expire", json!({"what": what}));
    }

    /// What a request costs after that has expired. A connection that was silent for two seconds
    /// gets no login: where the machine stood still for so long, this is done again.
    fn renewal(&self, what: &str, request: impl Fn()) -> Trips {
        loop {
            self.expire(what);
            let began = Instant::now();
            let (_, trips) = self.trips(&request);
            if began.elapsed() < Duration::from_secs(2) {
                return trips;
            }
        }
    }

    /// What `step` cost.
    fn trips<T>(&self, step: impl FnOnce() -> T) -> (T, Trips) {
        let before = self.proxy.trips();
        let outcome = step();
        (outcome, self.proxy.trips() - before)
    }
}

fn request(session: &Session) {
    let answer = session.request(&Call::new(), DEVICES).unwrap();
    assert_eq!(answer.status(), 200);
}

fn devices_by_soap(session: &Session) {
    let body = br#"<v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"/>"#;
    let call = session.soap_call(&Call::new(), "DeviceService", "GetDeviceList", body);
    assert_eq!(call.unwrap().status(), 200);
}

/// So many round trips on connections that stand.
fn on_kept_connections(round_trips: u64) -> Trips {
    Trips {
        round_trips,
        ..Trips::default()
    }
}

/// So many round trips, those of one new connection and its whole handshake among them.
fn with_one_connection(round_trips: u64) -> Trips {
    Trips {
        round_trips,
        connections: 1,
        full_handshakes: 1,
        resumed_handshakes: 0,
    }
}

#[test]
fn cold_api_token_login_and_request_go_over_one_connection() {
    let far = Far::start();
    let (session, trips) = far.trips(|| {
        let session = far.login();
        request(&session);
        session
    });
    assert_eq!(trips, with_one_connection(5));
    let (_, trips) = far.trips(|| request(&session));
    assert_eq!(
        trips,
        on_kept_connections(1),
        "and then one for each request"
    );
}

#[test]
fn an_expired_session_costs_the_refusal_the_login_and_the_request() {
    let far = Far::start();
    let session = far.login();
    request(&session);
    for _ in 0..3 {
        let trips = far.renewal("session", || request(&session));
        assert_eq!(trips, on_kept_connections(3));
    }
}

#[test]
fn a_refused_api_token_costs_the_refusal_a_new_one_and_the_request() {
    let far = Far::start();
    let session = far.login();
    request(&session);
    far.expire("api_token");
    let (_, trips) = far.trips(|| request(&session));
    assert_eq!(trips, on_kept_connections(3));
}

#[test]
fn an_api_token_that_ran_out_costs_a_new_one_and_the_request() {
    // The delay only keeps this from asking a thousand times until the time is up, which is the
    // shortest that a token is kept.
    let far = Far::away(Duration::from_millis(40));
    far.sandbox
        .control("POST", "/settings", json!({"expires_in": 0}));
    let session = far.login();
    loop {
        let (_, trips) = far.trips(|| request(&session));
        if far.sandbox.counter("oauth") == 2 {
            assert_eq!(trips, on_kept_connections(2));
            break;
        }
        assert_eq!(trips, on_kept_connections(1));
    }
}

#[test]
fn with_both_tokens_expired_each_is_refused_and_renewed_once() {
    let far = Far::start();
    let session = far.login();
    request(&session);
    let trips = far.renewal("all", || request(&session));
    assert_eq!(trips, on_kept_connections(5));
}

#[test]
fn soap_costs_the_same_without_an_api_token() {
    let far = Far::start();
    let soap = far.config(&[("protocol", "soap")]);
    let (session, trips) = far.trips(|| {
        let session = Session::login(&soap, &Call::new()).unwrap();
        devices_by_soap(&session);
        session
    });
    assert_eq!(trips, with_one_connection(4));
    let trips = far.renewal("session", || devices_by_soap(&session));
    assert_eq!(trips, on_kept_connections(3));
}

/// A connection that has not answered within the call may be dead, and a login is not sent twice.
#[test]
fn a_login_without_a_fresh_answer_gets_a_connection_that_is_resumed_and_kept() {
    let far = Far::start();
    let session = far.login();
    request(&session);
    let (_, trips) = far.trips(|| session.relogin(&Call::new(), None).unwrap());
    let resumed = Trips {
        round_trips: 3,
        connections: 1,
        full_handshakes: 0,
        resumed_handshakes: 1,
    };
    assert_eq!(trips, resumed);
    let (_, trips) = far.trips(|| request(&session));
    assert_eq!(trips, on_kept_connections(1));
}
