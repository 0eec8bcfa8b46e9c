//! Holds the `[console]` table: the pages for people.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Holds the `[console]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleSettings {
    /// `false`: no page is served.
    pub enabled: bool,
    /// A listener of its own that asks for client certificates: people sign in there by their card, and go on at the pages.
    /// Absent: nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<SocketAddr>,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self { enabled: true, certificates: None }
    }
}
