//! Why a server does not start, or has ended.

use super::agreement::AgreementError;
use crate::server::audit::contradiction::WitnessError;
use crate::server::audit::heads::LogKeyError;
use crate::server::authority::upstream::UpstreamError;
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::files::FileError;
use crate::server::data_directory::layout::NoDirectory;
use crate::server::data_directory::settings::server_toml::SettingsError;
use crate::server::http::tls::TlsError;
use crate::server::identity::error::IdentityError;
use crate::server::keys::archive::RecoveryError;
use crate::server::keys::master_keys::MasterKeyError;
use crate::server::mail::smtp::MailError;
use crate::server::mail::webhook::WebhookError;
use crate::server::provisioning::source::SourceError;
use crate::template::LoadError;
use crate::{ca, pkix};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Says why a server does not start, or has ended.
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
    #[error("a webhook of server.toml cannot be used")]
    Webhook(#[from] WebhookError),
    #[error("the template \"{0}\" has one-time passwords mailed, but server.toml has no [smtp] table")]
    NoSmtp(String),
    #[error("the public half of the log's key cannot be written")]
    AuditKey(#[source] der::Error),
    #[error("the keys that vouch for acts cannot be derived from the log's key")]
    ActKeys(#[source] pkix::Error),
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error("{0} writes were made without an act in the log: that is a mistake in this program")]
    Unaudited(u64),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    #[error(transparent)]
    Directory(#[from] SourceError),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("plain HTTP is spoken on a loopback address only, not on {0}")]
    PlainHttpAfar(SocketAddr),
    #[error(
        "[identity.negotiate] wants tickets that are bound to the TLS connection (channel_binding = \"required\"), and over plain \
         HTTP there is none: serve by TLS, or say \"ignored\""
    )]
    NothingToBindTo,
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
            error @ (MasterKeyError::NoDirectory(_)
            | MasterKeyError::Settings(_)
            | MasterKeyError::File(_)
            | MasterKeyError::NoPin
            | MasterKeyError::Keys(_)
            | MasterKeyError::Random
            | MasterKeyError::NoMoreVersions
            | MasterKeyError::NoSuchVersion(_)
            | MasterKeyError::Newest(_)
            | MasterKeyError::Needed { .. }
            | MasterKeyError::Store(_)
            | MasterKeyError::Database(_)) => Self::MasterKey(error),
        }
    }
}

impl From<LogKeyError> for StartError {
    fn from(error: LogKeyError) -> Self {
        match error {
            LogKeyError::File(source) => Self::File(source),
            LogKeyError::Ca(source) => Self::Ca(source),
            LogKeyError::Pkix(source) => Self::Pkix(source),
            LogKeyError::Acts(source) => Self::ActKeys(source),
            LogKeyError::Public(source) => Self::AuditKey(source),
        }
    }
}

impl From<TlsError> for StartError {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::File(source) => Self::File(source),
            TlsError::Pkix(source) => Self::Pkix(source),
            TlsError::Ca(source) => Self::Ca(source),
            TlsError::Clients(source) => Self::Clients(source),
            TlsError::Rustls(source) => Self::Tls(source),
        }
    }
}

impl From<UpstreamError> for StartError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::File(source) => Self::File(source),
            UpstreamError::Ca(source) => Self::Ca(source),
        }
    }
}
