//! Holds the `[publication]` table.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Holds the `[publication]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicationSettings {
    /// A listener of its own, without TLS, for public files alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The URL below which certificates name `/pki/ca.cer`, `/pki/delta.crl` and `/ocsp`.
    pub url: String,
    /// Whether delta lists are made (RFC 5280, 5.2.4).
    #[serde(default)]
    pub delta: bool,
    /// By how many minutes lists and OCSP answers are dated back, so that a reader whose clock is slow takes them.
    #[serde(default = "ten")]
    pub backdate_minutes: u16,
    /// With delta lists: whether a complete list too is made at once after a revocation, or only when the old one ages.
    #[serde(default = "yes")]
    pub base_at_once: bool,
}

/// Returns the minutes where the settings do not say.
pub fn ten() -> u16 {
    10
}

pub fn yes() -> bool {
    true
}
