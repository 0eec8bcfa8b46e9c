//! From a data directory to a server that can listen.

use super::agreed;
use super::app::{App, MAX_CALLS};
use super::audit_sign;
use super::config::{Config, DataDirectory, NoDirectory, Settings, SettingsError};
use super::database::{self, DatabaseError};
use super::files::{self, FileError};
use super::health::Health;
use super::identity::{Identity, IdentityError};
use super::mail::{MailError, Mailer};
use super::masterkey::{self, MasterKeyError};
use super::metrics::Metrics;
use super::publication::Publication;
use super::recovery::{RecoveryError, RecoveryKeys};
use super::settings::SyslogSettings;
use super::template::{LoadError, Templates};
use super::{tls, upstream};
use crate::ca::{self, CertificateAuthority, EmbeddedCa, KeyPlace};
use crate::pkix::{self, MemoryKey};
use crate::platform::lock::Lock;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

/// Why a server does not start, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Templates(#[from] LoadError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("a key or certificate of the data directory cannot be used")]
    Pkix(#[from] pkix::Error),
    #[error("a way in cannot be opened")]
    Identity(#[from] IdentityError),
    #[error("client certificates cannot be verified")]
    Clients(#[from] rustls::server::VerifierBuilderError),
    #[error("the CA's key is in a token: its PIN is needed")]
    NoPin,
    #[error("the CA or a key file cannot be opened")]
    Ca(#[from] ca::Error),
    #[error("keys cannot be archived")]
    Recovery(#[from] RecoveryError),
    #[error("the master key cannot be used")]
    MasterKey(#[source] MasterKeyError),
    #[error("the [smtp] table of server.toml cannot be used")]
    Mail(#[from] MailError),
    #[error("the template \"{0}\" has one-time passwords mailed, but server.toml has no [smtp] table")]
    NoSmtp(String),
    #[error("the public half of the log's key cannot be written")]
    AuditKey(#[source] der::Error),
    #[error("{0} writes were made without an act in the log: that is a mistake in this program")]
    Unaudited(u64),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("plain HTTP is spoken on a loopback address only, not on {0}")]
    PlainHttpAfar(SocketAddr),
    #[error("the server cannot listen on {addr}")]
    Listen { addr: SocketAddr, source: std::io::Error },
    #[error("the CA has no certificate yet: have {} signed and run \"cardwright server ca install\"", .0.display())]
    NotInstalled(PathBuf),
    #[error("no thread or runtime could be started")]
    Thread(#[source] std::io::Error),
    #[error("the server's thread ended unexpectedly; its log says why")]
    Died,
}

impl From<MasterKeyError> for StartError {
    fn from(error: MasterKeyError) -> Self {
        match error {
            MasterKeyError::Key(source) => Self::Ca(source),
            other => Self::MasterKey(other),
        }
    }
}

/// A server about to listen.
pub struct Started {
    pub app: App,
    pub listen: SocketAddr,
    /// Where public files are served without TLS.
    pub publication: Option<SocketAddr>,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Signs the log of acts.
    pub audit_key: MemoryKey,
    pub syslog: Option<SyslogSettings>,
    /// What the server calls itself towards others.
    pub host: String,
    /// Where health and metrics are to be had.
    pub operations: Option<SocketAddr>,
    /// Kept while the server runs: no second one uses the directory.
    pub lock: Lock,
}

/// Opens everything in the data directory.
pub async fn open(config: Config) -> Result<Started, StartError> {
    let directory = DataDirectory::existing(&config.data_dir)?;
    let settings = Settings::load(&directory)?;
    let listen = config.listen.unwrap_or(settings.listen);
    if config.plain_http && !listen.ip().is_loopback() {
        return Err(StartError::PlainHttpAfar(listen));
    }
    if !directory.ca_certificate().exists() && directory.ca_request().exists() {
        return Err(StartError::NotInstalled(directory.ca_request()));
    }
    let lock = files::lock(&directory.lock())?;
    let templates = Templates::load(&directory.templates())?;
    let master_keys = masterkey::open(&directory, &settings, &config.passphrase, config.ca_pin.as_ref())?;
    let recovery =
        RecoveryKeys::open(&directory, &settings.recovery, &config.passphrase, config.ca_pin.as_ref(), &templates)?;
    let tls_key = if config.plain_http { None } else { Some(tls::key(&directory, &config.passphrase)?) };
    let elsewhere = match &settings.ca.upstream {
        Some(upstream) => Some(upstream::open(&directory, upstream, &config.passphrase)?),
        None => None,
    };
    let audit_key = audit_sign::key(&directory, &config.passphrase)?;
    let place = match &settings.ca.pkcs11 {
        None => KeyPlace::File { path: directory.ca_key(), passphrase: config.passphrase },
        Some(token) => token.place(config.ca_pin.ok_or(StartError::NoPin)?),
    };
    let own = Arc::new(EmbeddedCa::open(&directory.ca_certificate(), place)?);
    let now = OffsetDateTime::now_utc();
    let Settings { identity, roles, limits, .. } = settings.clone();
    let identity = Identity::open(identity, roles, &limits, &directory, Some(own.own()))?;
    let clients = identity.certificates();
    let tls = tls_key.map(|key| tls::server_config(&directory, &settings, &*own, &key, clients, now)).transpose()?;
    let mailer = settings.smtp.as_ref().map(Mailer::new).transpose()?;
    if let Some(template) = templates.iter().find(|template| mailer.is_none() && template.needs_smtp()) {
        return Err(StartError::NoSmtp(template.name.clone()));
    }
    let store = database::open(&directory, &settings).await?;
    if settings.database.is_some() {
        database::claim(&store, &*own, &master_keys).await?;
        for name in agreed::agree(&store, &templates, now).await.map_err(DatabaseError::from)? {
            tracing::warn!(template = name, "other servers of this database have this template, and this one lacks it");
        }
    }
    let host = settings.public_names.first().map_or_else(|| "localhost".to_owned(), String::clone);
    let app = App {
        store,
        templates,
        master_keys,
        mailer,
        recovery,
        crl: Publication::new(settings.publication.as_ref()),
        places: Semaphore::new(MAX_CALLS.into()),
        identity,
        metrics: Metrics::default(),
        health: Health::default(),
        api: settings.api.clone(),
        stopping: AtomicBool::new(false),
        ca_config: format!("{host}\\{}", settings.ca.name),
        ca_certificate: own.own().der().to_vec(),
        crl_url: settings.ca.crl_url,
        signs_slowly: settings.ca.pkcs11.is_some(),
        issues_elsewhere: elsewhere.is_some(),
        authority: elsewhere.unwrap_or_else(|| Arc::clone(&own) as Arc<dyn CertificateAuthority>),
        own,
    };
    let (syslog, operations) = (settings.audit.syslog, settings.operations.map(|operations| operations.listen));
    let publication = settings.publication.and_then(|publication| publication.listen);
    Ok(Started { app, listen, publication, tls, audit_key, syslog, host, operations, lock })
}
