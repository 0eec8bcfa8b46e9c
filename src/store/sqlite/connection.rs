//! Opens connections to a database file.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Bounds how long a write waits for a place in the queue, and a statement for another process's lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const STATEMENTS_CACHED: usize = 64;
/// Sizes the page cache of a connection, in KiB; SQLite's own two MiB are too small for the indexes of some ten
/// thousand requests.
const CACHE_KIB: i64 = 6 * 1024;

/// Opens a connection to the file, which must exist.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Plans then never depend on bound values; otherwise statements with ORDER BY are prepared again for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}
