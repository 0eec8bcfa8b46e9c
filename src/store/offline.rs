//! Keeps the one challenge that an offline unblock was answered for.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::OfflineAnswerRecord;
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "offline_answers";

impl FromRow for OfflineAnswerRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: columns.take()?,
            smartcard: columns.take()?,
            challenge: columns.take()?,
            at: columns.time()?,
        })
    }
}

pub(super) fn offline_answer(request: Uuid) -> Ask<'static, Option<OfflineAnswerRecord>> {
    let statement = "SELECT request, smartcard, challenge, at FROM offline_answers WHERE request = $1";
    sql(statement).bind(request).asking()
}

impl Tx {
    /// Remembers the challenge that a request was answered for; [`Error::Duplicate`] when there is one already.
    pub async fn insert_offline_answer(&mut self, answer: &OfflineAnswerRecord) -> Result<(), Error> {
        let statement = sql("INSERT INTO offline_answers (request, smartcard, challenge, at) VALUES ($1, $2, $3, $4)")
            .bind(answer.request)
            .bind(answer.smartcard)
            .bind(&answer.challenge)
            .bind(answer.at);
        self.execute(TABLE, statement).await.map(drop)
    }
}
