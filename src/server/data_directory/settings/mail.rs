//! Holds the `[smtp]` table.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Holds the `[smtp]` table: the mail server that takes one-time passwords, activation codes and notices.
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

/// Says how the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS is begun in the connection and required (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314, 3.3).
    Implicit,
    /// No TLS; only for a mail server on this computer.
    None,
}
