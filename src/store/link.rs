//! The one place that hands statements to SQLite, counts them, and takes rows apart.
//!
//! A statement is a text with `$1` placeholders and its values, so that another database can be given the same one.

use super::error::Error;
use super::spelling::Spelled;
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row};
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;
use uuid::Uuid;

/// A statement and what is bound to it.
pub(super) struct Statement<'a> {
    text: Cow<'static, str>,
    values: Vec<Value<'a>>,
}

/// What can be bound.
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Bool(bool),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    Uuid(Uuid),
}

pub(super) fn sql<'a>(text: impl Into<Cow<'static, str>>) -> Statement<'a> {
    Statement { text: text.into(), values: Vec::with_capacity(18) }
}

impl<'a> Statement<'a> {
    /// Binds the next placeholder.
    pub fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Says that the statement is a question, and of what form its answer is.
    pub fn asking<T: Answer>(self) -> Ask<'a, T> {
        Ask { statement: self, answer: PhantomData }
    }
}

/// A question: a statement, and what its rows are gathered into.
pub(super) struct Ask<'a, T> {
    statement: Statement<'a>,
    answer: PhantomData<T>,
}

/// What rows are gathered into: `Option` for at most one, `Vec` for all (the statement bounds them).
pub(super) trait Answer: Sized {
    const TABLE: &'static str;
    /// The answer when there is no row.
    fn none() -> Self;
    /// Takes in a row, and says whether more are wanted.
    fn add(&mut self, columns: &mut Columns<'_>) -> Result<bool, Error>;
}

impl<R: Record> Answer for Option<R> {
    const TABLE: &'static str = R::TABLE;

    fn none() -> Self {
        None
    }

    fn add(&mut self, columns: &mut Columns<'_>) -> Result<bool, Error> {
        *self = Some(R::read(columns)?);
        Ok(false)
    }
}

impl<R: Record> Answer for Vec<R> {
    const TABLE: &'static str = R::TABLE;

    fn none() -> Self {
        Vec::new()
    }

    fn add(&mut self, columns: &mut Columns<'_>) -> Result<bool, Error> {
        self.push(R::read(columns)?);
        Ok(true)
    }
}

macro_rules! values {
    ($($kind:ty => |$name:ident| $value:expr;)*) => {
        $(impl<'a> From<$kind> for Value<'a> {
            fn from($name: $kind) -> Self {
                $value
            }
        })*
    };
}

values! {
    i64 => |number| Value::Integer(number);
    u64 => |number| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    u32 => |number| Value::Integer(number.into());
    u8 => |number| Value::Integer(number.into());
    bool => |truth| Value::Bool(truth);
    &'a str => |text| Value::Text(Cow::Borrowed(text));
    &'a String => |text| Value::Text(Cow::Borrowed(text));
    String => |text| Value::Text(Cow::Owned(text));
    &'a [u8] => |bytes| Value::Bytes(bytes);
    &'a Vec<u8> => |bytes| Value::Bytes(bytes);
    &'a [u8; 20] => |bytes| Value::Bytes(bytes);
    &'a [u8; 32] => |bytes| Value::Bytes(bytes);
    Uuid => |uuid| Value::Uuid(uuid);
    OffsetDateTime => |at| Value::Integer(micros(at));
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Bool(truth) => ValueRef::Integer((*truth).into()),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

/// Running totals since the store was opened.
#[derive(Default)]
pub(super) struct Counts {
    pub commits: AtomicU64,
    pub jobs: AtomicU64,
    pub statements: AtomicU64,
}

/// What [`super::Store::counts`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountsSeen {
    /// Transactions that changed something: one fsync each.
    pub commits: u64,
    /// Write jobs run.
    pub jobs: u64,
    /// Statements, reads included, transaction control excluded.
    pub statements: u64,
}

impl Counts {
    pub fn seen(&self) -> CountsSeen {
        CountsSeen {
            commits: self.commits.load(Ordering::Relaxed),
            jobs: self.jobs.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
        }
    }
}

/// A connection for the length of one call, of a reader or of the writer.
pub(super) struct Link<'c> {
    pub connection: &'c Connection,
    pub counts: &'c Counts,
}

impl Link<'_> {
    fn prepare(&self, statement: &Statement<'_>) -> rusqlite::Result<CachedStatement<'_>> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        // PostgreSQL numbers $1; SQLite takes that for a name and numbers names as they come, but it numbers ?1.
        let mut prepared = self.connection.prepare_cached(&statement.text.replace('$', "?"))?;
        for (position, value) in (1..).zip(&statement.values) {
            prepared.raw_bind_parameter(position, value)?;
        }
        Ok(prepared)
    }

    /// Changes rows, and says how many.
    pub fn execute(&self, statement: Statement<'_>) -> rusqlite::Result<usize> {
        self.prepare(&statement)?.raw_execute()
    }

    /// Answers a question.
    pub fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        let mut prepared = self.prepare(&ask.statement).map_err(Error::Read)?;
        let mut rows = prepared.raw_query();
        let mut answer = T::none();
        while let Some(row) = rows.next().map_err(Error::Read)? {
            if !answer.add(&mut Columns { row, table: T::TABLE, next: 0 })? {
                break;
            }
        }
        Ok(answer)
    }
}

/// Something a row is read into, column by column in the order of the SELECT.
pub(super) trait Record: Sized {
    const TABLE: &'static str;
    fn read(columns: &mut Columns<'_>) -> Result<Self, Error>;
}

/// The columns of a row, taken from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    next: usize,
}

impl Columns<'_> {
    pub fn take<T: FromSql>(&mut self) -> Result<T, Error> {
        let column = self.next;
        self.next += 1;
        self.row.get(column).map_err(Error::Read)
    }

    fn damaged(&self) -> Error {
        Error::Damaged { table: self.table, column: self.next.saturating_sub(1) }
    }

    pub fn state<T: Spelled>(&mut self) -> Result<T, Error> {
        let word: String = self.take()?;
        T::from_word(&word).ok_or_else(|| self.damaged())
    }

    pub fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        let number: i64 = self.take()?;
        T::try_from(number).map_err(|_| self.damaged())
    }

    pub fn time(&mut self) -> Result<OffsetDateTime, Error> {
        let micros: i64 = self.take()?;
        from_micros(micros).ok_or_else(|| self.damaged())
    }

    pub fn optional_time(&mut self) -> Result<Option<OffsetDateTime>, Error> {
        let micros: Option<i64> = self.take()?;
        micros.map(|micros| from_micros(micros).ok_or_else(|| self.damaged())).transpose()
    }

    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        let text: String = self.take()?;
        serde_json::from_str(&text).map_err(|_| self.damaged())
    }
}

/// Microseconds since the epoch; what is finer is cut off.
fn micros(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_mul(1_000_000).saturating_add(at.microsecond().into())
}

fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}
