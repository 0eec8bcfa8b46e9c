//! The tables about keys and certificates: `[ca]`, `[ca.upstream]`, `[ca.pkcs11]`, `[master_key]`, `[recovery]`.

use crate::ca::{KeyPlace, Selector};
use crate::secret::Pin;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    pub fn is_absent(&self) -> bool {
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
    pub fn is_empty(&self) -> bool {
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
