//! Holds the rows of a database against what the log says they became.
//!
//! In: the texts of the log's acts, then the rows. Out: each row that is another than the log says, is not in the log, or
//! is gone. One entry is kept in memory for each row that the log names.

use super::watched::{GONE, RowName, RowState};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// Bounds the differences that are reported one by one; later ones are only counted.
const MOST_DIFFERENCES: usize = 100;
/// Names the act by which a person takes rows as they are.
const ROWS_ACCEPTED: &str = "rows-accepted";

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

impl fmt::Display for RowFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Altered => "altered",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Ambiguous => "ambiguous",
        })
    }
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
    /// Rows of which two acts say two things, and by which change.
    ambiguous: Vec<(RowName, i64)>,
    /// Up to which change rows were accepted as they were.
    accepted: HashMap<RowName, i64>,
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
#[derive(Default, Deserialize)]
struct Rows {
    #[serde(default)]
    act: String,
    #[serde(default)]
    rows: Vec<String>,
}

/// Returns whether an act accepts rows as they are, and what it says that rows became; nothing where its text cannot be
/// read.
fn rows_of(record: &str) -> (bool, impl Iterator<Item = RowState>) {
    let Rows { act, rows } = serde_json::from_str(record).unwrap_or_default();
    (act == ROWS_ACCEPTED, rows.into_iter().filter_map(|row| row.parse().ok()))
}

impl StateChecker {
    /// Takes in an act of the log, in any order.
    pub fn record(&mut self, record: &str) {
        let (accepts, rows) = rows_of(record);
        for state in rows {
            if accepts {
                let accepted = self.accepted.entry(state.row.clone()).or_default();
                *accepted = state.changes.max(*accepted);
            }
            let said = self.said.entry(state.row.clone()).or_insert_with(|| Said {
                changes: state.changes,
                digest: state.digest,
                met: false,
            });
            if said.changes == state.changes && said.digest != state.digest {
                self.ambiguous.push((state.row, state.changes));
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
        for state in rows_of(record).1 {
            let older = self.said.get(&state.row).is_some_and(|said| said.changes > state.changes);
            if !older {
                self.suspects.retain(|suspect| *suspect != state);
            }
        }
    }

    /// Lists the rows that differ, and how.
    fn differing(&self) -> impl Iterator<Item = (&RowName, RowFault)> {
        let there = |row: &RowName| self.said.get(row).is_some_and(|said| said.digest != GONE);
        let fault = move |row: &RowName| if there(row) { RowFault::Altered } else { RowFault::Added };
        let suspects = self.suspects.iter().map(move |suspect| (&suspect.row, fault(&suspect.row)));
        let gone = self.said.iter().filter(|(_, said)| !said.met && said.digest != GONE);
        let gone = gone.map(|(row, _)| (row, RowFault::Removed));
        let twice = self.ambiguous.iter().filter(|(row, change)| self.accepted.get(row).is_none_or(|it| it <= change));
        suspects.chain(gone).chain(twice.map(|(row, _)| (row, RowFault::Ambiguous)))
    }

    /// Says how a row differs, and how often it was changed by what the log says; `None`: it does not differ.
    pub(super) fn fault(&self, row: &RowName) -> Option<(RowFault, i64)> {
        let fault = self.differing().find(|(other, _)| *other == row)?.1;
        Some((fault, self.said.get(row).map_or(0, |said| said.changes)))
    }

    /// Returns the differences, at most the first hundred, and their number.
    pub(super) fn differences(&self) -> (Vec<RowDifference>, u64) {
        let mut all: Vec<_> = self.differing().collect();
        all.sort_by_key(|(row, _)| *row);
        all.dedup();
        let count = all.len() as u64;
        let told = all.into_iter().take(MOST_DIFFERENCES);
        let told =
            told.map(|(row, fault)| RowDifference { table: row.table, row: hex::encode(&row.key), fault }).collect();
        (told, count)
    }
}
