//! Names how the store fails.

use rusqlite::ErrorCode;
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// Holds what a database said.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL's details are left out, as they quote rows.
    #[error("{message}")]
    Postgres {
        message: String,
        /// Five characters, of PostgreSQL's table of error codes.
        code: Option<String>,
    },
}

impl Cause {
    /// Says the same once more; what SQLite said becomes text.
    pub(super) fn copied(&self) -> Self {
        match self {
            Self::Sqlite(error) => Self::Postgres { message: error.to_string(), code: None },
            Self::Postgres { message, code } => Self::Postgres { message: message.clone(), code: code.clone() },
        }
    }

    /// Says whether the database is there and takes no changes: it may only be read, or its disk is full.
    fn takes_no_changes(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::DiskFull))
            }
            // PostgreSQL, appendix A: read_only_sql_transaction, disk_full.
            Self::Postgres { code, .. } => matches!(code.as_deref(), Some("25006" | "53100")),
        }
    }
}

/// Says why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the database file {} could not be prepared", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The database is named without its user and password.
    #[error("the database {database} could not be opened")]
    Open {
        database: String,
        #[source]
        source: Cause,
    },
    #[error("{database} is a database of another program")]
    Foreign { database: String },
    #[error("the database {database} has version {found}; this release knows {known}: a newer one has opened it")]
    Newer { database: String, found: i64, known: i64 },
    #[error(
        "the database {database} has version {found}, and this release {known}: start the server on it once, then look again"
    )]
    Older { database: String, found: i64, known: i64 },
    #[error("the database {database} is damaged: it contradicts itself")]
    Unsound { database: String },
    /// Says what is wrong and never quotes the URL.
    #[error("the database's URL cannot be used: {0}")]
    Url(&'static str),
    #[error("TLS to the database cannot be set up")]
    Tls(#[source] rustls::Error),
    #[error("the database could not be read")]
    Read(#[source] Cause),
    #[error("the {table} could not be written")]
    Write {
        table: &'static str,
        #[source]
        source: Cause,
    },
    /// A unique key is taken: the same uuid, name, serial, card id of a card that is not retired, or decision of one
    /// approver.
    #[error("the {table} already hold such a record")]
    Duplicate {
        table: &'static str,
        #[source]
        source: Cause,
    },
    /// A record names another one that does not exist.
    #[error("a record in {table} names one that does not exist")]
    Dangling {
        table: &'static str,
        #[source]
        source: Cause,
    },
    /// The record is gone, or its state is not the one that the caller has read.
    #[error("the record {record} in {table} is no longer {expected}")]
    Changed { table: &'static str, record: Uuid, expected: &'static str },
    #[error("no record {record} in {table}")]
    Missing { table: &'static str, record: Uuid },
    /// Column numbers count from 0 in the order of the SELECT.
    #[error("column {column} of {table} holds something this release does not know")]
    Damaged { table: &'static str, column: usize },
    #[error("{given} templates are too many for one list; {limit} fit")]
    FilterTooWide { given: usize, limit: usize },
    /// The job was undone: nothing of the whole batch it was part of reached the disk.
    #[error("nothing was kept: the transaction failed")]
    Transaction(#[source] Arc<Cause>),
    /// It can be read meanwhile.
    #[error("nothing was kept: the database takes no changes, as it may only be read or its disk is full")]
    ReadOnly(#[source] Arc<Cause>),
    /// Another transaction was in the way (a deadlock, or a lock held for long); the same job may succeed in a moment.
    #[error("nothing was kept: another write was in the way")]
    Contended(#[source] Cause),
    /// There is no connection, or it was lost before the job was to be committed.
    #[error("nothing was kept: the database cannot be reached")]
    Unreachable(#[source] Cause),
    /// The connection was lost while the job was being committed.
    #[error("whether it was kept is not known: the database was lost while it was committing")]
    Uncertain(#[source] Cause),
    #[error("a write panicked and was undone")]
    Panicked,
    #[error("too many writes are waiting")]
    Busy,
    #[error("the store is closed")]
    Closed,
    #[error("the writer's thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl Error {
    /// Says that a transaction failed; likewise where the database takes no changes at all.
    pub(super) fn undone(cause: Arc<Cause>) -> Self {
        if cause.takes_no_changes() { Self::ReadOnly(cause) } else { Self::Transaction(cause) }
    }

    /// Says that the database takes no changes, where that is the cause; else gives it back.
    pub(super) fn read_only(cause: Cause) -> Result<Self, Cause> {
        if cause.takes_no_changes() { Ok(Self::ReadOnly(Arc::new(cause))) } else { Err(cause) }
    }

    /// Returns the same error for another job of a batch that failed.
    pub(super) fn shared(&self) -> Self {
        match self {
            Self::Transaction(cause) => Self::Transaction(cause.clone()),
            Self::ReadOnly(cause) => Self::ReadOnly(cause.clone()),
            Self::Contended(cause) => Self::Contended(cause.copied()),
            Self::Unreachable(cause) => Self::Unreachable(cause.copied()),
            Self::Uncertain(cause) => Self::Uncertain(cause.copied()),
            Self::Busy => Self::Busy,
            Self::File { .. }
            | Self::Open { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::Unsound { .. }
            | Self::Url(_)
            | Self::Tls(_)
            | Self::Read(_)
            | Self::Write { .. }
            | Self::Duplicate { .. }
            | Self::Dangling { .. }
            | Self::Changed { .. }
            | Self::Missing { .. }
            | Self::Damaged { .. }
            | Self::FilterTooWide { .. }
            | Self::Panicked
            | Self::Closed
            | Self::Thread(_) => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_takes_no_changes_is_told_from_a_statement_that_fails() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        let refused = |setting: &str, statement: &str| {
            connection.execute_batch(setting).unwrap();
            Error::undone(Arc::new(Cause::Sqlite(connection.execute(statement, []).unwrap_err())))
        };
        let large = "INSERT INTO t VALUES (hex(zeroblob(100000)))";
        assert!(matches!(refused("PRAGMA max_page_count = 2", large), Error::ReadOnly(_)), "the disk is full");
        let small = "INSERT INTO t VALUES ('x')";
        assert!(matches!(refused("PRAGMA query_only = on", small), Error::ReadOnly(_)));
        let wrong = "INSERT INTO nothing VALUES ('x')";
        assert!(matches!(refused("PRAGMA query_only = off", wrong), Error::Transaction(_)));
        for (code, is_read_only) in [("25006", true), ("53100", true), ("53200", false), ("23505", false)] {
            let cause = Cause::Postgres { message: String::new(), code: Some(code.to_owned()) };
            assert_eq!(Error::read_only(cause).is_ok(), is_read_only, "{code}");
        }
    }
}
