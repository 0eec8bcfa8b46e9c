//! The server's own key and certificate for TLS: issued by its CA at the first start, renewed near its end
//! while the server runs.
//! Clients are asked for theirs where the settings say so.

use crate::ca::{self, CertificateAuthority, IssueOrder, SubjectAltName, keyfile};
use crate::pkix::{self, Certificate, KeyAlgorithm, KeyUsage, MemoryKey, Signer, server_end_point};
use crate::secret::Passphrase;
use crate::server::call::app::App;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::server::identity::certificate::Certificates;
use axum_server::tls_rustls::RustlsConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};
use tokio_util::sync::CancellationToken;

/// Sets how long a certificate is good for.
const VALIDITY: Duration = Duration::days(397);

/// Sets how near its end the certificate is replaced.
const RENEW_WITHIN: Duration = Duration::days(30);

/// Sets how often the certificate is looked at when it is not due.
const ROUND: Duration = Duration::HOUR;

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

/// Is what a listener follows: connections that begin after a renewal are shown the new certificate.
#[derive(Clone)]
pub struct Followed {
    pub config: RustlsConfig,
    pub shown: Shown,
}

/// Holds how a connection that begins now is called, after the certificate that it is shown (RFC 5929, 4); `None` while that changes.
#[derive(Clone)]
pub struct Shown(Arc<Mutex<Option<Arc<[u8]>>>>);

impl Shown {
    pub(super) fn of(certificate: &Certificate) -> Self {
        Self(Arc::new(Mutex::new(Some(server_end_point(certificate.der()).into()))))
    }

    /// Says which certificate is shown from now on; `None` before that changes.
    pub(super) fn becomes(&self, certificate: Option<&Certificate>) {
        let name = certificate.map(|certificate| server_end_point(certificate.der()).into());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    /// Returns the name.
    pub fn channel(&self) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Holds the server's key and certificate for TLS, and the settings that listeners follow.
pub struct ServerTls {
    directory: DataDirectory,
    settings: Settings,
    key: MemoryKey,
    /// The certificate, and the CA that it is shown with.
    certificate: Mutex<(Certificate, Vec<Certificate>)>,
    config: RustlsConfig,
    shown: Shown,
    /// Of the listener that asks for client certificates; where there is none, the other asks.
    asking: Option<RustlsConfig>,
}

impl ServerTls {
    /// Sets TLS up: with the certificate of an earlier start, or a new one of the CA for the public names.
    pub fn open(
        directory: &DataDirectory,
        settings: &Settings,
        authority: &dyn CertificateAuthority,
        key: MemoryKey,
        clients: Option<&Certificates>,
        now: OffsetDateTime,
    ) -> Result<Self, TlsError> {
        let certificate = certificate(directory, settings, authority, &key, now)?;
        let apart = settings.console.certificates.is_some();
        let asking = match apart {
            true => Some(RustlsConfig::from_config(config(&certificate, authority, &key, clients)?)),
            false => None,
        };
        let clients = clients.filter(|_| !apart);
        let config = RustlsConfig::from_config(config(&certificate, authority, &key, clients)?);
        let shown = Shown::of(&certificate);
        let (directory, settings) = (directory.clone(), settings.clone());
        let certificate = Mutex::new((certificate, authority.chain().to_vec()));
        Ok(Self { directory, settings, key, certificate, config, shown, asking })
    }

    /// Returns what a listener follows.
    pub fn followed(&self) -> Followed {
        Followed { config: self.config.clone(), shown: self.shown.clone() }
    }

    /// Returns what the listener that asks for client certificates follows, if there is one.
    pub fn asking(&self) -> Option<Followed> {
        let config = self.asking.clone()?;
        Some(Followed { config, shown: self.shown.clone() })
    }

    /// Returns when the certificate ends.
    pub fn not_after(&self) -> OffsetDateTime {
        self.certificate.lock().unwrap_or_else(PoisonError::into_inner).0.not_after()
    }

    /// Has another certificate shown where the file holds another, the one in it will not do any more, or the CA has
    /// another certificate itself.
    pub fn renew(
        &self,
        authority: &dyn CertificateAuthority,
        clients: Option<&Certificates>,
        now: OffsetDateTime,
    ) -> Result<(), TlsError> {
        let fresh = certificate(&self.directory, &self.settings, authority, &self.key, now)?;
        let mut shown = self.certificate.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh != shown.0 || *authority.chain() != *shown.1 {
            let main = config(&fresh, authority, &self.key, clients.filter(|_| self.asking.is_none()))?;
            let asking = self.asking.as_ref().map(|_| config(&fresh, authority, &self.key, clients)).transpose()?;
            self.shown.becomes(None);
            self.config.reload_from_config(main);
            if let (Some(followed), Some(asking)) = (&self.asking, asking) {
                followed.reload_from_config(asking);
            }
            self.shown.becomes(Some(&fresh));
            *shown = (fresh, authority.chain().to_vec());
        }
        Ok(())
    }
}

/// Renews the certificate before its end, until told to end; one that another process has put in place is taken up
/// within the hour.
pub async fn keep(tls: Arc<ServerTls>, app: Arc<App>, ending: CancellationToken) {
    loop {
        let until = tls.not_after();
        app.metrics.tls_ends(until);
        let due = until - RENEW_WITHIN - OffsetDateTime::now_utc();
        // A renewal that failed is tried again after an hour.
        let wait = if due.is_positive() { (due + Duration::SECOND).min(ROUND) } else { ROUND };
        if ending.run_until_cancelled(tokio::time::sleep(wait.unsigned_abs())).await.is_none() {
            break;
        }
        let now = OffsetDateTime::now_utc();
        let renewed = app.authorities.signing_here(|authority| tls.renew(authority, app.identity.certificates(), now));
        app.metrics.upkeep_ended("tls", renewed.is_ok());
        if let Err(error) = renewed {
            let end = tls.not_after();
            tracing::error!(error = &error as &dyn std::error::Error, %end, "the TLS certificate could not be renewed");
        }
    }
}

/// Returns the certificate that will do, issued where there is none.
fn certificate(
    directory: &DataDirectory,
    settings: &Settings,
    authority: &dyn CertificateAuthority,
    key: &MemoryKey,
    now: OffsetDateTime,
) -> Result<Certificate, TlsError> {
    match usable_certificate(directory, settings, authority, key, now)? {
        Some(kept) => Ok(kept),
        None => issue_certificate(directory, settings, authority, key, now),
    }
}

/// Returns the settings of TLS with this certificate. HTTP/1.1 alone is offered (ALPN).
fn config(
    certificate: &Certificate,
    authority: &dyn CertificateAuthority,
    key: &MemoryKey,
    clients: Option<&Certificates>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = [certificate].into_iter().chain(authority.chain());
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
