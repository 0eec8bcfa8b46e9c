//! Hands statements to PostgreSQL and counts them; nothing else does.

use super::super::error::{Cause, Error};
use super::super::link::{Answer, Cell, Columns, Counts, Row, Statement, Value};
use deadpool_postgres::Client;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// Bounds the statements that a connection keeps prepared.
const STATEMENTS_CACHED: usize = 256;
/// Bounds how long an answer is waited for; the server itself gives up sooner.
const PATIENCE: Duration = Duration::from_secs(15);

type BoxError = Box<dyn std::error::Error + Sync + Send>;

/// Holds a value to be bound; no error shows what it is.
pub(super) struct Bound<'v>(pub &'v Value<'v>);

impl fmt::Debug for Bound<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Value::Integer(number) if *kind == Type::INT8 => number.to_sql(kind, out),
            Value::Bool(truth) if *kind == Type::BOOL => truth.to_sql(kind, out),
            Value::Text(text) if *kind == Type::TEXT => text.as_ref().to_sql(kind, out),
            Value::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            Value::Uuid(uuid) if *kind == Type::UUID => uuid.to_sql(kind, out),
            _ => Err(format!("the statement wants {kind} where it is given something else").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'r> FromSql<'r> for Cell<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, BoxError> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Cell::Integer),
            Type::INT4 => i32::from_sql(kind, raw).map(|number| Cell::Integer(number.into())),
            Type::BOOL => bool::from_sql(kind, raw).map(Cell::Bool),
            Type::TEXT => <&str>::from_sql(kind, raw).map(Cell::Text),
            _ => Ok(Cell::Bytes(raw)),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxError> {
        Ok(Cell::Null)
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BOOL, Type::TEXT, Type::BYTEA, Type::UUID].contains(kind)
    }
}

impl Row for tokio_postgres::Row {
    fn cell(&self, column: usize) -> Option<Cell<'_>> {
        self.try_get(column).ok()
    }
}

/// Gathers rows into the answer.
pub(super) fn gather<T: Answer>(rows: &[tokio_postgres::Row]) -> Result<T, Error> {
    let mut answer = T::none();
    for row in rows {
        if !answer.add(&mut Columns::of(row, T::TABLE))? {
            break;
        }
    }
    Ok(answer)
}

/// Holds a connection for the length of one call.
pub(super) struct Link<'c> {
    pub client: &'c Client,
    pub counts: &'c Counts,
}

impl Link<'_> {
    /// Asks and returns the rows; `begins` opens a transaction for it in the same packet.
    pub async fn query(
        &self,
        text: &str,
        values: &[Value<'_>],
        begins: bool,
    ) -> Result<Vec<tokio_postgres::Row>, Cause> {
        let statement = self.prepare(text).await?;
        let bound: Vec<_> = values.iter().map(Bound).collect();
        let parameters: Vec<_> = bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.sent(begins, self.client.query(&statement, &parameters)).await
    }

    /// Changes rows and returns how many; `begins` as for [`Self::query`].
    pub async fn execute(&self, given: &Statement<'_>, begins: bool) -> Result<usize, Cause> {
        let statement = self.prepare(&given.text).await?;
        let bound: Vec<_> = given.values.iter().map(Bound).collect();
        let parameters: Vec<_> = bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.sent(begins, self.client.execute(&statement, &parameters)).await?;
        Ok(usize::try_from(rows).unwrap_or(usize::MAX))
    }

    /// Begins or ends a transaction.
    pub async fn control(&self, statement: &str) -> Result<(), Cause> {
        within(self.client.batch_execute(statement)).await
    }

    async fn prepare(&self, text: &str) -> Result<tokio_postgres::Statement, Cause> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        if self.client.statement_cache.size() > STATEMENTS_CACHED {
            self.client.statement_cache.clear();
        }
        within(self.client.prepare_cached(text)).await
    }

    /// Does the work, after the beginning of a transaction where `begins` says so.
    async fn sent<T>(
        &self,
        begins: bool,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Cause> {
        if !begins {
            return within(work).await;
        }
        // Each is sent when it is first polled, so the order is kept and one round trip is saved.
        let both =
            async { tokio::join!(biased; self.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"), work) };
        let (begun, done) = tokio::time::timeout(PATIENCE, both).await.map_err(|_| slow())?;
        begun.map_err(cause)?;
        done.map_err(cause)
    }
}

/// Waits for the work, no longer than [`PATIENCE`].
async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Cause> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| slow())?.map_err(cause)
}

fn slow() -> Cause {
    Cause::Postgres { message: format!("no answer within {} seconds", PATIENCE.as_secs()), code: None }
}

/// Returns what PostgreSQL said, without the rows that it quotes; no code: the connection failed.
pub(super) fn cause(error: tokio_postgres::Error) -> Cause {
    if let Some(said) = error.as_db_error() {
        return Cause::Postgres { message: said.message().to_owned(), code: Some(said.code().code().to_owned()) };
    }
    let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
    Cause::Postgres { message: format!("{error}{why}"), code: None }
}

/// Tells failures that pass by themselves from others, which `otherwise` turns into an error.
pub(super) fn refusal(cause: Cause, otherwise: impl FnOnce(Cause) -> Error) -> Error {
    let cause = match Error::read_only(cause) {
        Ok(read_only) => return read_only,
        Err(cause) => cause,
    };
    let Cause::Postgres { code, .. } = &cause else { return otherwise(cause) };
    match code.as_deref() {
        // Serialization failure, deadlock, a lock or a statement that took too long.
        Some("40001" | "40P01" | "55P03" | "57014") => Error::Contended(cause),
        None => Error::Unreachable(cause),
        // Connection exceptions, too few resources, shut down or starting.
        Some(code) if ["08", "53", "57"].contains(&code.get(..2).unwrap_or_default()) => Error::Unreachable(cause),
        Some(_) => otherwise(cause),
    }
}
