//! The `[publication]` table.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

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

pub fn yes() -> bool {
    true
}
