//! Asking the system whether it trusts a certificate, on a thread of its own: Windows and Apple's
//! systems may go to the network for that, to fetch a root or to ask whether it was revoked, and
//! the call must end in time all the same.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, OtherError, SignatureScheme};

use crate::background;
use crate::call::Running;

thread_local! {
    /// The call that this thread shakes hands for.
    static CALL: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// Shakes hands for this call: a certificate is asked about no longer than it goes on.
pub(super) fn for_call<R>(running: &Running, work: impl FnOnce() -> R) -> R {
    CALL.set(Some(running.clone()));
    let done = work();
    CALL.set(None);
    done
}

/// Another verifier, which may take its time.
#[derive(Debug)]
pub(super) struct InTime<V>(Arc<V>);

impl<V> InTime<V> {
    pub fn new(verifier: V) -> InTime<V> {
        InTime(Arc::new(verifier))
    }
}

impl<V: ServerCertVerifier + 'static> ServerCertVerifier for InTime<V> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(running) = CALL.with_borrow(Clone::clone) else {
            return Err(Error::General("no call is shaking hands".into()));
        };
        let (say, said) = mpsc::channel();
        let verifier = Arc::clone(&self.0);
        let (certificate, name) = (certificate.clone().into_owned(), name.to_owned());
        let others: Vec<_> = others
            .iter()
            .map(|other| other.clone().into_owned())
            .collect();
        let ocsp = ocsp.to_vec();
        let ask = move || {
            let outcome = verifier.verify_server_cert(&certificate, &others, &name, &ocsp, now);
            // Where the call has ended nobody wants to know.
            let _ = say.send(outcome);
        };
        background::spawn("tsm-verify", ask).map_err(other)?;
        loop {
            match said.recv_timeout(running.slice()) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) => running.check().map_err(other)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::General("the system did not verify it".into()));
                }
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(OtherError(Arc::new(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Receiver;
    use std::time::Duration;

    use super::super::tls::explain;
    use super::*;
    use crate::call::Call;
    use crate::error::Status;

    /// Says what it is told to say, when it is told.
    #[derive(Debug)]
    struct Told(Mutex<Receiver<Result<(), Error>>>);

    impl ServerCertVerifier for Told {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            let told = self.0.lock().unwrap().recv().expect("it is told");
            told.map(|()| ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            unreachable!()
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            unreachable!()
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    fn verify(verifier: &InTime<Told>) -> Result<(), Error> {
        let certificate = CertificateDer::from(vec![1, 2, 3]);
        let name = ServerName::try_from("localhost").unwrap();
        let asked = verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        asked.map(drop)
    }

    fn running(call: &Call) -> Running {
        Running::start(call, Arc::default(), Duration::from_secs(3600))
    }

    #[test]
    fn what_the_system_says_is_what_comes_back() {
        let (tell, told) = mpsc::channel();
        let verifier = InTime::new(Told(Mutex::new(told)));
        let running = running(&Call::new());
        for outcome in [Ok(()), Err(Error::General("no".into()))] {
            tell.send(outcome.clone()).unwrap();
            let asked = for_call(&running, || verify(&verifier));
            assert_eq!(asked, outcome);
        }
        drop(tell);
        // It panics.
        let asked = for_call(&running, || verify(&verifier));
        assert!(matches!(asked, Err(Error::General(_))));
        assert!(matches!(verify(&verifier), Err(Error::General(_))));
    }

    #[test]
    fn a_system_that_takes_its_time_does_not_hold_up_a_call_that_has_ended() {
        let (_tell, told) = mpsc::channel();
        let verifier = InTime::new(Told(Mutex::new(told)));
        let call = Call::new();
        let running = running(&call);
        call.cancel();
        let error = for_call(&running, || verify(&verifier)).unwrap_err();
        assert_eq!(explain(&error).status(), Status::Cancelled);
    }
}
