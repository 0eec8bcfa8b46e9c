//! Opens the ways in that the settings name.

use super::anchor::Anchor;
use super::authenticate::Identity;
use super::certificate::Certificates;
use super::error::IdentityError;
use super::kept::Kept;
use super::limits::Limits;
use super::negotiate::Negotiate;
use super::oidc::Issuer;
use super::session::Sessions;
use crate::pkix::Certificate;
use crate::secret::ClientSecret;
use crate::server::data_directory::files;
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::identity::{IdentitySettings, LimitSettings, RoleSettings};
use crate::server::users::domains::Domains;
use crate::template::Templates;
use std::sync::Arc;

impl Identity {
    /// Opens the ways in; `own` is the certificate of this server's CA, with the templates it issues by. Without it no
    /// client certificates are taken.
    pub fn open(
        settings: IdentitySettings,
        roles: RoleSettings,
        limits: &LimitSettings,
        directory: &DataDirectory,
        own: Option<(&Certificate, &Arc<Templates>)>,
        domains: &Arc<Domains>,
    ) -> Result<Self, IdentityError> {
        let IdentitySettings { oidc, negotiate, certificate, session } = settings;
        let issuer = oidc.map(|settings| {
            let trust = settings.trust.as_ref().map(|path| files::read(&directory.beside(path))).transpose()?;
            let secret = settings.sign_in.as_ref().and_then(|sign_in| sign_in.client_secret_file.as_ref());
            let secret = secret.map(|path| files::read(&directory.beside(path))).transpose()?;
            let secret = secret.map(|text| ClientSecret::new(text.trim_end_matches(['\r', '\n']).to_owned()));
            Issuer::new(settings, trust.as_deref(), secret, Arc::clone(domains))
        });
        let negotiate = negotiate.map(|settings| {
            let keytab = directory.beside(&settings.keytab);
            Negotiate::open(settings, &keytab, &directory.beside("negotiate.rcache".as_ref()))
        });
        let certificates = certificate.zip(own).map(|(settings, (own, templates))| {
            let anchors = settings.anchors.into_iter().map(|anchor| Anchor::open(anchor, directory));
            let anchors = anchors.collect::<Result<Vec<_>, IdentityError>>()?;
            Ok::<_, IdentityError>(Certificates::new(settings.own, (own.clone(), Arc::clone(templates)), anchors))
        });
        Ok(Self {
            issuer: issuer.transpose()?,
            negotiate: negotiate.transpose()?,
            certificates: certificates.transpose()?,
            sessions: session.map(Sessions::new),
            bearers: Kept::default(),
            roles,
            limits: Limits::new(limits),
        })
    }
}
