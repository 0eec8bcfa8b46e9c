//! Keeps that the old keys of requests were shown.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::PossessionRecord;
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "possessions";

impl FromRow for PossessionRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { request: columns.take()?, serial: columns.take()?, signature: columns.take()?, at: columns.time()? })
    }
}

pub(super) fn possession(request: Uuid) -> Ask<'static, Option<PossessionRecord>> {
    sql("SELECT request, serial, signature, at FROM possessions WHERE request = $1").bind(request).asking()
}

impl Tx {
    /// Keeps that a request's old key was shown; [`Error::Duplicate`] where that is kept already.
    pub async fn insert_possession(&mut self, shown: &PossessionRecord) -> Result<(), Error> {
        let statement = sql("INSERT INTO possessions (request, serial, signature, at) VALUES ($1, $2, $3, $4)")
            .bind(shown.request)
            .bind(&shown.serial)
            .bind(&shown.signature)
            .bind(shown.at);
        self.execute(TABLE, statement).await.map(drop)
    }
}
