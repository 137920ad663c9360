//! Certificates that are not to be trusted, each for its own reason.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Report, doctor};
use crate::scene::Scene;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A CA, and a certificate of it.
struct Certified {
    ca_pem: String,
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

fn ago(days: u32) -> SystemTime {
    SystemTime::now() - days * DAY
}

fn certified(name: &str, from: SystemTime, until: SystemTime) -> Certified {
    let mut ca = CertificateParams::default();
    ca.distinguished_name = rcgen::DistinguishedName::new();
    ca.distinguished_name
        .push(DnType::CommonName, "Corp Inspection CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().expect("there are keys");
    let ca_pem = ca.self_signed(&ca_key).expect("it can be signed").pem();
    let issuer = Issuer::from_params(&ca, &ca_key);
    let params = params(name, from, until);
    let key = KeyPair::generate().expect("there are keys");
    let certificate = params.signed_by(&key, &issuer).expect("it can be signed");
    Certified {
        ca_pem,
        certificate: certificate.der().clone(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()),
    }
}

fn self_signed(name: &str) -> Certified {
    let key = KeyPair::generate().expect("there are keys");
    let params = params(name, ago(1), SystemTime::now() + DAY);
    let certificate = params.self_signed(&key).expect("it can be signed");
    Certified {
        ca_pem: certificate.pem(),
        certificate: certificate.der().clone(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()),
    }
}

fn params(name: &str, from: SystemTime, until: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("it is a name");
    params.distinguished_name.push(DnType::CommonName, name);
    let at = |time: SystemTime| {
        date_time_ymd(1970, 1, 1) + time.duration_since(UNIX_EPOCH).expect("it is later")
    };
    (params.not_before, params.not_after) = (at(from), at(until));
    params
}

/// Serves a refusal of the platform's gateway with this certificate, and says that it is `date`.
fn serve(of: &Certified, date: SystemTime) -> String {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are versions")
        .with_no_client_auth()
        .with_single_cert(vec![of.certificate.clone()], of.key.clone_key().into())
        .expect("the certificate fits its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("it can be bound");
    let port = listener.local_addr().expect("it has an address").port();
    let body = r#"{"fault":{"code":"900902","message":"Missing Credentials"}}"#;
    let answer = format!(
        "HTTP/1.1 401 No\r\nDate: {}\r\nContent-Length: {}\r\n\r\n{body}",
        httpdate::fmt_http_date(date),
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let (config, answer) = (Arc::clone(&config), answer.clone());
            std::thread::spawn(move || {
                let connection = ServerConnection::new(config).expect("it can begin");
                let mut stream = StreamOwned::new(connection, stream);
                let mut request = [0; 4096];
                if stream.read(&mut request).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
        }
    });
    format!("https://localhost:{port}/api")
}

fn examined(scene: &Scene, of: &Certified, date: SystemTime, trusts: bool) -> Report {
    let ca_file = scene.folder.join("ca.pem");
    fs::write(&ca_file, &of.ca_pem).expect("it can be written");
    let url = serve(of, date);
    let ca_file = if trusts {
        ca_file.to_str().expect("it is text")
    } else {
        ""
    };
    doctor(scene, &[("TSM_BASE_URL", &url), ("TSM_CA_FILE", ca_file)])
}

#[test]
fn a_certificate_is_told_with_its_issuer() {
    let scene = Scene::new();
    let now = SystemTime::now();
    let sound = certified("localhost", ago(1), now + DAY);
    let report = examined(&scene, &sound, now, true);
    report
        .names("tls", "ok", "Corp Inspection CA", "")
        .names("clock", "ok", "", "");
    // Who reads what goes through, and is not known here.
    let inspected = examined(&scene, &sound, now, false);
    inspected.fails(
        32,
        "tls",
        "issued by \"Corp Inspection CA\"",
        "the option ca_file",
    );
    inspected.names("answer", "not tried", "", "");
    let own = examined(&scene, &self_signed("localhost"), now, false);
    own.fails(32, "tls", "signed itself", "ca_file");
    let other = serve(&sound, now);
    let elsewhere = scene.sandbox.ca_file().to_str().expect("it is text");
    let report = doctor(
        &scene,
        &[("TSM_BASE_URL", &other), ("TSM_CA_FILE", elsewhere)],
    );
    report.fails(
        32,
        "tls",
        "UnknownIssuer",
        "The option ca_file trusts others",
    );
}

#[test]
fn a_certificate_for_another_name_says_which() {
    let scene = Scene::new();
    let now = SystemTime::now();
    let other = certified("portal.example", ago(1), now + DAY);
    let report = examined(&scene, &other, now, true);
    report.fails(32, "tls", "portal.example", "captive portal");
}

#[test]
fn an_expired_certificate_is_told_from_a_clock_that_is_wrong() {
    let scene = Scene::new();
    let now = SystemTime::now();
    let expired = certified("localhost", ago(30), ago(10));
    let report = examined(&scene, &expired, now, true);
    report.fails(
        32,
        "tls",
        "has expired: it was valid until",
        "must be given a certificate",
    );
    let report = examined(&scene, &expired, ago(20), true);
    report.fails(32, "tls", "has expired", "This machine's clock is wrong");
    let early = certified("localhost", now + 10 * DAY, now + 30 * DAY);
    let report = examined(&scene, &early, now + 20 * DAY, true);
    report.fails(
        32,
        "tls",
        "is not valid yet",
        "This machine's clock is wrong",
    );
    // A server that is not to be trusted in anything else is not asked for its time.
    let report = examined(&scene, &expired, ago(20), false);
    report.fails(32, "tls", "has expired", "Check this machine's clock");
}

#[test]
fn what_is_no_tls_and_roots_that_are_not_there_are_named() {
    let scene = Scene::new();
    let plain = scene.sandbox.base_url().replace("http://", "https://");
    let report = doctor(&scene, &[("TSM_BASE_URL", &plain)]);
    report.fails(32, "tls", "not TLS", "the port of the URL");
    let url = serve(&self_signed("localhost"), SystemTime::now());
    let empty = scene.folder.join("empty.pem");
    fs::write(&empty, "").expect("it can be written");
    let empty = empty.to_str().expect("it is text");
    for (name, exit, remedy) in [
        ("SSL_CERT_FILE", 32, "ca-certificates"),
        ("TSM_CA_FILE", 1, ""),
    ] {
        let report = doctor(&scene, &[("TSM_BASE_URL", &url), (name, empty)]);
        report.fails(exit, "tls", "ertificate", remedy);
    }
}

#[test]
fn a_store_whose_certificate_is_not_to_be_trusted_is_named() {
    let scene = Scene::new();
    let url = serve(&self_signed("localhost"), SystemTime::now());
    let host = url.trim_start_matches("https://").trim_end_matches("/api");
    let witness = scene.folder.join("witness");
    let store = format!("rediss://{host}?witness={}", witness.display());
    let report = doctor(&scene, &[("TSM_STORE", &store)]);
    report.fails(40, "store", "TLS failed", "ca_file");
}
