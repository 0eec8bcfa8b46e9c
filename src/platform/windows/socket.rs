//! Stands in for sockets that are files: what this program looks for behind one is elsewhere on Windows.

use std::io;
use std::path::Path;

/// Is never held.
#[derive(Debug)]
pub enum Link {}

impl Link {
    /// Fails with `Unsupported`: the PC/SC service has no socket, and answers for itself.
    pub fn to(_socket: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
