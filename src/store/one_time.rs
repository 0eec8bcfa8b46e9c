//! Keeps what proves one-time passwords.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::record::OneTimeRecord;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "one_time_passwords";

impl FromRow for OneTimeRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: columns.take()?,
            generation: columns.number()?,
            tries_left: columns.number()?,
            expires: columns.optional_time()?,
            first: columns.take()?,
            second: columns.take()?,
            proven: columns.optional_time()?,
        })
    }
}

pub(super) fn one_time(request: Uuid) -> Ask<'static, Option<OneTimeRecord>> {
    let statement = "SELECT request, generation, tries_left, expires, first, second, proven FROM one_time_passwords \
                     WHERE request = $1";
    sql(statement).bind(request).asking()
}

/// Binds a record to a statement that takes all its columns.
fn bound<'a>(statement: &'static str, record: &'a OneTimeRecord) -> Statement<'a> {
    sql(statement)
        .bind(record.request)
        .bind(record.generation)
        .bind(record.tries_left)
        .bind(record.expires)
        .bind(record.first.as_ref())
        .bind(record.second.as_ref())
        .bind(record.proven)
}

impl Tx {
    /// Remembers what proves a request's one-time passwords, and forgets what was remembered before; what was still to
    /// be mailed is not.
    pub async fn replace_one_time(&mut self, record: &OneTimeRecord, at: OffsetDateTime) -> Result<(), Error> {
        self.discard_one_time(record.request, at).await?;
        self.execute(TABLE, sql("DELETE FROM one_time_passwords WHERE request = $1").bind(record.request)).await?;
        let statement = "INSERT INTO one_time_passwords \
                         (request, generation, tries_left, expires, first, second, proven) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7)";
        self.execute(TABLE, bound(statement, record)).await.map(drop)
    }

    /// Writes what was tried, made or proven within a generation; [`Error::Changed`] when that generation is over.
    pub async fn update_one_time(&mut self, record: &OneTimeRecord) -> Result<(), Error> {
        let statement = "UPDATE one_time_passwords SET tries_left = $3, expires = $4, first = $5, second = $6, \
                         proven = $7 WHERE request = $1 AND generation = $2";
        self.change(TABLE, record.request, "the same generation", bound(statement, record)).await
    }
}
