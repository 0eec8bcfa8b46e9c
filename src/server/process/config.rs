//! What `serve` is told besides `server.toml`.

use crate::secret::{Passphrase, Pin};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Holds what `serve` is told besides the data directory's own `server.toml`.
pub struct Config {
    /// Made by [`crate::server::init()`].
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
