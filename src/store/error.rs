use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the database file {} could not be prepared", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the database {} could not be opened", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("{} is a database of another program", path.display())]
    Foreign { path: PathBuf },
    #[error("the database {} has version {found}; this release knows {known}: a newer one has opened it", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "the database {} has version {found}, and this release {known}: start the server on it once, then look again",
        path.display()
    )]
    Older { path: PathBuf, found: i64, known: i64 },
    #[error("the database could not be read")]
    Read(#[source] rusqlite::Error),
    #[error("the {table} could not be written")]
    Write {
        table: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    /// A unique key is taken: the same uuid, name, serial, living card id, decision of one approver.
    #[error("the {table} already hold such a record")]
    Duplicate {
        table: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    /// A record named by another does not exist.
    #[error("a record in {table} names one that does not exist")]
    Dangling {
        table: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    /// The record is gone or its state is no longer the one the caller has read.
    #[error("the record {record} in {table} is no longer {expected}")]
    Changed { table: &'static str, record: Uuid, expected: &'static str },
    #[error("no record {record} in {table}")]
    Missing { table: &'static str, record: Uuid },
    /// Column numbers count from 0 in the order of the SELECT.
    #[error("column {column} of {table} holds something this release does not know")]
    Damaged { table: &'static str, column: usize },
    #[error("{given} templates are too many for one list; {limit} fit")]
    FilterTooWide { given: usize, limit: usize },
    /// The job was undone: the whole batch it was part of did not reach the disk.
    #[error("nothing was kept: the transaction failed")]
    Transaction(#[source] Arc<rusqlite::Error>),
    #[error("a write panicked and was undone")]
    Panicked,
    #[error("too many writes are waiting")]
    Busy,
    #[error("the store is closed")]
    Closed,
    #[error("the writer's thread could not be started")]
    Thread(#[source] std::io::Error),
}
