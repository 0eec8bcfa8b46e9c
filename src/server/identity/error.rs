//! Holds the errors of opening the ways in at the start.

use super::jwks::JwksError;
use crate::gssapi;
use crate::pkix;
use crate::server::data_directory::files::FileError;
use std::path::PathBuf;

/// Says why a way in cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("[{table}] of server.toml: {problem}")]
    Setting { table: &'static str, problem: &'static str },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} is no complete revocation list of its authority", path.display())]
    List { path: PathBuf, source: pkix::Error },
    #[error("the issuer's trust cannot be used")]
    Keys(#[source] Box<JwksError>),
    #[error("the keytab of [identity.negotiate] cannot be used")]
    Kerberos(#[source] gssapi::Error),
}
