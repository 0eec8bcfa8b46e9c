//! Keeps facts about the database as a whole, by name.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::open::Store;
use super::record::LIST_LIMIT;
use super::writer::Tx;

const TABLE: &str = "meta";

/// Holds a fact's value.
pub(super) struct Fact(pub Vec<u8>);

impl FromRow for Fact {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

fn fact(name: &str) -> Ask<'_, Option<Fact>> {
    sql("SELECT value FROM meta WHERE name = $1").bind(name).asking()
}

/// Holds a fact's name and value.
pub(super) struct NamedFact(pub String, pub Vec<u8>);

impl FromRow for NamedFact {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self(columns.take()?, columns.take()?))
    }
}

impl Store {
    /// Lists the facts whose names begin with `start`, by name, at most [`LIST_LIMIT`].
    pub async fn facts(&self, start: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let ask = sql("SELECT name, value FROM meta WHERE substr(name, 1, $2) = $1 ORDER BY name LIMIT $3");
        let length = u32::try_from(start.chars().count()).unwrap_or(u32::MAX);
        let found: Vec<NamedFact> = self.ask(ask.bind(start).bind(length).bind(LIST_LIMIT).asking()).await?;
        Ok(found.into_iter().map(|NamedFact(name, value)| (name, value)).collect())
    }
}

impl Tx {
    /// Replaces the value of a fact, which the caller has read in this job by [`Tx::first_said`].
    pub async fn say_instead(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        let update = sql("UPDATE meta SET value = $2 WHERE name = $1");
        self.execute(TABLE, update.bind(name).bind(value)).await.map(drop)
    }

    /// Keeps a fact unless there is one of this name; returns the value that is kept.
    pub async fn first_said(&mut self, name: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        self.housekeeping();
        let insert = sql("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
        self.execute(TABLE, insert.bind(name).bind(value)).await?;
        self.ask(fact(name)).await?.map(|fact| fact.0).ok_or(Error::Damaged { table: TABLE, column: 0 })
    }
}
