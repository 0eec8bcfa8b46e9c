//! Keeps the revocation lists as they are served, and reads what they are made from.

use super::certificates::TABLE as CERTIFICATES;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::Revocation;
use super::spelling::Spelled;
use super::versions::COUNTERS;
use super::writer::Tx;
use time::OffsetDateTime;

const TABLE: &str = "crls";

/// Bounds the revocations of one page.
pub const PAGE: u32 = 5000;

/// Names the complete list, and the list of what has changed since one (RFC 5280, 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    Base,
    Delta,
}

impl Spelled for ListKind {
    fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Delta => "delta",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Base, Self::Delta].into_iter().find(|kind| kind.word() == word)
    }
}

/// Describes a list, without its bytes; number 0: none was made yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRecord {
    pub kind: ListKind,
    pub number: u64,
    /// The number of the complete list that a delta goes with; 0 on a complete list.
    pub base: u64,
    pub this_update: OffsetDateTime,
    pub next_update: OffsetDateTime,
    /// The count of revocations when the list was begun.
    pub revocations: u64,
    /// When the next revocation that was put off comes due.
    pub next_due: Option<OffsetDateTime>,
}

/// Holds one entry of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCertificate {
    /// The next page begins after it.
    pub seq: i64,
    pub serial: Vec<u8>,
    /// On a page of released certificates: when it was released; the reason is 0.
    pub revocation: Revocation,
}

impl FromRow for ListRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            kind: columns.state()?,
            number: columns.number()?,
            base: columns.number()?,
            this_update: columns.time()?,
            next_update: columns.time()?,
            revocations: columns.number()?,
            next_due: columns.optional_time()?,
        })
    }
}

impl FromRow for ListedCertificate {
    const TABLE: &'static str = CERTIFICATES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let (seq, serial, at) = (columns.take()?, columns.take()?, columns.time()?);
        Ok(Self { seq, serial, revocation: Revocation { at, reason: columns.number()? } })
    }
}

/// Holds a list's number and bytes.
pub(super) struct ListBytes(pub u64, pub Vec<u8>);

impl FromRow for ListBytes {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self(columns.number()?, columns.take()?))
    }
}

pub(super) struct Count(pub u64);

impl FromRow for Count {
    const TABLE: &'static str = COUNTERS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.number().map(Self)
    }
}

pub(super) struct Due(pub Option<OffsetDateTime>);

impl FromRow for Due {
    const TABLE: &'static str = CERTIFICATES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.optional_time().map(Self)
    }
}

pub(super) fn list(kind: ListKind) -> Ask<'static, Option<ListRecord>> {
    let statement =
        "SELECT kind, number, base, this_update, next_update, revocations, next_due FROM crls WHERE kind = $1";
    sql(statement).bind(kind.word()).asking()
}

pub(super) fn list_bytes(kind: ListKind) -> Ask<'static, Option<ListBytes>> {
    sql("SELECT number, der FROM crls WHERE kind = $1 AND number > 0").bind(kind.word()).asking()
}

pub(super) fn revocations() -> Ask<'static, Option<Count>> {
    sql("SELECT value FROM counters WHERE name = 'revocations'").asking()
}

pub(super) fn next_due(after: OffsetDateTime) -> Ask<'static, Option<Due>> {
    sql("SELECT min(revoked_at) FROM certificates WHERE revoked_at > $1").bind(after).asking()
}

/// Asks for a page of revoked certificates; those of a CA elsewhere are left out, as they are on that CA's lists.
pub(super) fn revoked_page(
    after: i64,
    valid_after: OffsetDateTime,
    since: OffsetDateTime,
    due: OffsetDateTime,
) -> Ask<'static, Vec<ListedCertificate>> {
    let statement = "SELECT seq, serial, revoked_at, revocation_reason FROM certificates \
                     WHERE revoked_at IS NOT NULL AND seq > $1 AND not_after > $2 AND revoked_at > $3 \
                     AND revoked_at <= $4 AND NOT EXISTS \
                     (SELECT 1 FROM upstream_orders WHERE upstream_orders.serial = certificates.serial) \
                     ORDER BY seq LIMIT $5";
    sql(statement).bind(after).bind(valid_after).bind(since).bind(due).bind(PAGE).asking()
}

pub(super) fn released_page(
    after: i64,
    valid_after: OffsetDateTime,
    since: OffsetDateTime,
) -> Ask<'static, Vec<ListedCertificate>> {
    let statement = "SELECT seq, serial, hold_released, CAST(0 AS BIGINT) FROM certificates \
                     WHERE hold_released > $3 AND revoked_at IS NULL AND seq > $1 AND not_after > $2 AND NOT EXISTS \
                     (SELECT 1 FROM upstream_orders WHERE upstream_orders.serial = certificates.serial) \
                     ORDER BY seq LIMIT $4";
    sql(statement).bind(after).bind(valid_after).bind(since).bind(PAGE).asking()
}

impl Tx {
    /// Marks the lists as outdated if certificates were revoked, held or released; returns how many.
    pub(super) async fn outdate_lists_after(&mut self, changed: usize) -> Result<usize, Error> {
        if changed > 0 {
            self.outdate_lists().await?;
        }
        Ok(changed)
    }

    /// Marks the lists as outdated; every revocation and release does so by itself.
    pub async fn outdate_lists(&mut self) -> Result<(), Error> {
        self.move_versions();
        let statement = "UPDATE counters SET value = value + 1 WHERE name = 'revocations'";
        self.execute(COUNTERS, sql(statement)).await.map(drop)
    }

    /// Claims the making of a list until `until` and returns its number; `None` while another server makes it.
    pub async fn claim_list(
        &mut self,
        kind: ListKind,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<Option<u64>, Error> {
        self.housekeeping();
        let statement = "UPDATE crls SET claimed_until = $3 WHERE kind = $1 AND claimed_until <= $2";
        if self.execute(TABLE, sql(statement).bind(kind.word()).bind(now).bind(until)).await? == 0 {
            return Ok(None);
        }
        let number = self.next_crl_number().await?;
        let statement = "UPDATE crls SET claim = $2 WHERE kind = $1";
        self.execute(TABLE, sql(statement).bind(kind.word()).bind(number)).await?;
        Ok(Some(number))
    }

    /// Puts a list in place of the one before and ends the claim; false where the claim was lost meanwhile.
    pub async fn publish_list(&mut self, list: &ListRecord, der: &[u8]) -> Result<bool, Error> {
        let statement = sql("UPDATE crls SET number = $2, base = $3, this_update = $4, next_update = $5, \
                             revocations = $6, next_due = $7, der = $8, claimed_until = 0 \
                             WHERE kind = $1 AND claim = $2")
        .bind(list.kind.word())
        .bind(list.number)
        .bind(list.base)
        .bind(list.this_update)
        .bind(list.next_update)
        .bind(list.revocations)
        .bind(list.next_due)
        .bind(der);
        Ok(self.execute(TABLE, statement).await? > 0)
    }

    /// Ends a claim after a failure, so that nobody waits until it runs out.
    pub async fn drop_claim(&mut self, kind: ListKind, number: u64) -> Result<(), Error> {
        self.housekeeping();
        let statement = "UPDATE crls SET claimed_until = 0 WHERE kind = $1 AND claim = $2";
        self.execute(TABLE, sql(statement).bind(kind.word()).bind(number)).await.map(drop)
    }
}
