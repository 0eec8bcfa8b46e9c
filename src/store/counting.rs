//! Counts by day what a list would walk, so that a month is counted without reading its rows out of the database.

use super::error::Error;
use super::found::{EndingFilter, ending_rows};
use super::link::{Ask, Columns, FromCell, FromRow};
use super::open::Store;
use super::reports::{ISSUED, Period, REVOKED, within};
use super::walks::Bound;
use crate::cm::report::ReportKind;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

const MOST_COUNTED: u64 = ReportKind::MOST_COUNTED;

/// Counts what happened on one day (UTC) of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount<T> {
    pub day: Date,
    /// The template.
    pub of: T,
    pub number: u64,
}

impl<T: FromCell> FromRow for DayCount<T> {
    const TABLE: &'static str = "certificates";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let (day, of): (i64, T) = (columns.number()?, columns.take()?);
        let begins = OffsetDateTime::from_unix_timestamp(day.saturating_mul(86_400));
        let day = begins.map_err(|_| Error::Damaged { table: Self::TABLE, column: 0 })?.date();
        Ok(Self { day, of, number: columns.number()? })
    }
}

/// Writes the count of what an inner query finds, by the day of the moment `at` and the template `of`.
fn by_day<'a, T: FromCell>(bound: Bound<'a>, of: &str, found: &str) -> Ask<'a, Vec<DayCount<T>>> {
    let text = format!(
        "SELECT at / 86400000000 AS day, {of} AS template, count(*) FROM {found} GROUP BY day, template ORDER BY day, template"
    );
    bound.statement(text).asking()
}

/// Asks how many certificates have a moment of a column within a period; `at` is what is told of the moment.
fn certificates((column, at): (&str, &str), period: Period) -> Ask<'static, Vec<DayCount<String>>> {
    let mut bound = Bound::default();
    let rows = within(&mut bound, column, period, false);
    let found = format!(
        "(SELECT {at} AS at, template_common_name FROM certificates WHERE {rows} ORDER BY {column} LIMIT {MOST_COUNTED}) \
         AS found"
    );
    by_day(bound, "template_common_name", &found)
}

impl Store {
    /// Counts the certificates that were issued in a period, by the names of their templates, as
    /// [`Store::reported_issued`] walks them.
    pub async fn issued_by_day(&self, period: Period) -> Result<Vec<DayCount<String>>, Error> {
        self.ask(certificates(ISSUED, period)).await
    }

    /// Counts the certificates that were revoked in a period, likewise.
    pub async fn revoked_by_day(&self, period: Period) -> Result<Vec<DayCount<String>>, Error> {
        self.ask(certificates(REVOKED, period)).await
    }

    /// Counts the approvals or denials in a period, by the profile templates of their requests.
    pub async fn decisions_by_day(&self, period: Period, approved: bool) -> Result<Vec<DayCount<Uuid>>, Error> {
        let mut bound = Bound::default();
        let rows = within(&mut bound, "at", period, false);
        let said = bound.number(approved);
        let found = format!(
            "(SELECT at, request FROM approvals WHERE {rows} AND approved = ${said} ORDER BY at LIMIT {MOST_COUNTED}) \
             AS found JOIN requests ON requests.uuid = found.request"
        );
        self.ask(by_day(bound, "profile_template", &found)).await
    }

    /// Counts the certificates that [`Store::ending`] lists, by the profile templates of their cards; the filter's limit and
    /// page count for nothing.
    pub async fn ending_by_day(&self, filter: &EndingFilter<'_>) -> Result<Vec<DayCount<Uuid>>, Error> {
        let mut bound = Bound::default();
        let rows = ending_rows(&mut bound, &EndingFilter { beyond: None, ..filter.clone() })?;
        let found = format!(
            "(SELECT not_after AS at, smartcard FROM certificates WHERE {rows} ORDER BY not_after LIMIT {MOST_COUNTED}) \
             AS found JOIN smartcards ON smartcards.uuid = found.smartcard"
        );
        self.ask(by_day(bound, "profile_template", &found)).await
    }
}
