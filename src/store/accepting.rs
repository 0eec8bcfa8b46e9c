//! Accepts rows that somebody has written on purpose: from then on the log says of them what they are now, or that they
//! are gone.

use super::audit::AuditEntry;
use super::audit_source::AuditSource;
use super::audit_state::RowFault;
use super::error::Error;
use super::link::{Statement, sql};
use super::open::Store;
use super::watched::{GONE, RowName, RowState, WATCHED, Watched};
use super::writer::Tx;
use std::borrow::Cow;
use uuid::Uuid;

/// Says how a row differs from what the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingRow {
    pub row: RowName,
    pub fault: RowFault,
    /// How often it was changed by what the log says; 0: the log does not have it.
    pub(super) changes: i64,
}

impl Store {
    /// Says how each of these rows differs from what the log says; `None`: it does not. Reads the whole log.
    pub async fn differing(&self, rows: &[RowName]) -> Result<Vec<Option<DifferingRow>>, Error> {
        let state = AuditSource::store(self.clone()).state().await?;
        let find =
            |row: &RowName| state.fault(row).map(|(fault, changes)| DifferingRow { row: row.clone(), fault, changes });
        Ok(rows.iter().map(find).collect())
    }

    /// Adds an act that says of these rows that they are what they are now, whoever has written them.
    pub async fn accept_rows(&self, rows: Vec<DifferingRow>, entry: AuditEntry) -> Result<(), Error> {
        let job = async move |tx: &mut Tx| {
            for row in &rows {
                tx.accept_row(row).await?;
            }
            tx.audit(&entry).await
        };
        self.write(move |tx| Box::pin(async move { job(tx).await })).await
    }
}

impl Tx {
    /// Counts a change of a row that is newer than any the log knows; of a row that is gone, the log says that alone.
    async fn accept_row(&mut self, differing: &DifferingRow) -> Result<(), Error> {
        let DifferingRow { row, changes, .. } = differing;
        let watched = Watched::written_by(row.table).ok_or(Error::Damaged { table: row.table, column: 0 })?;
        if self.execute_counted(watched, counted(watched, row, *changes)?).await? == 0 {
            self.say_rows(vec![RowState { row: row.clone(), changes: changes + 1, digest: GONE }]);
        }
        Ok(())
    }
}

/// Returns the statement that has a row's count of changes pass both its own and the log's.
fn counted<'a>(watched: &Watched, row: &'a RowName, changes: i64) -> Result<Statement<'a>, Error> {
    let damaged = Error::Damaged { table: row.table, column: 0 };
    let names = watched.key.iter().zip(2..).map(|(column, number)| format!("{column} = ${number}"));
    let text = format!(
        "UPDATE {} SET changes = CASE WHEN changes > $1 THEN changes ELSE $1 END + 1 WHERE {} RETURNING {}",
        row.table,
        names.collect::<Vec<_>>().join(" AND "),
        watched.list()
    );
    let mut statement = sql(Cow::Owned(text)).bind(changes);
    if watched.key == ["serial"] {
        return Ok(statement.bind(&row.key));
    }
    let mut uuids = row.key.chunks(16).map(Uuid::from_slice);
    for _ in watched.key {
        match uuids.next() {
            Some(Ok(uuid)) => statement = statement.bind(uuid),
            _ => return Err(damaged),
        }
    }
    if uuids.next().is_none() { Ok(statement) } else { Err(damaged) }
}

/// Says that a text names no row of a table that the log vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no row: write it as `audit verify` does, TABLE/KEY")]
pub struct NoSuchRow(pub String);

impl std::str::FromStr for RowName {
    type Err = NoSuchRow;

    fn from_str(text: &str) -> Result<Self, NoSuchRow> {
        let none = || NoSuchRow(text.to_owned());
        let (table, key) = text.split_once('/').ok_or_else(none)?;
        let watched = WATCHED.iter().find(|watched| watched.table == table).ok_or_else(none)?;
        let row = Self { table: watched.table, key: hex::decode(key).map_err(|_| none())? };
        counted(watched, &row, 0).map_err(|_| none())?;
        Ok(row)
    }
}
