//! Says why there is no private pcscd, and holds the bounds that its messages name.

use crate::platform::socket::LONGEST_PATH;
use std::path::PathBuf;
use std::time::Duration;

/// Limits the entries: pcscd has room for 16 readers, and an entry makes two.
pub const MOST_ENTRIES: usize = 8;
/// Limits a reader's name, in characters.
pub const LONGEST_NAME: usize = 80;
/// Bounds the wait for pcscd to open its socket.
pub const READY: Duration = Duration::from_secs(20);

/// Says why no private pcscd is running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PcscdError {
    #[error("the program {program} is missing; install the package {package}")]
    NoProgram { program: &'static str, package: &'static str },
    #[error("the driver libifdvpcd.so is missing; install the package vsmartcard-vpcd (looked at: {looked_at})")]
    NoDriver { looked_at: String },
    #[error("pcscd takes 1 to {MOST_ENTRIES} entries, not {entries}")]
    Entries { entries: usize },
    #[error("{name:?} cannot be a reader's name: 1 to {LONGEST_NAME} printable ASCII characters without quotes")]
    Name { name: String },
    #[error("two readers cannot have one name, {name:?}: PC/SC could not tell them apart")]
    NameTwice { name: String },
    #[error("the path {} is longer than the {LONGEST_PATH} bytes of a socket's; set TMPDIR to a shorter one", path.display())]
    SocketPath { path: PathBuf },
    #[error("there is no randomness for the name of a directory")]
    Random,
    #[error("the private directory {} could not be prepared", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("no two free ports that follow each other were found")]
    Ports,
    #[error("unshare could not be run")]
    Unshare(#[source] std::io::Error),
    #[error("pcscd did not start; may this user make namespaces (unshare -Urm true)? It said: {said}")]
    Ended { said: String },
    #[error("pcscd did not open its socket within {} seconds; it said: {said}", READY.as_secs())]
    NotReady { said: String },
    #[error("the virtual reader {name:?} did not open its port; pcscd said: {said}")]
    Reader { name: String, said: String },
}
