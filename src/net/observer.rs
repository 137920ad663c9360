//! Looks on while certificates are judged, for those who are to tell a person what was wrong with
//! one. It judges nothing itself, and trusts nothing that sessions do not: the one thing that it
//! can change is the time by which a certificate is judged, to find out whose clock is wrong.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

#[derive(Debug, Default)]
pub(crate) struct Observer {
    /// The time to judge by, instead of now.
    at: Option<UnixTime>,
    seen: Mutex<Seen>,
}

/// What was seen last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The server's own certificate.
    pub certificate: Option<CertificateDer<'static>>,
    /// Why it is not to be trusted.
    pub refusal: Option<Error>,
}

impl Observer {
    pub fn judging_at(time: UnixTime) -> Observer {
        Observer {
            at: Some(time),
            ..Observer::default()
        }
    }

    pub fn seen(&self) -> Seen {
        let seen = self.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same configuration with this observer in it. It resumes no session: a certificate is
    /// shown in full handshakes alone.
    pub(super) fn config(
        self: &Arc<Self>,
        config: &ClientConfig,
        verifier: &Arc<dyn ServerCertVerifier>,
    ) -> ClientConfig {
        let mut observed = config.clone();
        observed.resumption = Resumption::disabled();
        let looks_on = LooksOn {
            observer: Arc::clone(self),
            verifier: Arc::clone(verifier),
        };
        let mut dangerous = observed.dangerous();
        dangerous.set_certificate_verifier(Arc::new(looks_on));
        observed
    }
}

#[derive(Debug)]
struct LooksOn {
    observer: Arc<Observer>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for LooksOn {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let now = self.observer.at.unwrap_or(now);
        let judged = self
            .verifier
            .verify_server_cert(certificate, others, name, ocsp, now);
        let seen = self.observer.seen.lock();
        *seen.unwrap_or_else(PoisonError::into_inner) = Seen {
            certificate: Some(certificate.clone().into_owned()),
            refusal: judged.as_ref().err().cloned(),
        };
        judged
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
