//! Hands statements to SQLite and counts them; nothing else does.

use super::super::error::{Cause, Error};
use super::super::link::{Answer, Ask, Cell, Columns, Counts, Row, Statement, Value};
use super::super::watched::RawRow;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, StatementStatus};
use std::sync::atomic::Ordering;

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

impl Row for rusqlite::Row<'_> {
    fn cell(&self, column: usize) -> Option<Cell<'_>> {
        match self.get_ref(column).ok()? {
            ValueRef::Null => Some(Cell::Null),
            ValueRef::Integer(number) => Some(Cell::Integer(number)),
            ValueRef::Text(text) => std::str::from_utf8(text).ok().map(Cell::Text),
            ValueRef::Blob(bytes) => Some(Cell::Bytes(bytes)),
            ValueRef::Real(_) => None,
        }
    }
}

/// Holds a connection of a reader or of the writer, for the length of one call.
pub(super) struct Link<'c> {
    pub connection: &'c Connection,
    pub counts: &'c Counts,
}

impl Link<'_> {
    fn prepare(&self, statement: &Statement<'_>) -> rusqlite::Result<CachedStatement<'_>> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        // PostgreSQL numbers $1. SQLite takes $1 for a name and numbers names as they come, but it numbers ?1.
        let mut prepared = self.connection.prepare_cached(&statement.text.replace('$', "?"))?;
        for (position, value) in (1..).zip(&statement.values) {
            prepared.raw_bind_parameter(position, value)?;
        }
        Ok(prepared)
    }

    fn count_steps(&self, done: &CachedStatement<'_>) {
        let steps = done.reset_status(StatementStatus::VmStep);
        self.counts.steps.fetch_add(steps.try_into().unwrap_or(0), Ordering::Relaxed);
    }

    /// Changes rows and returns how many.
    pub fn execute(&self, statement: Statement<'_>) -> rusqlite::Result<usize> {
        let mut prepared = self.prepare(&statement)?;
        let rows = prepared.raw_execute();
        self.count_steps(&prepared);
        rows
    }

    /// Changes rows and returns what the statement says of them.
    pub fn returning(&self, statement: &Statement<'_>) -> rusqlite::Result<Vec<RawRow>> {
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.raw_query();
        let mut returned = Vec::new();
        let done = loop {
            match rows.next() {
                Ok(Some(row)) => returned.push(RawRow::of(row)),
                Ok(None) => break Ok(returned),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        self.count_steps(&prepared);
        done
    }

    /// Answers a question.
    pub fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        let failed = |source| Error::Read(Cause::Sqlite(source));
        let mut prepared = self.prepare(&ask.statement).map_err(failed)?;
        let mut rows = prepared.raw_query();
        let mut answer = T::none();
        while let Some(row) = rows.next().map_err(failed)? {
            if !answer.add(&mut Columns::of(row, T::TABLE))? {
                break;
            }
        }
        drop(rows);
        self.count_steps(&prepared);
        Ok(answer)
    }
}
