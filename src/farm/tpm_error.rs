//! Says why a card's TPM cannot be run.

use crate::platform::socket::LONGEST_PATH;
use std::path::PathBuf;
use std::time::Duration;

/// Bounds the time until a TPM answers.
pub const READY: Duration = Duration::from_secs(10);

/// Says why a TPM did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TpmError {
    #[error("{program} was not found; it is in the package {package}")]
    NoProgram { program: &'static str, package: &'static str },
    #[error("the PKCS#11 module for TPMs was not found, neither at {} nor elsewhere", path.display())]
    NoModule { path: PathBuf },
    #[error("there is no randomness")]
    Random,
    #[error("the path {} is longer than the {LONGEST_PATH} bytes of a socket's; choose a shorter TMPDIR", path.display())]
    SocketPath { path: PathBuf },
    #[error("{} could not be made", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("swtpm could not be run")]
    Run(#[source] std::io::Error),
    #[error("swtpm has ended; it said: {said}")]
    Ended { said: String },
    #[error("the TPM gave no answer within {} seconds; swtpm said: {said}", READY.as_secs())]
    NotReady { said: String },
}
