//! What the files of the store say to either database: statements, questions, and what rows are read into.
//!
//! A statement is a text with `$1` placeholders and its values. A database returns rows as [`Cell`]s.

use super::error::Error;
use super::spelling::Spelled;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds a statement and the values bound to it.
pub(super) struct Statement<'a> {
    pub text: Cow<'static, str>,
    pub values: Vec<Value<'a>>,
}

/// Holds a value that can be bound.
#[derive(PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Bool(bool),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Uuid(Uuid),
}

impl Value<'_> {
    /// Returns a copy that borrows nothing.
    fn copied(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Text(text) => Value::Text(Cow::Owned(text.to_string())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.to_vec())),
            Self::Uuid(uuid) => Value::Uuid(*uuid),
        }
    }
}

/// Makes a statement of a text, with no values bound yet.
pub(super) fn sql<'a>(text: impl Into<Cow<'static, str>>) -> Statement<'a> {
    Statement { text: text.into(), values: Vec::with_capacity(18) }
}

impl<'a> Statement<'a> {
    /// Binds the next placeholder.
    pub fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Says whether both ask or do the same.
    pub fn is(&self, other: &Statement<'_>) -> bool {
        self.values == other.values && self.text == other.text
    }

    /// Returns a copy that borrows nothing.
    pub fn copied(&self) -> Statement<'static> {
        Statement { text: self.text.clone(), values: self.values.iter().map(Value::copied).collect() }
    }

    /// Returns a copy, with a few words more.
    pub fn followed_by(&self, words: &str) -> Statement<'static> {
        let Statement { text, values } = self.copied();
        Statement { text: Cow::Owned(text.into_owned() + words), values }
    }

    /// Makes a question of the statement; `T` is the form of its answer.
    pub fn asking<T: Answer>(self) -> Ask<'a, T> {
        Ask { statement: self, answer: PhantomData }
    }
}

/// Holds a question: a statement, and the form of its answer.
pub(super) struct Ask<'a, T> {
    pub statement: Statement<'a>,
    answer: PhantomData<T>,
}

/// Gathers rows: `Option` takes at most one, `Vec` takes all (the statement bounds them).
pub(super) trait Answer: Sized {
    const TABLE: &'static str;
    /// Says whether one record is asked for, on which a job may decide.
    const ONE: bool;
    /// Returns the answer for no row.
    fn none() -> Self;
    /// Takes in a row; says whether more are wanted.
    fn add(&mut self, columns: &mut Columns<'_>) -> Result<bool, Error>;
}

impl<R: FromRow> Answer for Option<R> {
    const TABLE: &'static str = R::TABLE;
    const ONE: bool = true;

    fn none() -> Self {
        None
    }

    fn add(&mut self, columns: &mut Columns<'_>) -> Result<bool, Error> {
        *self = Some(R::read(columns)?);
        Ok(false)
    }
}

impl<R: FromRow> Answer for Vec<R> {
    const TABLE: &'static str = R::TABLE;
    const ONE: bool = false;

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
    &'a [u8] => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    &'a Vec<u8> => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    &'a [u8; 20] => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    &'a [u8; 32] => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    Uuid => |uuid| Value::Uuid(uuid);
    OffsetDateTime => |at| Value::Integer(micros(at));
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// Separates the running job from those before it; there is none as long as those have written nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Savepoint {
    None,
    /// Nothing was written since.
    Fresh,
    Used,
}

/// Says what became of the writes of a job that was settled.
pub(super) enum Settled {
    /// They are kept for the commit, or undone, as the job asked.
    AsAsked,
    /// They are undone, though the job asked to keep them.
    Undone(Error),
}

/// Counts work since the store was opened.
#[derive(Default)]
pub(super) struct Counts {
    pub commits: AtomicU64,
    pub jobs: AtomicU64,
    pub statements: AtomicU64,
    pub round_trips: AtomicU64,
    pub steps: AtomicU64,
    /// Write jobs that logged no act.
    pub unaudited: AtomicU64,
    /// Transactions that changed what [`super::versions`] counts.
    pub changes: AtomicU64,
    /// When the last of them ended.
    pub changed: Mutex<Option<Instant>>,
    /// How often each act was logged, by its word.
    acts: Mutex<BTreeMap<&'static str, u64>>,
}

/// Reports the counts of [`super::Store::counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountsSeen {
    /// Transactions that changed something: one fsync each on SQLite, one flush each on PostgreSQL.
    pub commits: u64,
    /// Write jobs run.
    pub jobs: u64,
    /// Statements, with reads and without transaction control.
    pub statements: u64,
    /// How often an answer of PostgreSQL was waited for; statements that were sent together wait once.
    pub round_trips: u64,
    /// Steps of SQLite's virtual machine, the same for the same work on any computer. Not counted for PostgreSQL, which
    /// counts for itself.
    pub steps: u64,
    /// Write jobs that logged no act, which is a mistake in the job.
    pub unaudited: u64,
}

impl Counts {
    /// Returns the counts as they are now.
    pub fn seen(&self) -> CountsSeen {
        CountsSeen {
            commits: self.commits.load(Ordering::Relaxed),
            jobs: self.jobs.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
            steps: self.steps.load(Ordering::Relaxed),
            unaudited: self.unaudited.load(Ordering::Relaxed),
        }
    }

    /// Notes that a transaction has changed what versions count, before anybody is told how it ended.
    pub fn note_change(&self) {
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Counts acts that are on disk.
    pub fn acted(&self, acts: impl Iterator<Item = &'static str>) {
        let mut counted = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        for act in acts {
            *counted.entry(act).or_default() += 1;
        }
    }

    /// Returns how often each act was logged.
    pub fn acts(&self) -> BTreeMap<&'static str, u64> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Is read from a row, column by column in the order of the SELECT.
pub(super) trait FromRow: Sized {
    const TABLE: &'static str;
    fn read(columns: &mut Columns<'_>) -> Result<Self, Error>;
}

/// Holds what is in a column.
#[derive(Clone, Copy)]
pub(super) enum Cell<'r> {
    Null,
    Integer(i64),
    Bool(bool),
    Text(&'r str),
    /// Bytes, among them the sixteen of a UUID.
    Bytes(&'r [u8]),
}

/// Gives the columns of a row.
pub(super) trait Row {
    /// Returns what is in a column, counted from 0; `None` for a kind of value that the store does not keep.
    fn cell(&self, column: usize) -> Option<Cell<'_>>;
}

/// Is read from one column.
pub(super) trait FromCell: Sized {
    /// Reads a cell; `None` where it holds something else.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! cells {
    ($($kind:ty => $cell:pat => $value:expr;)*) => {
        $(impl FromCell for $kind {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    $cell => $value,
                    _ => None,
                }
            }
        })*
    };
}

cells! {
    i64 => Cell::Integer(number) => Some(number);
    String => Cell::Text(text) => Some(text.to_owned());
    Vec<u8> => Cell::Bytes(bytes) => Some(bytes.to_vec());
    Uuid => Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok();
}

impl FromCell for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Bool(truth) => Some(truth),
            // SQLite keeps truth values as numbers.
            Cell::Integer(0) => Some(false),
            Cell::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> FromCell for [u8; N] {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// Takes the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r dyn Row,
    table: &'static str,
    next: usize,
}

impl<'r> Columns<'r> {
    pub fn of(row: &'r dyn Row, table: &'static str) -> Self {
        Self { row, table, next: 0 }
    }

    /// Returns the whole row.
    pub fn row(&self) -> &'r dyn Row {
        self.row
    }

    /// Reads the next column; [`Error::Damaged`] where it holds something else.
    pub fn take<T: FromCell>(&mut self) -> Result<T, Error> {
        let column = self.next;
        self.next += 1;
        self.row.cell(column).and_then(T::from_cell).ok_or(Error::Damaged { table: self.table, column })
    }

    /// Reads the next column as text; `None` where it holds something else.
    fn text(&mut self) -> Option<&'r str> {
        let column = self.next;
        self.next += 1;
        let Some(Cell::Text(text)) = self.row.cell(column) else { return None };
        Some(text)
    }

    /// Returns the error for the column that was read last.
    fn damaged(&self) -> Error {
        Error::Damaged { table: self.table, column: self.next.saturating_sub(1) }
    }

    /// Reads the next column as a state that is spelled as a word.
    pub fn state<T: Spelled>(&mut self) -> Result<T, Error> {
        self.text().and_then(T::from_word).ok_or_else(|| self.damaged())
    }

    /// Reads the next column as a number of a smaller range.
    pub fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        let number: i64 = self.take()?;
        T::try_from(number).map_err(|_| self.damaged())
    }

    /// Reads the next column as a number of a smaller range, or NULL.
    pub fn optional_number<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, Error> {
        let number: Option<i64> = self.take()?;
        number.map(|number| T::try_from(number).map_err(|_| self.damaged())).transpose()
    }

    /// Reads the next column as a time.
    pub fn time(&mut self) -> Result<OffsetDateTime, Error> {
        let micros: i64 = self.take()?;
        from_micros(micros).ok_or_else(|| self.damaged())
    }

    /// Reads the next column as a time, or NULL.
    pub fn optional_time(&mut self) -> Result<Option<OffsetDateTime>, Error> {
        let micros: Option<i64> = self.take()?;
        micros.map(|micros| from_micros(micros).ok_or_else(|| self.damaged())).transpose()
    }

    /// Reads the next column as JSON text.
    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        self.text().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| self.damaged())
    }
}

/// Returns microseconds since the epoch; anything finer is cut off.
pub fn micros(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_mul(1_000_000).saturating_add(at.microsecond().into())
}

/// Returns the moment that is so many microseconds after the epoch; `None` where no year holds it.
pub fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}
