//! Certificates for keys that stay on a token, issued by an authority that lives as long as the process.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};

use cardwright::pkix::{KeyKind, PublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    SerialNumber, SignatureAlgorithm,
};
use rustls::pki_types::pem::PemObject;

static AUTHORITY: LazyLock<(String, Issuer<'static, KeyPair>, String)> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = named("Test Authority");
    let pem = params.self_signed(&key).unwrap().pem();
    let key_pem = key.serialize_pem();
    (pem, Issuer::new(params, key), key_pem)
});

/// The authority's certificate, PEM.
pub fn authority() -> &'static str {
    &AUTHORITY.0
}

/// The authority's key, PEM, for programs that sign by it.
pub fn authority_key() -> &'static str {
    &AUTHORITY.2
}

/// A revocation list (DER) of the authority, which is to be renewed after an hour.
pub fn list(revoked: &[Vec<u8>]) -> Vec<u8> {
    list_by(&AUTHORITY.1, revoked)
}

/// Likewise, of another authority.
pub fn list_by(issuer: &Issuer<'_, KeyPair>, revoked: &[Vec<u8>]) -> Vec<u8> {
    let now = time::OffsetDateTime::now_utc();
    let entry = |serial: &Vec<u8>| RevokedCertParams {
        serial_number: SerialNumber::from_slice(serial),
        revocation_time: now,
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: now,
        next_update: now + time::Duration::HOUR,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().der().to_vec()
}

/// The TLS of a server called localhost, whose certificate (PEM) vouches for itself.
pub fn localhost() -> (String, Arc<rustls::ServerConfig>) {
    localhost_with(|builder| builder.with_no_client_auth())
}

/// Likewise, of one that wants a certificate of its callers.
pub fn localhost_that_asks() -> (String, Arc<rustls::ServerConfig>) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(authority().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
    localhost_with(|builder| builder.with_client_cert_verifier(verifier))
}

type Builder<State> = rustls::ConfigBuilder<rustls::ServerConfig, State>;

fn localhost_with(
    clients: impl FnOnce(Builder<rustls::WantsVerifier>) -> Builder<rustls::server::WantsServerCert>,
) -> (String, Arc<rustls::ServerConfig>) {
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&own).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.serialize_der());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = clients(builder).with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
    (certificate.pem(), Arc::new(config))
}

/// A connection to such a server, from its own side.
pub type Connection = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

/// Takes the next connection to such a server; nothing is shaken hands on yet.
pub fn accepted(listener: &TcpListener, config: &Arc<rustls::ServerConfig>) -> Connection {
    let connection = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
    rustls::StreamOwned::new(connection, listener.accept().unwrap().0)
}

/// A client certificate (DER) for `key`.
pub fn certificate_for(key: &PublicKey, name: &str) -> Vec<u8> {
    certificate_with(key, name, |_| ())
}

/// A client certificate (DER) for `key`, but for what is changed in it.
pub fn certificate_with(key: &PublicKey, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    change(&mut params);
    params.signed_by(&Certified(key), &AUTHORITY.1).unwrap().der().to_vec()
}

/// A key that is certified while its other half is elsewhere.
pub struct Certified<'a>(pub &'a PublicKey);

impl PublicKeyData for Certified<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.subject_public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.kind() {
            KeyKind::Rsa { .. } => &rcgen::PKCS_RSA_SHA256,
            KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        }
    }
}

pub fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
