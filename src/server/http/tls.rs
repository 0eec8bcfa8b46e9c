//! The server's own key and certificate for TLS: issued by its CA at the first start, renewed by a start near its end.
//! Clients are asked for theirs where the settings say so.

use crate::ca::{self, CertificateAuthority, IssueOrder, SubjectAltName, keyfile};
use crate::pkix::{self, Certificate, KeyAlgorithm, KeyUsage, MemoryKey, Signer};
use crate::secret::Passphrase;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::server::identity::certificate::Certificates;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use std::net::IpAddr;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Sets how long a certificate is good for.
const VALIDITY: Duration = Duration::days(397);

/// Sets how near its end a start replaces the certificate.
const RENEW_WITHIN: Duration = Duration::days(30);

/// Names id-kp-serverAuth (RFC 5280, 4.2.1.12).
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

/// Says why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the key or certificate cannot be used")]
    Pkix(#[from] pkix::Error),
    #[error("the key cannot be sealed or opened, or the CA does not issue")]
    Ca(#[from] ca::Error),
    #[error("client certificates cannot be verified")]
    Clients(#[from] rustls::server::VerifierBuilderError),
    #[error("TLS cannot be set up")]
    Rustls(#[from] rustls::Error),
}

/// Opens the server's key, or makes it at the first start.
pub fn key(directory: &DataDirectory, passphrase: &Passphrase) -> Result<MemoryKey, TlsError> {
    if let Some(sealed) = files::read_if_there(&directory.tls_key())? {
        return Ok(keyfile::open_private_key(&sealed, passphrase)?);
    }
    let key = MemoryKey::generate(KeyAlgorithm::P256)?;
    keyfile::write_new(&directory.tls_key(), &keyfile::seal_private_key(key.expose_pkcs8(), passphrase)?)?;
    Ok(key)
}

/// Sets TLS up: the key, and a certificate of the CA for the public names. HTTP/1.1 alone is offered (ALPN).
pub fn server_config(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    key: &MemoryKey,
    clients: Option<&Certificates>,
    now: OffsetDateTime,
) -> Result<Arc<ServerConfig>, TlsError> {
    let certificate = match usable_certificate(directory, settings, authority, key, now)? {
        Some(kept) => kept,
        None => issue_certificate(directory, settings, authority, key, now)?,
    };
    let chain = [&certificate].into_iter().chain(authority.chain());
    let chain = chain.map(|certificate| CertificateDer::from(certificate.der().to_vec())).collect();
    let key = PrivatePkcs8KeyDer::from(key.expose_pkcs8().to_vec());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(clients) => config.with_client_cert_verifier(verifier(clients, provider)?),
    };
    let mut config = config.with_single_cert(chain, key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Asks clients for a certificate of these authorities, and lets in who shows none: there are other ways in.
fn verifier(clients: &Certificates, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in clients.authorities() {
        roots.add(CertificateDer::from(authority.to_vec()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    Ok(builder.allow_unauthenticated().build()?)
}

/// Reads the certificate of an earlier start; returns it if it will still do: not near its end, of this CA, for this
/// key and these names.
fn usable_certificate(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    key: &MemoryKey,
    now: OffsetDateTime,
) -> Result<Option<Certificate>, TlsError> {
    let Some(pem) = files::read_if_there(&directory.tls_certificate())? else { return Ok(None) };
    let certificate = Certificate::from_pem(&pem)?;
    let in_time = certificate.not_before() <= now && now + RENEW_WITHIN < certificate.not_after();
    let ours = authority.chain().first().is_some_and(|issuer| certificate.verify_issued_by(issuer).is_ok());
    let of_this_key = certificate.is_for(key.public_key());
    let names = certificate.alt_names()?;
    let addresses = settings.public_names.len() - settings.dns_names().count();
    let for_these = settings.dns_names().eq(names.dns_names.iter().map(String::as_str)) && names.others == addresses;
    Ok(Some(certificate).filter(|_| in_time && ours && of_this_key && for_these))
}

/// Has the CA issue a new certificate for the public names, and writes it into the data directory.
fn issue_certificate(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    key: &MemoryKey,
    now: OffsetDateTime,
) -> Result<Certificate, TlsError> {
    let name = |name: &String| match name.parse::<IpAddr>() {
        Ok(address) => SubjectAltName::Ip(address),
        Err(_) => SubjectAltName::Dns(name.clone()),
    };
    let order = IssueOrder {
        subject_alt_names: settings.public_names.iter().map(name).collect(),
        key_usage: vec![KeyUsage::DigitalSignature],
        extended_key_usages: vec![SERVER_AUTH.to_owned()],
        validity: VALIDITY,
        crl_url: Some(settings.ca.crl_url.clone()),
        ..IssueOrder::bare(key.public_key().clone())
    };
    let certificate = authority.issue(&order, now)?;
    files::replace(&directory.tls_certificate(), certificate.to_pem().as_bytes())?;
    tracing::info!(not_after = %certificate.not_after(), "TLS certificate issued");
    Ok(certificate)
}
