//! Lists the files that the settings name: whoever writes one of them has the server trust or load what he likes.

use super::ca::{CaSettings, MasterKeySettings, RecoverySettings, UpstreamSettings};
use super::database::DatabaseSettings;
use super::directory::DirectorySettings;
use super::identity::IdentitySettings;
use super::mail::SmtpSettings;
use super::server_toml::Settings;
use crate::server::data_directory::layout::DataDirectory;
use std::path::PathBuf;

impl Settings {
    /// Lists the files that the settings name, each with its whole path. Some may not be there.
    pub fn named_files(&self, directory: &DataDirectory) -> Vec<PathBuf> {
        let CaSettings { pkcs11, upstream, .. } = &self.ca;
        let MasterKeySettings { pkcs11: of_masters } = &self.master_key;
        let RecoverySettings { agents, pkcs11: of_recovery } = &self.recovery;
        let IdentitySettings { oidc, negotiate, certificate, session: _ } = &self.identity;
        let mut named: Vec<&PathBuf> =
            [pkcs11, of_masters, of_recovery].into_iter().flatten().map(|it| &it.module).collect();
        named.extend(agents);
        if let Some(UpstreamSettings { tls_trust, chain, client_certificate, client_key, .. }) = upstream {
            named.push(chain);
            named.extend([tls_trust, client_certificate, client_key].into_iter().flatten());
        }
        if let Some(DatabaseSettings { password_file, root_certificates, .. }) = &self.database {
            named.extend([password_file, root_certificates].into_iter().flatten());
        }
        if let Some(DirectorySettings { trust, password_file, keytab, .. }) = &self.directory {
            named.extend([trust, password_file, keytab].into_iter().flatten());
        }
        named.extend(oidc.iter().filter_map(|oidc| oidc.trust.as_ref()));
        let sign_in = oidc.iter().filter_map(|oidc| oidc.sign_in.as_ref());
        named.extend(sign_in.filter_map(|sign_in| sign_in.client_secret_file.as_ref()));
        named.extend(negotiate.iter().map(|negotiate| &negotiate.keytab));
        named.extend(certificate.iter().flat_map(|certificate| &certificate.anchors).map(|anchor| &anchor.file));
        for webhook in self.notices.webhook.values() {
            named.push(&webhook.secret_file);
            named.extend(&webhook.ca_file);
        }
        let mut paths: Vec<PathBuf> = named.into_iter().map(|path| directory.beside(path)).collect();
        if let Some(SmtpSettings { password_from, ca_file, .. }) = &self.smtp {
            // These begin where the server was started.
            paths.extend(ca_file.clone());
            paths.extend(password_from.as_ref().and_then(|from| from.strip_prefix("file:")).map(PathBuf::from));
        }
        paths
    }
}
