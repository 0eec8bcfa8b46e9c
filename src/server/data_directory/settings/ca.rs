//! Holds the tables about keys and certificates: `[ca]`, `[ca.upstream]`, `[ca.pkcs11]`, `[master_key]`, `[recovery]`.

use crate::ca::{KeyPlace, Selector};
use crate::secret::Pin;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Holds the `[master_key]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterKeySettings {
    /// A token that holds master keys, opened with the PIN of the CA's token. Version 1 has the label `key_label`, a
    /// later one that label, a dot and its number. Versions that lie in files stay there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs11: Option<TokenSettings>,
}

impl MasterKeySettings {
    /// Says whether the table is empty, so that it need not be written.
    pub fn is_absent(&self) -> bool {
        self.pkcs11.is_none()
    }
}

/// Holds the `[recovery]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverySettings {
    /// Certificates (PEM) of those who can open archived keys besides this server; relative to the data directory.
    #[serde(default)]
    pub agents: Vec<PathBuf>,
    /// A token that holds the server's recovery key, opened with the PIN of the CA's token. What was sealed to the key
    /// in `recovery.key.pem` before is opened with that one for as long as the file is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs11: Option<TokenSettings>,
}

impl RecoverySettings {
    /// Says whether the table is empty, so that it need not be written.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.pkcs11.is_none()
    }
}

/// Holds the `[ca]` table.
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

/// Holds the `[ca.upstream]` table; relative paths begin at the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSettings {
    pub protocol: UpstreamProtocol,
    /// The URL of the CA. EST: with `/.well-known/est`; cfssl: where `/api` begins.
    pub url: String,
    /// PEM: the authorities that the CA's TLS certificate must come from. May be absent on a loopback address without
    /// TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_trust: Option<PathBuf>,
    /// PEM: the issuing CA first, up to the root.
    pub chain: PathBuf,
    /// The user name of basic authentication; the password is in `upstream.secret.pem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// PEM: a TLS client certificate and those above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// The key of `client_certificate`, PKCS#8 under the server's passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// cfssl's signing profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether names must be as ordered, or the CA elsewhere chooses them.
    #[serde(default)]
    pub names: UpstreamNames,
}

/// Names the protocol of a CA elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamProtocol {
    Est,
    Cfssl,
}

/// Says who chooses the names in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamNames {
    #[default]
    AsOrdered,
    Upstream,
}

/// Holds a table that names a key in a PKCS#11 token, such as `[ca.pkcs11]`; the token is chosen by label or serial,
/// never by slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    pub module: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Names the key: CKA_LABEL, and as UTF-8 CKA_ID.
    pub key_label: String,
}

impl TokenSettings {
    /// Returns the place of the CA's key, which `pin` opens.
    pub fn place(&self, pin: Pin) -> KeyPlace {
        KeyPlace::Token { module: self.module.clone(), selector: self.selector(), pin, label: self.key_label.clone() }
    }

    /// Returns which token is meant.
    pub fn selector(&self) -> Selector {
        Selector { label: self.label.clone(), serial: self.serial.clone() }
    }
}
