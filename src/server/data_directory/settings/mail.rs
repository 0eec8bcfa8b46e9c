//! The `[smtp]` table.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
