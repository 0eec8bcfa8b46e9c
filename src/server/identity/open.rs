//! From the settings to the ways in.

use super::jwks::JwksError;
use super::settings::{IdentitySettings, LimitSettings, RoleSettings};
use super::{Certificates, Identity, Issuer, Limits, Negotiate, Sessions};
use crate::gssapi;
use crate::pkix::Certificate;
use crate::server::config::DataDirectory;
use crate::server::files::{self, FileError};

/// Why a way in cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("[{table}] of server.toml: {problem}")]
    Setting { table: &'static str, problem: &'static str },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the issuer's trust cannot be used")]
    Keys(#[source] Box<JwksError>),
    #[error("the keytab of [identity.negotiate] cannot be used")]
    Kerberos(#[source] gssapi::Error),
}

impl Identity {
    /// Opens the ways in; `own` is the certificate of this server's CA.
    pub fn open(
        settings: IdentitySettings,
        roles: RoleSettings,
        limits: &LimitSettings,
        directory: &DataDirectory,
        own: Option<&Certificate>,
    ) -> Result<Self, IdentityError> {
        let IdentitySettings { oidc, negotiate, certificate, session } = settings;
        let issuer = oidc.map(|settings| {
            let trust = settings.trust.as_ref().map(|path| files::read(&directory.beside(path))).transpose()?;
            Issuer::new(settings, trust.as_deref())
        });
        let negotiate = negotiate.map(|settings| {
            let keytab = directory.beside(&settings.keytab);
            Negotiate::open(settings, &keytab, &directory.beside("negotiate.rcache".as_ref()))
        });
        let certificates = certificate.zip(own).map(|(settings, own)| {
            let read = |anchor: &super::settings::AnchorSettings| files::read(&directory.beside(&anchor.file));
            let anchors = settings.anchors.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            Certificates::new(settings, own.clone(), &anchors)
        });
        Ok(Self {
            issuer: issuer.transpose()?,
            negotiate: negotiate.transpose()?,
            certificates: certificates.transpose()?,
            sessions: session.map(Sessions::new),
            roles,
            limits: Limits::new(limits),
        })
    }
}
