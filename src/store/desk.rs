//! Keeps the signed results of desk runs; an act has the digest of each.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "desk_results";

/// Describes signed results of a desk run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRecord {
    pub uuid: Uuid,
    /// Who has handed them in.
    pub author: Uuid,
    /// As it was signed.
    pub document: String,
    /// CMS, DER.
    pub signature: Vec<u8>,
    /// Chain and number of the act; `None`: not known.
    pub act: Option<(i64, i64)>,
}

impl FromRow for DeskRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let (uuid, author, document) = (columns.take()?, columns.take()?, columns.take()?);
        let (signature, chain, number): (_, Option<i64>, Option<i64>) =
            (columns.take()?, columns.take()?, columns.take()?);
        Ok(Self { uuid, author, document, signature, act: chain.zip(number) })
    }
}

pub(super) fn desk_results(uuid: Uuid) -> Ask<'static, Option<DeskRecord>> {
    sql("SELECT uuid, author, document, signature, chain, number FROM desk_results WHERE uuid = $1").bind(uuid).asking()
}

impl Tx {
    /// Adds signed results.
    pub async fn insert_desk_results(&mut self, record: &DeskRecord) -> Result<(), Error> {
        let statement = "INSERT INTO desk_results (uuid, author, document, signature) VALUES ($1, $2, $3, $4)";
        let statement = sql(statement).bind(record.uuid).bind(record.author).bind(&record.document);
        self.execute(TABLE, statement.bind(&record.signature)).await.map(drop)
    }

    /// Notes where the act stands that has their digest, which the log itself says.
    pub async fn note_desk_act(&mut self, uuid: Uuid, (chain, number): (i64, i64)) -> Result<(), Error> {
        self.housekeeping();
        let statement = sql("UPDATE desk_results SET chain = $2, number = $3 WHERE uuid = $1");
        self.execute(TABLE, statement.bind(uuid).bind(chain).bind(number)).await.map(drop)
    }
}
