//! How a database can contradict what the server remembers of it.

use crate::pkix::{self, SignError};
use crate::server::data_directory::files::FileError;
use crate::store::{self, ListKind};
use std::path::PathBuf;

/// Says how the database contradicts what the server remembers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("chain {chain} of the log ends at record {found}, and this server has signed record {signed}")]
    Shorter { chain: i64, signed: i64, found: i64 },
    #[error("record {number} of chain {chain} is another than the one this server has signed")]
    Other { chain: i64, number: i64 },
    #[error("record {number} of chain {chain} was signed by this server, and its signature is missing or another")]
    Unsigned { chain: i64, number: i64 },
    #[error("record {number} of chain {chain} does not follow from the record before it")]
    Unlinked { chain: i64, number: i64 },
    #[error(
        "record {number} of chain {chain} was written neither by a server nor by a command at its data directory, and is \
         not signed"
    )]
    Unvouched { chain: i64, number: i64 },
    #[error("the {kind:?} list has the number {found}, and this server has made number {made}")]
    ListNumber { kind: ListKind, made: u64, found: u64 },
    #[error("the database says that no act names its rows, and this server has seen to that before")]
    RowsUnlogged,
    #[error("{} is gone, and this server has signed the log and remembered it there", .0.display())]
    Gone(PathBuf),
    #[error("{} has been put back: it is of generation {found}, and the token of the CA's key notes {noted}", path.display())]
    PutBack { path: PathBuf, noted: u64, found: u64 },
    #[error("{} was not written by this server, or its key has changed since", .0.display())]
    Forged(PathBuf),
}

/// Says why the log was not looked at, signed or remembered.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the database does not go on from what this server remembers of it: {0}")]
    Contradiction(#[from] Contradiction),
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Key(#[from] SignError),
    #[error("the keys that vouch for acts cannot be derived from the log's key")]
    ActKey(#[source] pkix::Error),
    #[error("what is remembered cannot be written")]
    Write(#[from] serde_json::Error),
    #[error("the time cannot be written")]
    Time,
    #[error("the runtime ended")]
    Ended,
}
