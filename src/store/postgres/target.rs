//! Takes the records of another database in: one transaction, so that all of them come or none.

use super::super::error::{Cause, Error};
use super::super::link::Value;
use super::connections::pool_cause;
use super::link::{Bound, cause, refusal};
use super::place::PostgresPlace;
use super::schema;
use deadpool_postgres::Client;
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// Lifts the usual bounds: whole tables are written and counted.
const BOUNDS: &str = "SET statement_timeout = 0; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = 0";
/// Stands in errors for whichever table is written.
const MOVED: &str = "moved records";
/// Bounds the values of one statement; the protocol has 65535.
const MOST_VALUES: usize = 16_000;

/// Describes a column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Column {
    pub name: String,
    /// PostgreSQL's name of the type.
    pub kind: String,
    /// The database itself numbers it.
    pub numbered: bool,
}

/// Holds the connection to a database that takes records in.
pub(in crate::store) struct Target {
    client: Client,
}

impl Target {
    /// Connects, after bringing the schema up to date.
    pub async fn open(place: &PostgresPlace) -> Result<Self, Error> {
        let (pool, name) = place.pool()?;
        let failed = |source| Error::Open { database: name.clone(), source };
        let mut client = pool.get().await.map_err(|error| failed(pool_cause(error)))?;
        schema::migrate(&mut client, &name).await?;
        client.batch_execute(BOUNDS).await.map_err(|error| failed(cause(error)))?;
        Ok(Self { client })
    }

    /// Lists the columns of a table, in their order; none where there is no such table.
    pub async fn columns(&self, table: &str) -> Result<Vec<Column>, Error> {
        let ask = "SELECT column_name::text, udt_name::text, is_identity = 'YES' FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
        let rows = self.client.query(ask, &[&table]).await.map_err(read)?;
        let column = |row: &tokio_postgres::Row| {
            Ok(Column { name: row.try_get(0)?, kind: row.try_get(1)?, numbered: row.try_get(2)? })
        };
        rows.iter().map(column).collect::<Result<_, _>>().map_err(read)
    }

    /// Lists the tables with records.
    pub async fn tables(&self) -> Result<Vec<String>, Error> {
        let ask = "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema() \
                   AND tablename <> 'cardwright_schema' ORDER BY 1";
        let rows = self.client.query(ask, &[]).await.map_err(read)?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(read)
    }

    /// Counts the rows of a table.
    pub async fn count(&self, table: &str) -> Result<u64, Error> {
        let row = self.client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.map_err(read)?;
        row.try_get::<_, i64>(0).map(i64::unsigned_abs).map_err(read)
    }

    /// Returns what stands under a name in the table of single values.
    pub async fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = self.client.query_opt("SELECT value FROM meta WHERE name = $1", &[&name]).await.map_err(read)?;
        row.map(|row| row.try_get(0)).transpose().map_err(read)
    }

    /// Begins, commits or otherwise moves the transaction along.
    pub async fn control(&self, statement: &str) -> Result<(), Error> {
        self.client.batch_execute(statement).await.map_err(|error| Error::Transaction(Arc::new(cause(error))))
    }

    /// Says how many rows of so many columns one statement takes.
    pub fn page(columns: usize) -> usize {
        (MOST_VALUES / columns.max(1)).clamp(1, 500)
    }

    /// Adds rows to a table: the values of one after those of the other.
    pub async fn insert(&self, table: &str, columns: &[Column], values: &[Value<'_>]) -> Result<(), Error> {
        let width = columns.len().max(1);
        let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let rows = (0..values.len() / width).map(|row| {
            let places = (1..=width).map(|column| format!("${}", row * width + column)).collect::<Vec<_>>();
            format!("({})", places.join(", "))
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        let text = format!("INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES {rows}");
        let bound: Vec<_> = values.iter().map(Bound).collect();
        let parameters: Vec<_> = bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let write = |error| refusal(cause(error), |source| Error::Write { table: MOVED, source });
        let statement = self.client.prepare_cached(&text).await.map_err(write)?;
        self.client.execute(&statement, &parameters).await.map(drop).map_err(write)
    }

    /// Has the numbers that the database itself gives go on after those that are there.
    pub async fn number_on(&self, table: &str, column: &str) -> Result<(), Error> {
        let next = format!("SELECT coalesce(max({column}), 0) + 1 FROM {table}");
        let text = format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), ({next}), false)");
        self.control(&text).await
    }
}

fn read(error: tokio_postgres::Error) -> Error {
    refusal(cause(error), |source: Cause| Error::Read(source))
}
