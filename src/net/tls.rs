//! Which TLS is spoken: 1.2 and 1.3 with AES-GCM, trust from the system's roots or `ca_file`. The
//! list is rustls's own for `ring`, without what a client that never shows a certificate does not
//! need: each algorithm named here is code in the shared library.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use once_cell::race::OnceBox;
use rustix::event::PollFlags;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::{cipher_suite as suite, kx_group};
use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, OtherError, RootCertStore,
    SignatureScheme as Scheme,
};
use rustls_platform_verifier::Verifier;
use webpki::ring as algorithm;

use super::observer::Observer;
use super::{Address, Stream, Watch};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::per_key::PerKey;
use crate::runtime::Runtime;
use crate::sha256::sha256;
use crate::single_flight::SingleFlight;

type Digest = [u8; 32];

/// How many of the names in a wrong certificate are told.
const MOST_NAMES: usize = 4;
const LONGEST_NAME: usize = 100;
/// The roots of a whole system take less than one.
const LONGEST_CA_FILE: u64 = 16 * 1024 * 1024;
/// The end of the year 9999, where dates end.
const END_OF_DATES: u64 = 253_402_300_799;

/// By process and by what is trusted: the certificates of a `ca_file`, or the system's. All
/// connections that trust the same resume each other's TLS sessions.
static CONFIGS: PerKey<(u32, Option<Digest>), OnceBox<Shared>> = PerKey::new();

/// What connections that trust the same have in common.
struct Shared {
    config: Arc<ClientConfig>,
    /// What judges certificates in it.
    verifier: Arc<dyn ServerCertVerifier>,
}

/// How a session speaks TLS.
pub(crate) struct Client {
    ca_file: Option<String>,
    observer: Option<Arc<Observer>>,
    config: OnceBox<Arc<ClientConfig>>,
    reading: SingleFlight<Arc<ClientConfig>>,
}

impl Client {
    pub fn new(ca_file: Option<&str>, runtime: Arc<dyn Runtime>) -> Client {
        Client {
            ca_file: ca_file.map(str::to_owned),
            observer: None,
            config: OnceBox::new(),
            reading: SingleFlight::new("tsm-trust", runtime),
        }
    }

    /// The same, looked on by an observer.
    pub fn observed_by(self, observer: Arc<Observer>) -> Client {
        Client {
            observer: Some(observer),
            ..self
        }
    }

    /// Reads the certificates to trust, if that was not done yet: on a thread of its own, since a
    /// disk may stall.
    pub fn config(&self, running: &Running) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let (ca_file, observer) = (self.ca_file.clone(), self.observer.clone());
        let read = move |_: &_| config(ca_file.as_deref(), observer);
        let config = self.reading.run(running, || None, read)?;
        // Another thread may have been quicker with the same.
        let _ = self.config.set(Box::new(Arc::clone(&config)));
        Ok(config)
    }

    /// TLS with the server of this name, over a connection to it.
    pub fn wrap(&self, below: Stream, server: &Address, watch: &mut Watch) -> Result<Stream> {
        let config = self.config(watch.running())?;
        let name = ServerName::try_from(server.host.as_str()).map_err(|_| {
            let message = format!("{:?} cannot be the name in a certificate", server.host);
            Error::new(Status::Tls, message)
        })?;
        let connection =
            ClientConnection::new(config, name.to_owned()).map_err(|error| explain(&error))?;
        let mut tls = Tls { connection, below };
        #[cfg(not(any(windows, target_vendor = "apple")))]
        let shaken = tls.shake_hands(watch);
        #[cfg(any(windows, target_vendor = "apple"))]
        let shaken = super::verifier::for_call(&watch.running().clone(), || tls.shake_hands(watch));
        shaken.map_err(|error| watch.why(error))?;
        Ok(Stream::Tls(Box::new(tls)))
    }
}

fn config(ca_file: Option<&str>, observer: Option<Arc<Observer>>) -> Result<Arc<ClientConfig>> {
    let invalid = |path: &str, why: &str| {
        Error::new(Status::InvalidArgument, format!("ca_file {path}: {why}"))
    };
    let pem = ca_file
        .map(|path| read(path).map_err(|error| invalid(path, &error.to_string())))
        .transpose()?;
    let cached = CONFIGS.get(&(fork::generation(), pem.as_deref().map(sha256)));
    let as_wanted = |shared: &Shared| match &observer {
        None => Arc::clone(&shared.config),
        Some(observer) => Arc::new(observer.config(&shared.config, &shared.verifier)),
    };
    if let Some(shared) = cached.get() {
        return Ok(as_wanted(shared));
    }
    let trust = match (ca_file, pem) {
        (Some(path), Some(pem)) => Some(certificates(&pem).map_err(|why| invalid(path, why))?),
        _ => None,
    };
    let shared = new_config(trust).map_err(|error| explain(&error))?;
    Ok(as_wanted(cached.get_or_init(|| Box::new(shared))))
}

/// A pipe is read, too; what never ends is not.
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    let file = std::fs::File::open(path)?;
    match file.take(LONGEST_CA_FILE + 1).read_to_end(&mut pem)? as u64 {
        0..=LONGEST_CA_FILE => Ok(pem),
        _ => Err(io::Error::other(format!(
            "is longer than {LONGEST_CA_FILE} bytes"
        ))),
    }
}

fn certificates(pem: &[u8]) -> std::result::Result<RootCertStore, &'static str> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add_parsable_certificates([certificate.map_err(|_| "is not PEM")?]);
    }
    match roots.is_empty() {
        true => Err("holds no certificate in PEM"),
        false => Ok(roots),
    }
}

/// Trusts what it is given, or else what the system trusts.
fn new_config(trust: Option<RootCertStore>) -> std::result::Result<Shared, rustls::Error> {
    let provider = Arc::new(provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        None => {
            let verifier = Verifier::new(Arc::clone(&provider))?;
            #[cfg(any(windows, target_vendor = "apple"))]
            let verifier = super::verifier::InTime::new(verifier);
            Arc::new(verifier)
        }
        Some(roots) => {
            let all =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            all.build()
                .map_err(|error| rustls::Error::General(error.to_string()))?
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier))
        .with_no_client_auth();
    Ok(Shared {
        config: Arc::new(config),
        verifier,
    })
}

/// Why TLS failed, in our terms.
pub(super) fn explain(error: &rustls::Error) -> Error {
    let failed = |why: String| {
        let message = format!("TLS failed: {why}; check the URL, the clock and ca_file");
        Error::new(Status::Tls, message)
    };
    match error {
        rustls::Error::InvalidMessage(_) => Error::new(
            Status::Tls,
            "TLS failed: what came back is not TLS; check the scheme and port of the URL",
        ),
        rustls::Error::InvalidCertificate(of) => failed(certificate_in_words(of)),
        // The call was ended meanwhile.
        rustls::Error::Other(OtherError(other)) => match other.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => failed(other.to_string()),
        },
        _ => failed(error.to_string()),
    }
}

/// What is wrong with the server's certificate.
fn certificate_in_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "nobody whom this system trusts has signed the server's certificate (UnknownIssuer)"
                .into()
        }
        CertificateError::Expired => "the server's certificate has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => {
            let until = date(*not_after);
            format!("the server's certificate has expired: it was valid until {until}")
        }
        CertificateError::NotValidYet => "the server's certificate is not valid yet".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            let from = date(*not_before);
            format!("the server's certificate is not valid yet: it is from {from} on")
        }
        CertificateError::NotValidForName => "the server's certificate is for another name".into(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            format!(
                "the server's certificate is for another name ({})",
                names(presented)
            )
        }
        CertificateError::BadSignature => {
            "the server's certificate is not signed by whom it says (BadSignature)".into()
        }
        CertificateError::Revoked => "the server's certificate was revoked".into(),
        // The system's own words.
        CertificateError::Other(OtherError(other)) => format!("the server's certificate: {other}"),
        _ => format!("invalid peer certificate: {error}"),
    }
}

/// The names in a certificate, as it tells them: `DnsName("host")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| -> String {
        let name = name.split('"').nth(1).unwrap_or(name);
        let printable = name.chars().filter(char::is_ascii_graphic);
        printable.take(LONGEST_NAME).collect()
    };
    let mut names: Vec<String> = presented.iter().take(MOST_NAMES).map(bare).collect();
    if presented.len() > names.len() {
        names.push("…".into());
    }
    match names.is_empty() {
        true => "it names none".into(),
        false => names.join(", "),
    }
}

fn date(time: UnixTime) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(time.as_secs().min(END_OF_DATES));
    httpdate::fmt_http_date(time)
}

/// TLS over another stream.
pub(crate) struct Tls {
    connection: ClientConnection,
    below: Stream,
}

impl Tls {
    fn shake_hands(&mut self, watch: &mut Watch) -> io::Result<()> {
        while self.connection.is_handshaking() {
            let flushed = self.flush_waiting(watch);
            // Who hangs up may have said why.
            let read = self.take_in_waiting(watch)?;
            flushed?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.flush_waiting(watch)
    }

    pub(super) fn below(&self) -> &Stream {
        &self.below
    }

    pub fn try_read(&mut self, buffer: &mut [u8], watch: &mut Watch) -> io::Result<usize> {
        loop {
            match self.connection.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Such as the answer to a change of keys. Where it cannot leave, what the other
                    // side said can still be read.
                    let _ = self.try_flush(watch);
                    self.take_in(watch)?;
                }
                read => return read,
            }
        }
    }

    pub fn try_write(&mut self, bytes: &[u8], watch: &mut Watch) -> io::Result<usize> {
        self.try_flush(watch)?;
        let taken = self.connection.writer().write(bytes)?;
        match self.try_flush(watch) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    pub fn try_flush(&mut self, watch: &mut Watch) -> io::Result<()> {
        let below = &mut self.below;
        while self.connection.wants_write() {
            self.connection.write_tls(&mut Below { below, watch })?;
        }
        Ok(())
    }

    fn flush_waiting(&mut self, watch: &mut Watch) -> io::Result<()> {
        loop {
            match self.try_flush(watch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.below.await_ready(PollFlags::OUT, watch)?;
                }
                flushed => return flushed,
            }
        }
    }

    /// Takes in what is there: how many bytes; 0 at the end.
    fn take_in(&mut self, watch: &mut Watch) -> io::Result<usize> {
        let below = &mut self.below;
        let read = self.connection.read_tls(&mut Below { below, watch })?;
        if let Err(error) = self.connection.process_new_packets() {
            // The other side may learn why; whether it does is no matter.
            let _ = self.try_flush(watch);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(read)
    }

    fn take_in_waiting(&mut self, watch: &mut Watch) -> io::Result<usize> {
        loop {
            match self.take_in(watch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.below.await_ready(PollFlags::IN, watch)?;
                }
                read => return read,
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The stream that carries TLS, as rustls wants it. It never waits.
struct Below<'a> {
    below: &'a mut Stream,
    watch: &'a mut Watch,
}

impl Read for Below<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.below.try_read(buffer, self.watch)
    }
}

impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.below.try_write(bytes, self.watch)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.below.try_flush(self.watch)
    }
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &Random,
        key_provider: &NoClientKeys,
    }
}

const SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        algorithm::ECDSA_P256_SHA256,
        algorithm::ECDSA_P256_SHA384,
        algorithm::ECDSA_P384_SHA256,
        algorithm::ECDSA_P384_SHA384,
        algorithm::ED25519,
        algorithm::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        algorithm::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        algorithm::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        algorithm::RSA_PKCS1_2048_8192_SHA256,
        algorithm::RSA_PKCS1_2048_8192_SHA384,
        algorithm::RSA_PKCS1_2048_8192_SHA512,
        algorithm::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        algorithm::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        algorithm::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    // TLS 1.2 does not fix the curve.
    mapping: &[
        (
            Scheme::ECDSA_NISTP384_SHA384,
            &[algorithm::ECDSA_P384_SHA384, algorithm::ECDSA_P256_SHA384],
        ),
        (
            Scheme::ECDSA_NISTP256_SHA256,
            &[algorithm::ECDSA_P256_SHA256, algorithm::ECDSA_P384_SHA256],
        ),
        (Scheme::ED25519, &[algorithm::ED25519]),
        (
            Scheme::RSA_PSS_SHA512,
            &[algorithm::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PSS_SHA384,
            &[algorithm::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PSS_SHA256,
            &[algorithm::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PKCS1_SHA512,
            &[algorithm::RSA_PKCS1_2048_8192_SHA512],
        ),
        (
            Scheme::RSA_PKCS1_SHA384,
            &[algorithm::RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            Scheme::RSA_PKCS1_SHA256,
            &[algorithm::RSA_PKCS1_2048_8192_SHA256],
        ),
    ],
};

#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> std::result::Result<(), GetRandomFailed> {
        use ring::rand::SecureRandom;

        ring::rand::SystemRandom::new()
            .fill(bytes)
            .map_err(|_| GetRandomFailed)
    }
}

/// The platform asks for no client certificate.
#[derive(Debug)]
struct NoClientKeys;

impl KeyProvider for NoClientKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> std::result::Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no client certificates".into()))
    }
}
