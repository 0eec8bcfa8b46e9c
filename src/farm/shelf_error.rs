//! Says why the shelf refuses or fails, and holds the bounds that its messages name.

use super::kind::CardError;
use super::sealed::SealError;
use super::tpm_error::TpmError;
use crate::platform::directory::Others;
use std::path::PathBuf;

/// Limits a card's name, in characters.
pub const LONGEST_NAME: usize = 64;
/// Limits a card's file, in bytes; a full card has some hundred kilobytes.
pub const MOST_BYTES: u64 = 4 << 20;

/// Says why a card could not be created, listed, opened, saved or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfError {
    #[error(
        "{name:?} cannot be a card's name: 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.', a letter or digit first"
    )]
    Name { name: String },
    #[error("there is a card {name:?} already")]
    Exists { name: String },
    #[error("there is no card {name:?}")]
    Missing { name: String },
    #[error("card {name:?} is in use by another process")]
    InUse { name: String },
    #[error("{} can be entered by others than its owner ({others})", path.display())]
    Exposed { path: PathBuf, others: Others },
    #[error("card {name:?} cannot be opened")]
    Sealed {
        name: String,
        #[source]
        source: SealError,
    },
    #[error("what card {name:?} holds is no card's state")]
    State {
        name: String,
        #[source]
        source: CardError,
    },
    #[error("the TPM of card {name:?} cannot be run")]
    Tpm {
        name: String,
        #[source]
        source: TpmError,
    },
    #[error("the card cannot be made")]
    New(#[source] CardError),
    #[error("{} could not be {action}", path.display())]
    File {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has more than {MOST_BYTES} bytes", path.display())]
    Size { path: PathBuf },
}
