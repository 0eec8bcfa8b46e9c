//! The one place that hands statements to sqlx, counts them, and takes rows apart.

use super::error::Error;
use super::spelling::Spelled;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Decode, Row, Sqlite, Type};
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

pub(super) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

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
    pub connection: &'c mut SqliteConnection,
    pub counts: &'c Counts,
}

impl Link<'_> {
    /// At most one row.
    pub async fn optional<R: Record>(&mut self, query: Query) -> Result<Option<R>, Error> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        let row = query.fetch_optional(&mut *self.connection).await.map_err(Error::Read)?;
        row.map(|row| R::read(&mut Columns::new(&row, R::TABLE))).transpose()
    }

    /// Every row; the statement bounds them.
    pub async fn all<R: Record>(&mut self, query: Query) -> Result<Vec<R>, Error> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        let rows = query.fetch_all(&mut *self.connection).await.map_err(Error::Read)?;
        rows.iter().map(|row| R::read(&mut Columns::new(row, R::TABLE))).collect()
    }
}

/// Something a row is read into, column by column in the order of the SELECT.
pub(super) trait Record: Sized {
    const TABLE: &'static str;
    fn read(columns: &mut Columns<'_>) -> Result<Self, Error>;
}

/// The columns of a row, taken from left to right.
pub(super) struct Columns<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    next: usize,
}

impl<'r> Columns<'r> {
    fn new(row: &'r SqliteRow, table: &'static str) -> Self {
        Self { row, table, next: 0 }
    }

    pub fn take<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, Error> {
        let column = self.next;
        self.next += 1;
        self.row.try_get(column).map_err(Error::Read)
    }

    fn damaged(&self) -> Error {
        Error::Damaged { table: self.table, column: self.next.saturating_sub(1) }
    }

    pub fn state<T: Spelled>(&mut self) -> Result<T, Error> {
        let word: &str = self.take()?;
        T::from_word(word).ok_or_else(|| self.damaged())
    }

    pub fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        let number: i64 = self.take()?;
        T::try_from(number).map_err(|_| self.damaged())
    }

    pub fn digest<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes: &[u8] = self.take()?;
        bytes.try_into().map_err(|_| self.damaged())
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
        let text: &str = self.take()?;
        serde_json::from_str(text).map_err(|_| self.damaged())
    }
}

/// Microseconds since the epoch; what is finer is cut off. Years stay within time's -9999 to 9999, so it always fits.
pub(super) fn micros(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_mul(1_000_000).saturating_add(i64::from(at.microsecond()))
}

fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}
