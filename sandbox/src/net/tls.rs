//! Throw-away certificates: a CA made on the spot and, signed by it, a server certificate for
//! localhost and 127.0.0.1. The CA's key is forgotten as soon as it has signed.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Certified {
    pub ca_pem: String,
    pub server: Arc<ServerConfig>,
}

/// A new CA each time: who trusts one does not trust the next.
pub fn certify() -> io::Result<Certified> {
    let ca_key = KeyPair::generate().map_err(io::Error::other)?;
    let ca_params = ca_params();
    let ca = ca_params.self_signed(&ca_key).map_err(io::Error::other)?;

    let key = KeyPair::generate().map_err(io::Error::other)?;
    let issuer = Issuer::from_params(&ca_params, &ca_key);
    let certificate = server_params()?
        .signed_by(&key, &issuer)
        .map_err(io::Error::other)?;

    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key.into())
        })
        .map_err(io::Error::other)?;
    Ok(Certified {
        ca_pem: ca.pem(),
        server: Arc::new(server),
    })
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "thingspace-sandbox throw-away CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for_a_month(&mut params);
    params
}

fn server_params() -> io::Result<CertificateParams> {
    let names = ["localhost".to_string(), "127.0.0.1".to_string()];
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict verifiers ask for it.
    params.use_authority_key_identifier_extension = true;
    valid_for_a_month(&mut params);
    Ok(params)
}

/// By the machine's clock, not the sandbox's: certificates are judged by the client's.
fn valid_for_a_month(params: &mut CertificateParams) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(DAY);
    params.not_after = epoch + now + 30 * DAY;
}
