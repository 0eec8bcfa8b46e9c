//! Holds the `[database]` table.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Sets the connections that a server keeps at most where the settings do not say.
pub const CONNECTIONS: u32 = 16;

/// Holds the `[database]` table; absent: SQLite in the data directory.
///
/// Any number of servers may use one database. Each has a data directory of its own, a copy of the first one's: same
/// master key, same CA, same templates. A server with another master key or CA is refused when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgresql://user@host/database`, or `postgresql:///database?host=/run/postgresql` over a socket; never with a
    /// password.
    pub url: String,
    /// A file whose first line is the password; absent: `CARDWRIGHT_DATABASE_PASSWORD`, if that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The certificates (PEM) of the authorities that the database's own must come from; absent: those the system
    /// trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_certificates: Option<PathBuf>,
    /// The most connections this server keeps.
    #[serde(default = "connections")]
    pub connections: u32,
}

impl DatabaseSettings {
    /// Names a database with as many connections as a server keeps where the settings do not say.
    pub fn at(url: String, password_file: Option<PathBuf>, root_certificates: Option<PathBuf>) -> Self {
        Self { url, password_file, root_certificates, connections: CONNECTIONS }
    }
}

/// Returns [`CONNECTIONS`], for serde.
pub fn connections() -> u32 {
    CONNECTIONS
}
