//! The server's own key and certificate for TLS: issued by its CA at the first start, renewed when near its end.

use super::config::{DataDirectory, Settings};
use super::files;
use super::start::StartError;
use crate::ca::{CertificateAuthority, ServerOrder, keyfile};
use crate::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer};
use crate::secret::Passphrase;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::ServerConfig;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// How long a certificate is good for, and how near its end a start replaces it.
const VALIDITY: Duration = Duration::days(397);
const RENEW_WITHIN: Duration = Duration::days(30);

/// Makes what TLS is spoken with: the key in `tls.key.pem` and a certificate of the CA for the public names.
pub fn server_config(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    passphrase: &Passphrase,
    now: OffsetDateTime,
) -> Result<Arc<ServerConfig>, StartError> {
    let (key, certificate) = match kept(directory, settings, authority, passphrase, now)? {
        Some(kept) => kept,
        None => renewed(directory, settings, authority, passphrase, now)?,
    };
    let mut chain = vec![CertificateDer::from(certificate.der().to_vec())];
    chain.extend(authority.chain().iter().map(|issuer| CertificateDer::from(issuer.der().to_vec())));
    let key = PrivatePkcs8KeyDer::from(key.expose_pkcs8().to_vec());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Key and certificate of an earlier start, if they still serve: not near their end, of this CA, for these names.
fn kept(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    passphrase: &Passphrase,
    now: OffsetDateTime,
) -> Result<Option<(MemoryKey, Certificate)>, StartError> {
    let (Some(key), Some(certificate)) =
        (files::read_if_there(&directory.tls_key())?, files::read_if_there(&directory.tls_certificate())?)
    else {
        return Ok(None);
    };
    let key = MemoryKey::from_pkcs8(&keyfile::open(&key, passphrase)?)?;
    let certificate = Certificate::from_pem(&certificate)?;
    let good_for_long = certificate.not_after() - RENEW_WITHIN > now && certificate.not_before() <= now;
    let ours = authority.chain().first().is_some_and(|issuer| certificate.verify_issued_by(issuer).is_ok());
    let of_this_key = certificate.public_key()? == *key.public_key();
    let names = certificate.alt_names()?;
    let for_these = settings.dns_names().all(|name| names.dns_names.contains(&name.to_owned()));
    Ok((good_for_long && ours && of_this_key && for_these).then_some((key, certificate)))
}

fn renewed(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    passphrase: &Passphrase,
    now: OffsetDateTime,
) -> Result<(MemoryKey, Certificate), StartError> {
    let key = MemoryKey::generate(KeyAlgorithm::P256)?;
    let order = ServerOrder { names: settings.public_names.clone(), not_before: now, not_after: now + VALIDITY };
    let certificate = authority.issue_server(&order, key.public_key())?;
    files::replace(&directory.tls_key(), keyfile::seal(key.expose_pkcs8(), passphrase)?.as_bytes())?;
    files::replace(&directory.tls_certificate(), certificate.to_pem().as_bytes())?;
    tracing::info!(not_after = %certificate.not_after(), "TLS certificate issued");
    Ok((key, certificate))
}
