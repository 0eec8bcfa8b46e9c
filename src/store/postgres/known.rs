//! Remembers the rows that a transaction has locked: as long as it has them, nobody else changes them.

use super::super::link::Statement;
use super::super::watched::Watched;
use tokio_postgres::Row;

/// Bounds the questions that are remembered.
const MOST: usize = 64;
/// Ends a question for a record by its key.
const BY_KEY: &str = " WHERE uuid = $1";

/// Holds questions that were asked with a lock, and the rows that answered them.
#[derive(Default)]
pub(super) struct Known(Vec<Locked>);

struct Locked {
    table: &'static str,
    asked: Statement<'static>,
    rows: Vec<Row>,
}

impl Known {
    /// Returns what answered the same question.
    pub fn rows(&self, asked: &Statement<'_>) -> Option<&[Row]> {
        self.0.iter().find(|locked| locked.asked.is(asked)).map(|locked| locked.rows.as_slice())
    }

    /// Adds the row of a table that is locked, where it was asked for by its key, so that no other can come to answer, and
    /// the log vouches for the table, so that whoever writes it names it.
    pub fn add(&mut self, table: &'static str, asked: &Statement<'_>, rows: Vec<Row>) {
        if rows.is_empty() || !asked.text.ends_with(BY_KEY) || Watched::written_by(table).is_none() {
            return;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.push(Locked { table, asked: asked.copied(), rows });
    }

    /// Forgets the rows of a table that is about to be written.
    pub fn forget(&mut self, table: &'static str) {
        self.0.retain(|locked| locked.table != table);
    }

    /// Forgets everything, as the locks are gone.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
