//! `server.toml` and the layout of a data directory.

use super::database::DatabaseSettings;
use super::environment::{self, Effective, VariableError};
use super::identity::{IdentitySettings, LimitSettings, RoleSettings};
use super::settings::{ApiSettings, AuditSettings, LogSettings, OperationsSettings, is_default};
use crate::ca::{KeyPlace, Selector};
use crate::secret::{Passphrase, Pin};
use crate::template::Misplaced;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// What `serve` is told besides the data directory's own `server.toml`.
pub struct Config {
    /// Made by [`super::init()`].
    pub data_dir: PathBuf,
    /// Overrides `listen` of `server.toml`; port 0 takes any free one.
    pub listen: Option<SocketAddr>,
    /// Speaks HTTP without TLS; refused unless the address is a loopback address.
    pub plain_http: bool,
    /// Opens the key files.
    pub passphrase: Passphrase,
    /// The user PIN of the token that holds the CA's key, where `server.toml` names one.
    pub ca_pin: Option<Pin>,
}

/// The content of `server.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen, address and port.
    pub listen: SocketAddr,
    /// Names and addresses the server is reached by: they stand in its TLS certificate.
    pub public_names: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub api: ApiSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<OperationsSettings>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub log: LogSettings,
    #[serde(default, skip_serializing_if = "is_default")]
    pub audit: AuditSettings,
    /// Absent: SQLite in the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSettings>,
    pub ca: CaSettings,
    /// Absent: no mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpSettings>,
    #[serde(default, skip_serializing_if = "MasterKeySettings::is_absent")]
    pub master_key: MasterKeySettings,
    #[serde(default, skip_serializing_if = "RecoverySettings::is_empty")]
    pub recovery: RecoverySettings,
    /// Ways in besides the server's own tokens.
    #[serde(default, skip_serializing_if = "is_default")]
    pub identity: IdentitySettings,
    /// Who has duties that no template gives.
    #[serde(default, skip_serializing_if = "is_default")]
    pub roles: RoleSettings,
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: LimitSettings,
    /// What relying parties fetch, and where; absent: `/pki` and `/ocsp` of this server alone, and no delta lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<PublicationSettings>,
}

/// The `[publication]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicationSettings {
    /// A listener of its own, without TLS, for public files alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Certificates name what lies below it: `/pki/ca.cer`, `/pki/delta.crl`, `/ocsp`.
    pub url: String,
    /// Are there delta lists (RFC 5280, 5.2.4)?
    #[serde(default)]
    pub delta: bool,
    /// With delta lists: is a complete list made at once after a revocation too, or only when the old one ages?
    #[serde(default = "yes")]
    pub base_at_once: bool,
}

fn yes() -> bool {
    true
}

/// The `[smtp]` table: the mail server that one-time passwords go out by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// The sender, as in `Cards <cards@example.test>`.
    pub from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `file:PATH` or `env:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_from: Option<String>,
    /// PEM of the one CA that is trusted for the mail server; absent: those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// How mail is protected on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Begun in the clear, then required (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314, 3.3).
    Implicit,
    /// For a mail server on this computer.
    None,
}

/// The `[master_key]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterKeySettings {
    /// A token that holds master keys, opened with the PIN of the CA's token. Version 1 has the label `key_label`, a
    /// later one that label, a dot and its number. Versions that lie in files stay there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs11: Option<TokenSettings>,
}

impl MasterKeySettings {
    fn is_absent(&self) -> bool {
        self.pkcs11.is_none()
    }
}

/// The `[recovery]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverySettings {
    /// Certificates (PEM) of those who can open archived keys besides this server; relative to the data directory.
    #[serde(default)]
    pub agents: Vec<PathBuf>,
    /// A token that holds the server's recovery key, opened with the PIN of the CA's token. What was sealed to the key in
    /// `recovery.key.pem` before is opened with that one for as long as the file is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs11: Option<TokenSettings>,
}

impl RecoverySettings {
    fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.pkcs11.is_none()
    }
}

/// The `[ca]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaSettings {
    /// The CA's name in its configuration string, `server\name`.
    pub name: String,
    /// The URL of the CRL, as certificates name it.
    pub crl_url: String,
    /// Absent: the key is in `ca.key.pem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkcs11: Option<TokenSettings>,
    /// A CA elsewhere that issues people's certificates; the one here then signs answers and the server's own alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<UpstreamSettings>,
}

/// The `[ca.upstream]` table; files are named from the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSettings {
    pub protocol: UpstreamProtocol,
    /// EST: with `/.well-known/est`; cfssl: where `/api` begins.
    pub url: String,
    /// PEM: whom the CA's TLS certificate must come from. May be absent on a loopback address without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_trust: Option<PathBuf>,
    /// PEM: the issuing CA first, up to the root.
    pub chain: PathBuf,
    /// Basic authentication; the password is in `upstream.secret.pem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// PEM: a TLS client certificate and those above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// Its key, PKCS#8 under the server's passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// cfssl's signing profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Must names be as ordered, or does the CA elsewhere choose them?
    #[serde(default)]
    pub names: UpstreamNames,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamProtocol {
    Est,
    Cfssl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamNames {
    #[default]
    AsOrdered,
    Upstream,
}

/// The `[ca.pkcs11]` table: a token that holds the CA's key; chosen by label or serial, never by slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    pub module: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Names the key pair: CKA_LABEL, and as UTF-8 CKA_ID.
    pub key_label: String,
}

impl TokenSettings {
    /// Where the CA's key is, opened with `pin`.
    pub fn place(&self, pin: Pin) -> KeyPlace {
        KeyPlace::Token { module: self.module.clone(), selector: self.selector(), pin, label: self.key_label.clone() }
    }

    /// Which token is meant.
    pub fn selector(&self) -> Selector {
        Selector { label: self.label.clone(), serial: self.serial.clone() }
    }
}

/// Why `server.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error(transparent)]
    Variable(VariableError),
    #[error("the [api] virtual_directory \"{0}\" is no single path segment of letters, digits, \"-\", \"_\" and \".\"")]
    VirtualDirectory(String),
}

/// How the log is to be written, before anything else of a data directory is opened.
pub fn log_settings(data_dir: &Path) -> Result<LogSettings, SettingsError> {
    Settings::load(&DataDirectory::new(data_dir)).map(|settings| settings.log)
}

/// Every setting that holds, in the order of its key.
pub fn effective_settings(data_dir: &Path) -> Result<Vec<Effective>, SettingsError> {
    environment::effective(&DataDirectory::new(data_dir), &environment::variables())
}

impl Settings {
    /// Reads the `server.toml` of a data directory, and what the environment says instead.
    pub fn load(directory: &DataDirectory) -> Result<Self, SettingsError> {
        let settings = environment::load(directory, &environment::variables())?;
        let vdir = &settings.api.virtual_directory;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if vdir.is_empty() || vdir.len() > 64 || vdir.starts_with('.') || !vdir.bytes().all(plain) {
            return Err(SettingsError::VirtualDirectory(vdir.clone()));
        }
        Ok(settings)
    }

    /// Those public names that are host names, not addresses.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.public_names.iter().map(String::as_str).filter(|name| name.parse::<IpAddr>().is_err())
    }
}

/// Where everything lies in a data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

/// A directory that "server init" did not make.
#[derive(Debug, thiserror::Error)]
#[error("{} is not a server's data directory: make one with \"cardwright server init\"", .0.display())]
pub struct NoDirectory(pub PathBuf);

impl DataDirectory {
    /// Names a directory; nothing is touched.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Names a directory that has settings; without them it is none of a server's.
    pub fn existing(path: &Path) -> Result<Self, NoDirectory> {
        let directory = Self::new(path);
        if directory.settings().is_file() { Ok(directory) } else { Err(NoDirectory(path.to_owned())) }
    }

    /// A path that settings name, seen from the directory.
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("cardwright.db")
    }

    pub fn settings(&self) -> PathBuf {
        self.0.join("server.toml")
    }

    pub fn templates(&self) -> PathBuf {
        self.0.join("templates")
    }

    pub fn ca_key(&self) -> PathBuf {
        self.0.join("ca.key.pem")
    }

    /// The CA's request, where its certificate comes from another's root.
    pub fn ca_request(&self) -> PathBuf {
        self.0.join("ca.csr.pem")
    }

    /// The password or key that a CA elsewhere knows this server by.
    pub fn upstream_secret(&self) -> PathBuf {
        self.0.join("upstream.secret.pem")
    }

    /// A file that the settings name.
    pub fn named(&self, path: &std::path::Path) -> PathBuf {
        self.0.join(path)
    }

    pub fn ca_certificate(&self) -> PathBuf {
        self.0.join("ca.cer.pem")
    }

    /// The server's own key to the archive.
    pub fn recovery_key(&self) -> PathBuf {
        self.0.join("recovery.key.pem")
    }

    /// A file that settings name.
    pub fn file(&self, name: &Path) -> PathBuf {
        self.0.join(name)
    }

    /// Version 1 has no number.
    pub fn master_key(&self, version: u32) -> PathBuf {
        self.0.join(if version == 1 { "master.key.pem".into() } else { format!("master.{version}.key.pem") })
    }

    /// Held by the server that runs on the directory.
    pub fn lock(&self) -> PathBuf {
        self.0.join("server.lock")
    }

    /// Signs the log of acts.
    pub fn audit_key(&self) -> PathBuf {
        self.0.join("audit.key.pem")
    }

    /// What the log's signatures are checked with.
    pub fn audit_public_key(&self) -> PathBuf {
        self.0.join("audit.pub.pem")
    }

    pub fn tls_key(&self) -> PathBuf {
        self.0.join("tls.key.pem")
    }

    pub fn tls_certificate(&self) -> PathBuf {
        self.0.join("tls.cer.pem")
    }
}
