//! Brings an older file up to date, copies a file, and checks one.

use super::super::error::{Cause, Error};
use super::super::schema::{VERSION, missing};
use super::connection::{PATIENCE, connect};
use crate::platform::file::keep_for_owner;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;

/// Spells "CWRT" in the file's header, which marks the database as ours.
const APPLICATION_ID: i64 = 0x4357_5254;

/// Applies the migrations that the database lacks, all or none; refuses a database of another program or a newer
/// release.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let database = || path.display().to_string();
    let failed = |source| Error::Open { database: database(), source: Cause::Sqlite(source) };
    // A step may rebuild a table that others refer to; the check before the commit covers the references.
    connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let found = pragma("user_version")?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign { database: database() });
    }
    let Some(missing) = missing(found) else {
        return Err(Error::Newer { database: database(), found, known: VERSION });
    };
    for migration in missing {
        transaction.execute_batch(migration.sqlite).map_err(failed)?;
    }
    if !missing.is_empty() {
        let dangling = transaction.prepare("PRAGMA foreign_key_check").and_then(|mut check| check.exists([]));
        if dangling.map_err(failed)? {
            return Err(Error::Unsound { database: database() });
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Copies the database at `from`, even while a server writes to it, into the new file `to`: all that was acknowledged
/// before, and no half of a write. Checks the copy, page by page and record by record.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let failed =
        |path: &Path, source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| failed(from, source))?;
    source.busy_timeout(PATIENCE).map_err(|source| failed(from, source))?;
    keep_for_owner(to).map_err(|source| Error::File { path: to.to_owned(), source })?;
    let mut copy = connect(to).map_err(|source| failed(to, source))?;
    // All pages in one step: with smaller steps, each write beside it would make it start again.
    rusqlite::backup::Backup::new(&source, &mut copy)
        .and_then(|backup| backup.step(-1).map(drop))
        .map_err(|source| failed(from, source))?;
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(|source| failed(to, source))?;
    verify(&copy, to)
}

/// Refuses a file that is not a sound database of ours.
pub fn check(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
    verify(&connect(path).map_err(failed)?, path)
}

/// Checks that the file is ours and sound: its pages, and what its records refer to.
fn verify(connection: &Connection, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if id != APPLICATION_ID {
        return Err(Error::Foreign { database: path.display().to_string() });
    }
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    let dangling = connection.prepare("PRAGMA foreign_key_check").and_then(|mut check| check.exists([]));
    if found != "ok" || dangling.map_err(failed)? {
        return Err(Error::Unsound { database: path.display().to_string() });
    }
    Ok(())
}

/// Reads which version the file is of, and changes nothing; 0 where there is no file. Refuses one of another program.
pub fn version(path: &Path) -> Result<i64, Error> {
    let failed = |source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
    if !path.exists() {
        return Ok(0);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    if pragma("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign { database: path.display().to_string() });
    }
    pragma("user_version")
}

/// Refuses a file that is not ours or not of this release's version; changes nothing.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<(), Error> {
    let database = || path.display().to_string();
    let failed = |source| Error::Open { database: database(), source: Cause::Sqlite(source) };
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    if pragma("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign { database: database() });
    }
    match pragma("user_version")? {
        VERSION => Ok(()),
        found if found > VERSION => Err(Error::Newer { database: database(), found, known: VERSION }),
        found => Err(Error::Older { database: database(), found, known: VERSION }),
    }
}
