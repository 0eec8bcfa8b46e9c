//! From a data directory to a server that can listen.

use super::app::{App, MAX_CALLS};
use super::config::{Config, DataDirectory, Settings, SettingsError};
use super::crl::CrlCache;
use super::files::{self, FileError};
use super::masterkey::{self, MasterKeyError};
use super::recovery::{RecoveryError, RecoveryKeys};
use super::template::{KeySource, LoadError, Templates};
use super::tls;
use crate::ca::{self, CertificateAuthority, EmbeddedCa, KeyPlace};
use crate::pkix;
use crate::store::{self, Store};
use rustls::ServerConfig;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

/// Why a server does not start, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{} is not a server's data directory: make one with \"cardwright server init\"", .0.display())]
    NoDirectory(PathBuf),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Templates(#[from] LoadError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("a key or certificate of the data directory cannot be used")]
    Pkix(#[from] pkix::Error),
    #[error("the CA's key is in a token: its PIN is needed")]
    NoPin,
    #[error("the CA or a key file cannot be opened")]
    Ca(#[from] ca::Error),
    #[error("keys cannot be archived")]
    Recovery(#[from] RecoveryError),
    #[error("the master key cannot be used")]
    MasterKey(#[source] MasterKeyError),
    #[error("the store cannot be opened")]
    Store(#[from] store::Error),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("plain HTTP is spoken on a loopback address only, not on {0}")]
    PlainHttpAfar(SocketAddr),
    #[error("the server cannot listen on {addr}")]
    Listen { addr: SocketAddr, source: std::io::Error },
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
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Kept while the server runs: no second one uses the directory.
    pub lock: File,
}

/// Opens everything in the data directory.
pub async fn open(config: Config) -> Result<Started, StartError> {
    let directory = DataDirectory::new(&config.data_dir);
    if !directory.settings().is_file() {
        return Err(StartError::NoDirectory(config.data_dir));
    }
    let settings = Settings::load(&directory)?;
    let listen = config.listen.unwrap_or(settings.listen);
    if config.plain_http && !listen.ip().is_loopback() {
        return Err(StartError::PlainHttpAfar(listen));
    }
    let lock = files::lock(&directory.lock())?;
    let templates = Templates::load(&directory.templates())?;
    let master_keys = masterkey::open(&directory, &settings, &config.passphrase, config.ca_pin.as_ref())?;
    let archives =
        templates.iter().any(|template| template.entries().any(|entry| entry.key.source != KeySource::Client));
    let recovery = RecoveryKeys::open(&directory, &settings.recovery, &config.passphrase, archives)?;
    let tls_key = if config.plain_http { None } else { Some(tls::key(&directory, &config.passphrase)?) };
    let place = match &settings.ca.pkcs11 {
        None => KeyPlace::File { path: directory.ca_key(), passphrase: config.passphrase },
        Some(token) => token.place(config.ca_pin.ok_or(StartError::NoPin)?),
    };
    let authority = EmbeddedCa::open(&directory.ca_certificate(), place)?;
    let now = OffsetDateTime::now_utc();
    let tls = tls_key.map(|key| tls::server_config(&directory, &settings, &authority, &key, now)).transpose()?;
    let host = settings.public_names.first().map_or("localhost", String::as_str);
    let app = App {
        store: Store::open(&directory.database()).await?,
        templates,
        master_keys,
        recovery,
        crl: CrlCache::default(),
        places: Semaphore::new(MAX_CALLS),
        ca_config: format!("{host}\\{}", settings.ca.name),
        ca_certificate: authority.chain().first().map(|own| own.der().to_vec()).unwrap_or_default(),
        crl_url: settings.ca.crl_url,
        signs_slowly: settings.ca.pkcs11.is_some(),
        authority: Box::new(authority),
    };
    Ok(Started { app, listen, tls, lock })
}
