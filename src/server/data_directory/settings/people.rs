//! The `[people]` table: what names of people may be, and how much a person is issued.

use serde::{Deserialize, Serialize};

/// Bounds `certificates_per_day`.
pub const MOST_PER_DAY: u32 = 900;

/// Holds the `[people]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleSettings {
    /// Domains that UPNs may be in, and realms of Kerberos principals, in any letter case; empty: any. They hold for
    /// what an administrator types, what an issuer claims, and all that a certificate would bear.
    pub upn_domains: Vec<String>,
    /// Domains that e-mail addresses may be in, likewise.
    pub email_domains: Vec<String>,
    /// How many certificates a person is issued within 24 hours, at most [`MOST_PER_DAY`]; 0: any number.
    pub certificates_per_day: u32,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        // A card has a few certificates, and a bad day a few cards.
        Self { upn_domains: Vec::new(), email_domains: Vec::new(), certificates_per_day: 100 }
    }
}
