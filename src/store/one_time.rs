//! Keeps what proves one-time passwords, and the outbox of those to be mailed.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::record::{MailRecord, OneTimeRecord};
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "one_time_passwords";
const OUTBOX: &str = "outbox";

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

impl FromRow for MailRecord {
    const TABLE: &'static str = OUTBOX;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: columns.take()?,
            part: columns.number()?,
            generation: columns.number()?,
            recipient: columns.take()?,
            attempts: columns.number()?,
            due: columns.time()?,
        })
    }
}

pub(super) fn one_time(request: Uuid) -> Ask<'static, Option<OneTimeRecord>> {
    let statement = "SELECT request, generation, tries_left, expires, first, second, proven FROM one_time_passwords \
                     WHERE request = $1";
    sql(statement).bind(request).asking()
}

pub(super) fn due_mail(now: OffsetDateTime) -> Ask<'static, Vec<MailRecord>> {
    let statement = "SELECT request, part, generation, recipient, attempts, due FROM outbox \
                     WHERE due <= $1 ORDER BY due LIMIT 16";
    sql(statement).bind(now).asking()
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
    /// Remembers what proves a request's one-time passwords, and forgets what was remembered before.
    pub async fn replace_one_time(&mut self, record: &OneTimeRecord) -> Result<(), Error> {
        self.execute(OUTBOX, sql("DELETE FROM outbox WHERE request = $1").bind(record.request)).await?;
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

    /// Adds a one-time password to those that are to be mailed.
    pub async fn insert_mail(&mut self, mail: &MailRecord) -> Result<(), Error> {
        let statement = sql("INSERT INTO outbox (request, part, generation, recipient, attempts, due) \
                             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(mail.request)
        .bind(mail.part)
        .bind(mail.generation)
        .bind(mail.recipient)
        .bind(mail.attempts)
        .bind(mail.due);
        self.execute(OUTBOX, statement).await.map(drop)
    }

    /// Counts an attempt to mail and notes when the next one is due.
    pub async fn attempt_mail(&mut self, mail: &MailRecord, next: OffsetDateTime) -> Result<(), Error> {
        let statement = sql("UPDATE outbox SET attempts = attempts + 1, due = $5 \
                             WHERE request = $1 AND part = $2 AND generation = $3 AND attempts = $4")
        .bind(mail.request)
        .bind(mail.part)
        .bind(mail.generation)
        .bind(mail.attempts)
        .bind(next);
        self.change(OUTBOX, mail.request, "the same attempt", statement).await
    }

    /// Removes a mail of this generation, because it was sent or given up.
    pub async fn delete_mail(&mut self, mail: &MailRecord) -> Result<(), Error> {
        let statement = sql("DELETE FROM outbox WHERE request = $1 AND part = $2 AND generation = $3")
            .bind(mail.request)
            .bind(mail.part)
            .bind(mail.generation);
        self.execute(OUTBOX, statement).await.map(drop)
    }
}
