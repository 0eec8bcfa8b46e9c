//! The schema and how an older database is brought up to it.

use super::error::Error;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// One text a version, never changed once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_requests_cards_certificates.sql"),
    include_str!("../../migrations/sqlite/0002_puk.sql"),
    include_str!("../../migrations/sqlite/0003_audit.sql"),
    include_str!("../../migrations/sqlite/0006_keys.sql"),
];
const VERSION: i64 = MIGRATIONS.len() as i64;
/// "CWRT" in the file's header: this database is ours.
const APPLICATION_ID: i64 = 0x4357_5254;

/// Applies the migrations the database lacks, all or none; refuses a database of another program or a newer release.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let found = pragma("user_version")?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(Error::Newer { path: path.to_owned(), found, known: VERSION });
    };
    for migration in missing {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    if !missing.is_empty() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}
