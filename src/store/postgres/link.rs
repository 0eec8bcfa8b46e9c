//! Hands statements to PostgreSQL and counts them; nothing else does.

use super::super::error::{Cause, Error};
use super::super::link::{Answer, Cell, Columns, Counts, Row as Cells, Statement, Value};
use deadpool_postgres::Client;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Row, Statement as Prepared};

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

impl Cells for Row {
    fn cell(&self, column: usize) -> Option<Cell<'_>> {
        self.try_get(column).ok()
    }
}

/// Gathers rows into the answer.
pub(super) fn gather<T: Answer>(rows: &[Row]) -> Result<T, Error> {
    let mut answer = T::none();
    for row in rows {
        if !answer.add(&mut Columns::of(row, T::TABLE))? {
            break;
        }
    }
    Ok(answer)
}

/// Holds what came of a statement.
pub(super) enum Done {
    Rows(Vec<Row>),
    Changed(u64),
}

impl Done {
    /// Returns the rows that it answered with.
    pub fn rows(self) -> Vec<Row> {
        match self {
            Self::Rows(rows) => rows,
            Self::Changed(_) => Vec::new(),
        }
    }
}

/// Asks a question outside any transaction.
pub(super) async fn asked(client: &Client, counts: &Counts, asked: &Statement<'_>) -> Result<Vec<Row>, Cause> {
    counts.statements.fetch_add(1, Ordering::Relaxed);
    counts.round_trips.fetch_add(1, Ordering::Relaxed);
    if client.statement_cache.size() > STATEMENTS_CACHED {
        client.statement_cache.clear();
    }
    let prepared = within(client.prepare_cached(&asked.text)).await?;
    within(done(client, &prepared, &asked.values, true)).await.map(Done::rows)
}

/// Has a prepared statement run with these values.
async fn done(
    client: &Client,
    prepared: &Prepared,
    values: &[Value<'_>],
    returns: bool,
) -> Result<Done, tokio_postgres::Error> {
    let bound: Vec<_> = values.iter().map(Bound).collect();
    let parameters: Vec<_> = bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    match returns {
        true => client.query(prepared, &parameters).await.map(Done::Rows),
        false => client.execute(prepared, &parameters).await.map(Done::Changed),
    }
}

/// Holds the connection of a lane.
pub(super) struct Link {
    pub client: Client,
    counts: Arc<Counts>,
    prepared: HashMap<String, Prepared>,
}

impl Link {
    pub fn new(client: Client, counts: Arc<Counts>) -> Self {
        Self { client, counts, prepared: HashMap::new() }
    }

    /// Says whether the connection has ended.
    pub fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Sends statements together and waits for all of them, in one round trip; with each stands whether its rows are wanted.
    /// `first` is run before them, and where it is refused, so are all; `last` is run after them. What the others come to is
    /// returned one by one, that of `last` at the end.
    pub async fn together(
        &mut self,
        first: Option<&'static str>,
        all: &[(&Statement<'_>, bool)],
        last: Option<&'static str>,
    ) -> Result<Vec<Result<Done, Cause>>, Cause> {
        self.counts.statements.fetch_add(all.len() as u64, Ordering::Relaxed);
        let mut first = first;
        if !all.iter().all(|(statement, _)| self.prepared.contains_key(statement.text.as_ref())) {
            // What cannot be prepared is to break no more than what comes after `first`.
            if let Some(first) = first.take() {
                self.control(first).await?;
            }
            self.prepare(all).await?;
        }
        self.counts.round_trips.fetch_add(1, Ordering::Relaxed);
        let client = &self.client;
        let control = |statement: &'static str| -> Wait<'_> {
            Box::pin(async move { client.batch_execute(statement).await.map(|()| Done::Changed(0)) })
        };
        let begins = first.is_some();
        let mut waits: Vec<Wait<'_>> = first.map(control).into_iter().collect();
        for (statement, returns) in all {
            let prepared = self.prepared.get(statement.text.as_ref()).ok_or_else(slow)?;
            waits.push(Box::pin(done(client, prepared, &statement.values, *returns)));
        }
        waits.extend(last.map(control));
        let all = tokio::time::timeout(PATIENCE, in_turn(waits)).await.map_err(|_| slow())?;
        let mut all = all.into_iter().map(|done| done.map_err(cause));
        if begins {
            all.next().transpose()?;
        }
        Ok(all.collect())
    }

    /// Begins or ends a transaction, or a part of it.
    pub async fn control(&self, statement: &str) -> Result<(), Cause> {
        self.counts.round_trips.fetch_add(1, Ordering::Relaxed);
        within(self.client.batch_execute(statement)).await
    }

    /// Prepares the statements that are not prepared yet.
    async fn prepare(&mut self, all: &[(&Statement<'_>, bool)]) -> Result<(), Cause> {
        if self.prepared.len() > STATEMENTS_CACHED {
            self.prepared.clear();
        }
        for (statement, _) in all {
            if !self.prepared.contains_key(statement.text.as_ref()) {
                let prepared = within(self.client.prepare(&statement.text)).await?;
                self.prepared.insert(statement.text.to_string(), prepared);
            }
        }
        Ok(())
    }
}

type Wait<'w> = Pin<Box<dyn Future<Output = Result<Done, tokio_postgres::Error>> + Send + 'w>>;

/// Waits for all. Each is first polled, and by that sent, after those before it.
async fn in_turn(mut waits: Vec<Wait<'_>>) -> Vec<Result<Done, tokio_postgres::Error>> {
    let mut done: Vec<_> = waits.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (wait, done) in waits.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(outcome) = wait.as_mut().poll(context)
            {
                *done = Some(outcome);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Waits for the work, no longer than [`PATIENCE`].
pub(super) async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Cause> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| slow())?.map_err(cause)
}

pub(super) fn slow() -> Cause {
    Cause::Postgres { message: format!("no answer within {} seconds", PATIENCE.as_secs()), code: None }
}

/// Returns what PostgreSQL said, without the rows that it quotes; no code: the connection failed.
pub(super) fn cause(error: tokio_postgres::Error) -> Cause {
    if let Some(said) = error.as_db_error() {
        return Cause::Postgres { message: said.message().to_owned(), code: Some(said.code().code().to_owned()) };
    }
    // Nothing was sent: the value does not fit (appendix A: data_exception), and the connection is as it was.
    let unfit = error.to_string().starts_with("error serializing");
    let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
    Cause::Postgres { message: format!("{error}{why}"), code: unfit.then(|| "22000".to_owned()) }
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
