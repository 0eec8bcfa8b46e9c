//! Facts about the database as a whole, by name.

use super::error::Error;
use super::link::{Ask, Columns, Record, sql};
use super::writer::Tx;

const TABLE: &str = "meta";

/// A fact's value.
pub(super) struct Fact(pub Vec<u8>);

impl Record for Fact {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

fn fact(name: &str) -> Ask<'_, Option<Fact>> {
    sql("SELECT value FROM meta WHERE name = $1").bind(name).asking()
}

impl Tx {
    /// Keeps a fact unless there is one of this name already, and gives what holds now.
    pub async fn first_said(&mut self, name: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        self.housekeeping();
        let insert = sql("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
        self.execute(TABLE, insert.bind(name).bind(value)).await?;
        self.ask(fact(name)).await?.map(|fact| fact.0).ok_or(Error::Damaged { table: TABLE, column: 0 })
    }
}
