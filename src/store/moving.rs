//! Moves all records from an SQLite file into an empty PostgreSQL database, and counts them on both sides.
//!
//! The file is only read, at one moment. What is written is one transaction: killed in between, the other database is as
//! empty as it was.

use super::error::Error;
use super::link::{Cell, Columns, FromRow, Value, sql};
use super::postgres::place::PostgresPlace;
use super::postgres::target::{Column, Target};
use super::sqlite::reader::Reader;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// Names tables in which a new database has rows.
const SEEDED: [&str; 4] = ["meta", "counters", "audit_chains", "crls"];
/// Stands in errors for whichever table is moved.
const MOVED: &str = "moved records";
/// Names the column with a row's place, which some tables have in a file alone.
const PLACE: &str = "seq";
/// Names the row that identifies a database.
const INSTANCE: &str = "instance";

/// Says what a database that records are to be moved to holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Empty,
    /// The same records, of an earlier try.
    Same,
    Others {
        table: String,
    },
}

/// Says how many rows of a table are on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    pub table: String,
    pub here: u64,
    pub there: u64,
}

/// Says why records were not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Store(#[from] Error),
    #[error("the table {table} has other columns in the file than in the other database")]
    Columns { table: String },
    #[error("the table {table} and others name each other in a circle")]
    Circle { table: String },
    #[error("the table {} has {} rows in the file and {} in the other database", .0.table, .0.here, .0.there)]
    Count(TableCount),
}

/// Returns the first table of a PostgreSQL database that holds records, after bringing its schema up to date.
pub async fn first_used(place: &PostgresPlace) -> Result<Option<String>, Error> {
    let to = Target::open(place).await?;
    first_full(&to, &to.tables().await?).await
}

/// Returns the first of these tables that holds records, but for what a new database has of itself.
async fn first_full(to: &Target, tables: &[String]) -> Result<Option<String>, Error> {
    for table in tables.iter().filter(|table| !SEEDED.contains(&table.as_str())) {
        if to.count(table).await? > 0 {
            return Ok(Some(table.clone()));
        }
    }
    Ok(None)
}

/// Holds both databases.
pub struct Moving {
    from: Reader,
    to: Target,
    /// In an order in which none names a row of a later one.
    tables: Vec<String>,
}

/// Holds a name of the schema.
struct Named(String);

impl FromRow for Named {
    const TABLE: &'static str = "the schema";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

struct Counted(u64);

impl FromRow for Counted {
    const TABLE: &'static str = "a table";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.number().map(Self)
    }
}

/// Holds the cells of any row; the first is its place.
struct AnyRow(Vec<Kept>);

enum Kept {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl FromRow for AnyRow {
    const TABLE: &'static str = "a table";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let row = columns.row();
        let cells = (0..).map_while(|column| row.cell(column)).map(|cell| match cell {
            Cell::Null => Kept::Null,
            Cell::Integer(number) => Kept::Integer(number),
            Cell::Bool(truth) => Kept::Integer(truth.into()),
            Cell::Text(text) => Kept::Text(text.to_owned()),
            Cell::Bytes(bytes) => Kept::Bytes(bytes.to_vec()),
        });
        Ok(Self(cells.collect()))
    }
}

impl Moving {
    /// Opens both databases; the file must be of this release's version.
    pub async fn open(from: &Path, to: &PostgresPlace) -> Result<Self, MoveError> {
        let (from, to) = (Reader::open(from)?, Target::open(to).await?);
        let all = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let all: Vec<Named> = from.ask(sql(all).asking())?;
        let mut open: Vec<String> = all.into_iter().map(|Named(name)| name).collect();
        let mut tables: Vec<String> = Vec::with_capacity(open.len());
        while let Some(first) = open.first().cloned() {
            let (mut later, before) = (Vec::new(), tables.len());
            for table in std::mem::take(&mut open) {
                let names = format!("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list('{table}')");
                let names: Vec<Named> = from.ask(sql(names).asking())?;
                let is_there = |Named(other): &Named| *other == table || tables.contains(other);
                if names.iter().all(is_there) { tables.push(table) } else { later.push(table) }
            }
            if tables.len() == before {
                return Err(MoveError::Circle { table: first });
            }
            open = later;
        }
        Ok(Self { from, to, tables })
    }

    /// Says what the other database holds.
    pub async fn standing(&self) -> Result<Standing, MoveError> {
        let Some(table) = first_full(&self.to, &self.tables).await? else { return Ok(Standing::Empty) };
        let instance: Vec<AnyRow> =
            self.from.ask(sql("SELECT value FROM meta WHERE name = $1").bind(INSTANCE).asking())?;
        let instance = instance.into_iter().next().and_then(|row| match row.0.into_iter().next() {
            Some(Kept::Bytes(bytes)) => Some(bytes),
            _ => None,
        });
        let same = instance.is_some() && self.to.meta(INSTANCE).await? == instance;
        let counts = self.counts().await?;
        match same && counts.iter().all(|count| count.here == count.there) {
            true => Ok(Standing::Same),
            false => Ok(Standing::Others { table }),
        }
    }

    /// Copies all records; `done` is told of each table and how many of its rows were written.
    pub async fn copy(&self, done: &mut dyn FnMut(&str, u64)) -> Result<(), MoveError> {
        self.to.control("BEGIN").await?;
        // What a new database has of itself gives way to what is moved.
        for table in self.tables.iter().rev() {
            self.to.control(&format!("DELETE FROM {table}")).await?;
        }
        for table in &self.tables {
            let columns = self.columns(table).await?;
            let rows = self.copy_table(table, &columns, done).await?;
            for column in columns.iter().filter(|column| column.numbered) {
                self.to.number_on(table, &column.name).await?;
            }
            done(table, rows);
        }
        Ok(self.to.control("COMMIT").await?)
    }

    /// Counts the rows of each table on both sides.
    pub async fn counts(&self) -> Result<Vec<TableCount>, MoveError> {
        let mut counts = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let here: Vec<Counted> = self.from.ask(sql(format!("SELECT count(*) FROM {table}")).asking())?;
            let here = here.first().map_or(0, |counted| counted.0);
            counts.push(TableCount { table: table.clone(), here, there: self.to.count(table).await? });
        }
        Ok(counts)
    }

    /// Refuses where a table has not as many rows on both sides; returns the counts.
    pub async fn compared(&self) -> Result<Vec<TableCount>, MoveError> {
        let counts = self.counts().await?;
        match counts.iter().find(|count| count.here != count.there) {
            Some(differing) => Err(MoveError::Count(differing.clone())),
            None => Ok(counts),
        }
    }

    /// Lists the columns of a table of the other database, which must be those of the file.
    async fn columns(&self, table: &str) -> Result<Vec<Column>, MoveError> {
        let there = self.to.columns(table).await?;
        let here: Vec<Named> = self.from.ask(sql(format!("SELECT name FROM pragma_table_info('{table}')")).asking())?;
        let named: BTreeSet<&str> = here.iter().map(|Named(name)| name.as_str()).collect();
        let known: BTreeSet<&str> = there.iter().map(|column| column.name.as_str()).collect();
        // What numbers the rows of a file alone is nothing that they say.
        let left_out = named.difference(&known).all(|name| *name == PLACE);
        match left_out && known.is_subset(&named) && !known.is_empty() {
            true => Ok(there),
            false => Err(MoveError::Columns { table: table.to_owned() }),
        }
    }

    async fn copy_table(
        &self,
        table: &str,
        columns: &[Column],
        done: &mut dyn FnMut(&str, u64),
    ) -> Result<u64, MoveError> {
        let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let page = Target::page(columns.len());
        let (mut after, mut written) = (i64::MIN, 0);
        loop {
            let text = format!("SELECT rowid, {names} FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT {page}");
            let rows: Vec<AnyRow> = self.from.ask(sql(text).bind(after).asking())?;
            let Some(last) = rows.last() else { return Ok(written) };
            if let Some(Kept::Integer(place)) = last.0.first() {
                after = *place;
            }
            let mut values = Vec::with_capacity(rows.len() * columns.len());
            for AnyRow(cells) in &rows {
                for (place, (column, cell)) in columns.iter().zip(cells.iter().skip(1)).enumerate() {
                    values.push(value(column, cell).ok_or(Error::Damaged { table: MOVED, column: place })?);
                }
            }
            self.to.insert(table, columns, &values).await?;
            written += rows.len() as u64;
            done(table, written);
        }
    }
}

/// Returns a cell as the other database keeps it; `None` where it cannot.
fn value<'a>(column: &Column, cell: &'a Kept) -> Option<Value<'a>> {
    Some(match (cell, column.kind.as_str()) {
        (Kept::Null, _) => Value::Null,
        (Kept::Integer(number), "bool") => Value::Bool(*number != 0),
        (Kept::Integer(number), _) => Value::Integer(*number),
        (Kept::Text(text), _) => Value::from(text),
        (Kept::Bytes(bytes), "uuid") => Value::Uuid(Uuid::from_slice(bytes).ok()?),
        (Kept::Bytes(bytes), _) => Value::from(bytes),
    })
}
