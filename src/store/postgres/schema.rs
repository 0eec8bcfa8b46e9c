//! Brings an empty or older database up to date. One server does it while the others wait.

use super::super::error::Error;
use super::super::schema::{VERSION, missing};
use super::link::cause;
use deadpool_postgres::{Client, Transaction};
use uuid::Uuid;

/// Spells "CWRT": the lock under which the schema is changed.
const LOCK: i64 = 0x4357_5254;
/// Lifts the usual bounds, as changing a large table takes long, and so does waiting for another server that does it.
const BOUNDS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '600s'";

/// Applies the migrations that the database lacks, all or none, and returns the database's identity; refuses a schema
/// of another program or a newer release.
pub(super) async fn migrate(client: &mut Client, database: &str) -> Result<Uuid, Error> {
    let failed = |error| Error::Open { database: database.to_owned(), source: cause(error) };
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(BOUNDS).await.map_err(failed)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    let Some(found) = version(&transaction).await.map_err(failed)? else {
        return Err(Error::Foreign { database: database.to_owned() });
    };
    let Some(missing) = missing(found) else {
        return Err(Error::Newer { database: database.to_owned(), found, known: VERSION });
    };
    for migration in missing {
        transaction.batch_execute(migration.postgres).await.map_err(failed)?;
    }
    if !missing.is_empty() {
        transaction.execute("UPDATE cardwright_schema SET version = $1", &[&VERSION]).await.map_err(failed)?;
    }
    let insert = "INSERT INTO meta (name, value) VALUES ('instance', $1) ON CONFLICT (name) DO NOTHING";
    transaction.execute(insert, &[&Uuid::new_v4().as_bytes().as_slice()]).await.map_err(failed)?;
    let ask = "SELECT value FROM meta WHERE name = 'instance'";
    let value: Vec<u8> = transaction.query_one(ask, &[]).await.map_err(failed)?.try_get(0).map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Uuid::from_slice(&value).map_err(|_| Error::Damaged { table: "meta", column: 0 })
}

/// Reads the schema's version, 0 for an empty one, and undoes what that takes.
pub(super) async fn found(client: &mut Client, database: &str) -> Result<i64, Error> {
    let failed = |error| Error::Open { database: database.to_owned(), source: cause(error) };
    let transaction = client.transaction().await.map_err(failed)?;
    let found = version(&transaction).await.map_err(failed)?;
    transaction.rollback().await.map_err(failed)?;
    found.ok_or_else(|| Error::Foreign { database: database.to_owned() })
}

/// Reads the schema's version, 0 for an empty one; `None`: the tables are another program's.
async fn version(transaction: &Transaction<'_>) -> Result<Option<i64>, tokio_postgres::Error> {
    let ours = "SELECT count(*) FILTER (WHERE tablename = 'cardwright_schema'), count(*) FROM pg_catalog.pg_tables \
                WHERE schemaname = current_schema()";
    let counted = transaction.query_one(ours, &[]).await?;
    match (counted.try_get::<_, i64>(0)?, counted.try_get::<_, i64>(1)?) {
        (0, 0) => {
            let make =
                "CREATE TABLE cardwright_schema (version BIGINT NOT NULL); INSERT INTO cardwright_schema VALUES (0)";
            transaction.batch_execute(make).await?;
            Ok(Some(0))
        }
        (0, _) => Ok(None),
        _ => transaction.query_one("SELECT version FROM cardwright_schema", &[]).await?.try_get(0).map(Some),
    }
}
