//! Reads a database file without a server, and changes nothing.

use super::super::error::{Cause, Error};
use super::super::link::{Answer, Ask, Counts};
use super::connection::PATIENCE;
use super::link::Link;
use super::schema;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Holds a file that is open for reading; all that is read is of one moment, even while a server writes.
pub(in crate::store) struct Reader {
    connection: Connection,
    counts: Counts,
}

impl Reader {
    /// Opens the file; refuses one of another program or version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        schema::recognise(&connection, path)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        Ok(Self { connection, counts: Counts::default() })
    }

    pub fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        Link { connection: &self.connection, counts: &self.counts }.ask(ask)
    }
}
