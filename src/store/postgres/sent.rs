//! Describes statements that are sent together: what each is to do, and how its answer is judged.

use super::super::error::{Cause, Error};
use super::super::link::{Statement, sql};
use super::super::watched::{RawRow, Watched};
use super::link::{Done, refusal};
use std::sync::Arc;

/// Holds a statement that a job does not wait for.
pub(in crate::store) struct Sent {
    pub statement: Statement<'static>,
    table: &'static str,
    /// The log says what the rows became that it writes.
    watched: Option<&'static Watched>,
    /// What is told where it changes nothing.
    changed: Option<Error>,
    writes: bool,
}

impl Sent {
    /// Makes a statement that writes `table`; where it changes no row, the job is refused by `changed`.
    pub fn writing(table: &'static str, statement: Statement<'_>, changed: Option<Error>) -> Self {
        let watched = Watched::written_by(table);
        let statement = match watched {
            Some(watched) => watched.watching(statement),
            None => statement,
        };
        Self { statement: statement.copied(), table, watched, changed, writes: true }
    }

    /// Makes a statement that waits until no other transaction has this lock.
    pub fn locking(number: i64) -> Self {
        let statement = sql("SELECT pg_advisory_xact_lock($1)").bind(number);
        Self { statement, table: "locks", watched: None, changed: None, writes: false }
    }

    /// Returns the table that it writes.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// Says whether its rows are wanted.
    pub(super) fn returns(&self) -> bool {
        self.watched.is_some() || !self.writes
    }

    /// Turns what it was refused by into an error.
    pub(super) fn refused(&self, cause: Cause) -> Error {
        unwritten(self.table, cause)
    }

    /// Adds the rows that it wrote to those of the job; says whether it wrote any. Refuses where it had to and did not.
    pub(super) fn judge(self, done: &Done, rows: &mut Vec<(&'static Watched, RawRow)>) -> Result<bool, Error> {
        let number = match done {
            Done::Rows(found) => found.len() as u64,
            Done::Changed(number) => *number,
        };
        if let (Done::Rows(found), Some(watched)) = (done, self.watched) {
            rows.extend(found.iter().map(|row| (watched, RawRow::of(row))));
        }
        match self.changed {
            Some(changed) if number == 0 => Err(changed),
            _ => Ok(self.writes && number > 0),
        }
    }
}

/// Turns the refusal of a write into an error: a taken key, a missing record, or another failure.
pub(super) fn unwritten(table: &'static str, cause: Cause) -> Error {
    refusal(cause, |source| {
        let Cause::Postgres { code, .. } = &source else { return Error::Write { table, source } };
        match code.as_deref() {
            Some("23505") => Error::Duplicate { table, source },
            Some("23503") => Error::Dangling { table, source },
            _ => Error::Write { table, source },
        }
    })
}

/// Turns what a commit failed by into an error; where the connection was lost, it may be done.
pub(super) fn uncommitted(cause: Cause) -> Error {
    match &cause {
        Cause::Postgres { code: None, .. } => Error::Uncertain(cause),
        Cause::Postgres { code: Some(_), .. } | Cause::Sqlite(_) => {
            refusal(cause, |cause| Error::Transaction(Arc::new(cause)))
        }
    }
}
