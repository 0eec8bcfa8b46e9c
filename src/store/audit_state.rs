//! Holds the rows of a database against what the log says they became.
//!
//! In: the texts of the log's acts, then the rows. Out: each row that is another than the log says, is not in the log, or
//! is gone. One entry is kept in memory for each row that the log names.

use super::watched::{RowName, RowState};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Bounds the differences that are reported one by one; later ones are only counted.
const MOST_DIFFERENCES: usize = 100;

/// Says how a row differs from what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowFault {
    /// It is another than the log's last act on it says.
    Altered,
    /// No act of the log has added it.
    Added,
    /// The log has it, and the database does not.
    Removed,
    /// Two acts say that it became two things by one change.
    Ambiguous,
}

/// Describes one row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    pub table: &'static str,
    /// The key, hexadecimal; the UUID or serial number without separators.
    pub row: String,
    pub fault: RowFault,
}

/// Gathers what the log says of rows, and compares.
#[derive(Default)]
pub struct StateChecker {
    said: HashMap<RowName, Said>,
    ambiguous: Vec<RowName>,
    suspects: Vec<RowState>,
}

/// Holds what the log says of a row.
struct Said {
    changes: i64,
    digest: [u8; 16],
    /// The row was read.
    met: bool,
}

/// Holds the part of an act's text that says what rows became.
#[derive(Deserialize)]
struct Rows {
    #[serde(default)]
    rows: Vec<String>,
}

/// Returns what an act says that rows became; nothing where its text cannot be read.
fn rows_of(record: &str) -> impl Iterator<Item = RowState> {
    let rows = serde_json::from_str::<Rows>(record).map_or_else(|_| Vec::new(), |read| read.rows);
    rows.into_iter().filter_map(|row| row.parse().ok())
}

impl StateChecker {
    /// Takes in an act of the log, in any order.
    pub fn record(&mut self, record: &str) {
        for state in rows_of(record) {
            let said = self.said.entry(state.row.clone()).or_insert_with(|| Said {
                changes: state.changes,
                digest: state.digest,
                met: false,
            });
            if said.changes == state.changes && said.digest != state.digest {
                self.ambiguous.push(state.row);
            } else if said.changes < state.changes {
                (said.changes, said.digest) = (state.changes, state.digest);
            }
        }
    }

    /// Takes in a row of the database, after the log.
    pub(super) fn row(&mut self, state: RowState) {
        let said = self.said.get_mut(&state.row);
        let same = said.is_some_and(|said| {
            said.met = true;
            (said.changes, said.digest) == (state.changes, state.digest)
        });
        if !same {
            self.suspects.push(state);
        }
    }

    /// Says whether some row differs, so that acts must be read that came while the rows were read.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Acquits the rows that became what they are by acts that came while they were read.
    pub(super) fn later_record(&mut self, record: &str) {
        for state in rows_of(record) {
            let older = self.said.get(&state.row).is_some_and(|said| said.changes > state.changes);
            if !older {
                self.suspects.retain(|suspect| *suspect != state);
            }
        }
    }

    /// Returns the differences, at most the first hundred, and their number.
    pub(super) fn differences(self) -> (Vec<RowDifference>, u64) {
        let Self { said, ambiguous, suspects } = self;
        let fault = |row: &RowName| if said.contains_key(row) { RowFault::Altered } else { RowFault::Added };
        let differing = suspects.iter().map(|suspect| (&suspect.row, fault(&suspect.row)));
        let gone = said.iter().filter(|(_, said)| !said.met).map(|(row, _)| (row, RowFault::Removed));
        let twice = ambiguous.iter().map(|row| (row, RowFault::Ambiguous));
        let mut all: Vec<_> = differing.chain(gone).chain(twice).collect();
        all.sort_by_key(|(row, _)| *row);
        all.dedup();
        let count = all.len() as u64;
        let told = all.into_iter().take(MOST_DIFFERENCES);
        let told =
            told.map(|(row, fault)| RowDifference { table: row.table, row: hex::encode(&row.key), fault }).collect();
        (told, count)
    }
}
