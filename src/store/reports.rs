//! Walks what happened in a period, the earliest first, by the moment at which it happened.

use super::audit_log::AuditRecord;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::open::Store;
use super::record::{ApprovalRecord, LIST_LIMIT};
use super::walks::{Bound, later};
use crate::cm::smartcard::SmartcardStatus;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds from when on, and before when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: OffsetDateTime,
    pub to: OffsetDateTime,
}

/// Counts the cards of one state and template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCount {
    pub status: SmartcardStatus,
    pub template: Uuid,
    pub cards: u64,
}

impl FromRow for CardCount {
    const TABLE: &'static str = "smartcards";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { status: columns.state()?, template: columns.take()?, cards: columns.number()? })
    }
}

/// Counts the cards of one version of a template in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionCount {
    pub version: u32,
    pub status: SmartcardStatus,
    pub cards: u64,
}

impl FromRow for VersionCount {
    const TABLE: &'static str = "smartcards";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { version: columns.number()?, status: columns.state()?, cards: columns.number()? })
    }
}

pub(super) fn version_counts(template: Uuid) -> Ask<'static, Vec<VersionCount>> {
    let statement = "SELECT template_version, status, count(*) FROM smartcards WHERE profile_template = $1 \
                     GROUP BY template_version, status ORDER BY template_version DESC, status LIMIT $2";
    sql(statement).bind(template).bind(LIST_LIMIT).asking()
}

pub(super) fn card_counts() -> Ask<'static, Vec<CardCount>> {
    let statement = "SELECT status, profile_template, count(*) FROM smartcards GROUP BY status, profile_template \
                     ORDER BY status, profile_template LIMIT $1";
    sql(statement).bind(LIST_LIMIT).asking()
}

/// Holds a moment, if there is one.
struct MomentFound(OffsetDateTime);

impl FromRow for MomentFound {
    const TABLE: &'static str = "requests";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.time().map(Self)
    }
}

/// Holds how many there are.
struct Number(u64);

impl FromRow for Number {
    const TABLE: &'static str = "certificates";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.number().map(Self)
    }
}

/// Describes a certificate that was issued or revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedCertificate {
    pub serial: Vec<u8>,
    pub request: Uuid,
    pub smartcard: Option<Uuid>,
    pub user: Uuid,
    pub template_common_name: String,
    /// When it was issued or revoked.
    pub at: OffsetDateTime,
    /// CRLReason (RFC 5280, 5.3.1).
    pub reason: Option<u8>,
}

impl FromRow for ReportedCertificate {
    const TABLE: &'static str = "certificates";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            serial: columns.take()?,
            request: columns.take()?,
            smartcard: columns.take()?,
            user: columns.take()?,
            template_common_name: columns.take()?,
            at: columns.time()?,
            reason: columns.optional_number()?,
        })
    }
}

/// Names the moment of a certificate's issue: the column, and what is told of it.
pub(super) const ISSUED: (&str, &str) = ("issued", "CASE WHEN issued = 0 THEN not_before ELSE issued END");
/// Names the moment of its revocation likewise.
pub(super) const REVOKED: (&str, &str) = ("revoked_at", "revoked_at");

/// Writes that a moment is within a period. Where the walk goes on after a row, SQLite is to begin at that row, not at the
/// beginning of the period: of two lower bounds it takes one.
pub(super) fn within(bound: &mut Bound<'_>, column: &str, period: Period, goes_on: bool) -> String {
    let (from, to) = (bound.number(period.from), bound.number(period.to));
    match goes_on {
        false => format!("{column} >= ${from} AND {column} < ${to}"),
        true => format!("NOT {column} < ${from} AND {column} < ${to}"),
    }
}

/// Writes the walk over certificates by the moments in a column; `at` is what is told of the moment.
fn certificates<'a>((column, at): (&str, &str), period: Period, after: Option<&'a [u8]>, limit: u32) -> Statement<'a> {
    let mut bound = Bound::default();
    let (mut rows, limit) = (within(&mut bound, column, period, after.is_some()), limit.min(LIST_LIMIT));
    if let Some(after) = after {
        let key = format!("serial = ${}", bound.number(after));
        rows = format!("seq IN {}", later("certificates", column, &rows, &key, limit));
    }
    let columns = "serial, request, smartcard, owner, template_common_name";
    // Without its table the column would be what is told of it, where PostgreSQL calls that by the same name.
    bound.statement(format!(
        "SELECT {columns}, {at}, revocation_reason FROM certificates WHERE {rows} ORDER BY certificates.{column}, seq \
         LIMIT {limit}"
    ))
}

impl Store {
    /// Returns since when the oldest request waits for a decision.
    pub async fn oldest_pending(&self) -> Result<Option<OffsetDateTime>, Error> {
        let statement = "SELECT submitted FROM requests WHERE status = 'pending' ORDER BY seq LIMIT 1";
        let found: Option<MomentFound> = self.ask(sql(statement).asking()).await?;
        Ok(found.map(|found| found.0))
    }

    /// Counts the certificates on cards, neither revoked nor superseded, that end within a period.
    pub async fn ending_within(&self, period: Period) -> Result<u64, Error> {
        let statement = "SELECT count(*) FROM certificates WHERE revoked_at IS NULL AND superseded = FALSE \
                         AND smartcard IS NOT NULL AND not_after >= $1 AND not_after < $2";
        let found: Option<Number> = self.ask(sql(statement).bind(period.from).bind(period.to).asking()).await?;
        Ok(found.map_or(0, |found| found.0))
    }

    /// Lists certificates that were issued in a period, after the one with a serial number. When one was issued that an
    /// earlier release has issued was not noted: it counts as of the beginning, and tells since when it is valid.
    pub async fn reported_issued(
        &self,
        period: Period,
        after: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<ReportedCertificate>, Error> {
        self.ask(certificates(ISSUED, period, after, limit).asking()).await
    }

    /// Lists certificates that were revoked in a period, after the one with a serial number; those that are held are among
    /// them.
    pub async fn reported_revoked(
        &self,
        period: Period,
        after: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<ReportedCertificate>, Error> {
        self.ask(certificates(REVOKED, period, after, limit).asking()).await
    }

    /// Lists decisions on requests in a period, after the one on a request by an approver.
    pub async fn reported_decisions(
        &self,
        period: Period,
        after: Option<(Uuid, Uuid)>,
        limit: u32,
    ) -> Result<Vec<ApprovalRecord>, Error> {
        let mut bound = Bound::default();
        let within = within(&mut bound, "at", period, after.is_some());
        let mut text = format!("SELECT request, approver, approved, comment, at FROM approvals WHERE {within}");
        if let Some((request, approver)) = after {
            let (request, approver) = (bound.number(request), bound.number(approver));
            text += &format!(
                " AND (at, request, approver) > (SELECT at, request, approver FROM approvals \
                 WHERE request = ${request} AND approver = ${approver})"
            );
        }
        text += &format!(" ORDER BY at, request, approver LIMIT {}", limit.min(LIST_LIMIT));
        self.ask(bound.statement(text).asking()).await
    }

    /// Lists the acts by which private keys have left the server, of all times, after the act of a chain with a number.
    pub async fn reported_keys_given(&self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<AuditRecord>, Error> {
        let mut bound = Bound::default();
        // A quotation mark within a value is escaped, so that nothing but an act's name reads so.
        let mut text = "SELECT chain, number, record, hash, mac FROM audit WHERE replace(replace(record, \
                        '\"act\":\"keys-given\"', ''), '\"act\":\"sealed-keys-given\"', '') <> record"
            .to_owned();
        if let Some((chain, number)) = after {
            let (chain, number) = (bound.number(chain), bound.number(number));
            text += &format!(" AND seq > (SELECT seq FROM audit WHERE chain = ${chain} AND number = ${number})");
        }
        text += &format!(" ORDER BY seq LIMIT {}", limit.min(LIST_LIMIT));
        self.ask(bound.statement(text).asking()).await
    }
}
