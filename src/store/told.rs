//! Keeps how far the log of acts, the ends of certificates and failures were told of.

use super::certificates::select as select_certificates;
use super::error::Error;
use super::link::{Columns, FromRow, sql};
use super::open::Store;
use super::record::{CertificateRecord, LIST_LIMIT};
use super::writer::Tx;
use time::OffsetDateTime;

const TOLD: &str = "told";
/// Spells "TELL": the lock under which one server at a time finds out what is to be told.
const TELLING: i64 = 0x5445_4c4c;

struct Mark(i64);

struct NamedMark(String, i64);

impl FromRow for Mark {
    const TABLE: &'static str = TOLD;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

impl FromRow for NamedMark {
    const TABLE: &'static str = TOLD;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self(columns.take()?, columns.take()?))
    }
}

impl Store {
    /// Lists certificates that end after one time and until another, on cards or on none, neither revoked nor superseded, the
    /// first to end first.
    pub async fn ends_between(
        &self,
        on_card: bool,
        after: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, Error> {
        // Each has an index of its own.
        let statement = if on_card {
            select_certificates!(
                "WHERE revoked_at IS NULL AND superseded = FALSE AND smartcard IS NOT NULL \
                                  AND not_after > $1 AND not_after <= $2 ORDER BY not_after LIMIT $3"
            )
        } else {
            select_certificates!(
                "WHERE revoked_at IS NULL AND superseded = FALSE AND smartcard IS NULL \
                                  AND not_after > $1 AND not_after <= $2 ORDER BY not_after LIMIT $3"
            )
        };
        self.ask(sql(statement).bind(after).bind(until).bind(limit.min(LIST_LIMIT)).asking()).await
    }

    /// Returns how far something was told.
    pub async fn told_until(&self, name: &str) -> Result<Option<i64>, Error> {
        let mark: Option<Mark> = self.ask(sql("SELECT mark FROM told WHERE name = $1").bind(name).asking()).await?;
        Ok(mark.map(|mark| mark.0))
    }

    /// Lists how far was told of what has a name that begins like this, at most [`LIST_LIMIT`].
    pub async fn told_of(&self, start: &str) -> Result<Vec<(String, i64)>, Error> {
        let length = u32::try_from(start.chars().count()).unwrap_or(u32::MAX);
        let ask = sql("SELECT name, mark FROM told WHERE substr(name, 1, $2) = $1 ORDER BY name LIMIT $3");
        let found: Vec<NamedMark> = self.ask(ask.bind(start).bind(length).bind(LIST_LIMIT).asking()).await?;
        Ok(found.into_iter().map(|NamedMark(name, mark)| (name, mark)).collect())
    }
}

impl Tx {
    /// Has other servers wait that want to find out what is to be told.
    pub async fn lock_telling(&mut self) -> Result<(), Error> {
        self.housekeeping();
        self.lock(TELLING).await
    }

    /// Returns how far something was told.
    pub async fn told(&mut self, name: &str) -> Result<Option<i64>, Error> {
        let mark: Option<Mark> = self.ask(sql("SELECT mark FROM told WHERE name = $1").bind(name).asking()).await?;
        Ok(mark.map(|mark| mark.0))
    }

    /// Notes how far something was told.
    pub async fn tell_until(&mut self, name: &str, mark: i64) -> Result<(), Error> {
        self.housekeeping();
        let statement = "INSERT INTO told (name, mark) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET mark = $2";
        self.execute(TOLD, sql(statement).bind(name).bind(mark)).await.map(drop)
    }

    /// Forgets the marks of a name that begins like this which are before another.
    pub async fn untell_before(&mut self, start: &str, mark: i64) -> Result<(), Error> {
        self.housekeeping();
        let length = u32::try_from(start.chars().count()).unwrap_or(u32::MAX);
        let statement = sql("DELETE FROM told WHERE substr(name, 1, $2) = $1 AND mark < $3");
        self.execute(TOLD, statement.bind(start).bind(length).bind(mark)).await.map(drop)
    }

    /// Forgets how far something was told.
    pub async fn untell(&mut self, name: &str) -> Result<(), Error> {
        self.housekeeping();
        self.execute(TOLD, sql("DELETE FROM told WHERE name = $1").bind(name)).await.map(drop)
    }
}
