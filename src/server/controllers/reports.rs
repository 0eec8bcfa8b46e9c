//! Reports for auditors and administrators: cards by state, and what was issued, revoked, decided and recovered in a
//! period, each a walk by one index, page by page; and how many in which month, as the database counts them.

use super::found::{Names, ends_until, seen_by};
use crate::ca::RevocationReason;
use crate::cm::report::{Report, ReportKind, ReportRow};
use crate::cm::route::RouteError;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::ApiError;
use crate::server::permission;
use crate::store::{ApprovalRecord, AuditRecord, CardCount, EndingFilter, Period, ReportedCertificate};
use serde::Deserialize;
use std::collections::BTreeMap;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};
use uuid::Uuid;

/// Answers `GET reports/{report}`: what happened from `from` on, before `to` and before now; the earliest first.
pub async fn report(
    call: &Call<'_>,
    kind: ReportKind,
    (from, to): (Option<OffsetDateTime>, Option<OffsetDateTime>),
    after: Option<&str>,
    limit: Option<u32>,
) -> Result<Reply, ApiError> {
    if !permission::reads_audit(&call.caller) {
        return Err(ApiError::Forbidden("read reports"));
    }
    let most = u32::try_from(MAX_LIST).unwrap_or(u32::MAX);
    let to = to.unwrap_or(call.now).min(call.now);
    let period = Period { from: from.unwrap_or(OffsetDateTime::UNIX_EPOCH), to };
    let mut page = Page { call, names: Names::default(), period, limit: limit.unwrap_or(most).clamp(1, most) };
    let (rows, next) = match kind {
        ReportKind::Cards => (page.cards().await?, String::new()),
        ReportKind::Issued | ReportKind::Revoked => page.certificates(kind, after).await?,
        ReportKind::Decisions => page.decisions(after).await?,
        ReportKind::Recovered => page.keys_given(after).await?,
        ReportKind::IssuedByMonth | ReportKind::RevokedByMonth | ReportKind::DecisionsByMonth => {
            (page.by_month(kind).await?, String::new())
        }
    };
    Reply::json(&Report { as_of: call.now, from, to, rows, next })
}

/// Answers `GET cards/ending/months`: how many of the certificates that `GET cards/ending` lists end in which month.
pub async fn ending_by_month(call: &Call<'_>, days: u32) -> Result<Reply, ApiError> {
    let visible_to = seen_by(call);
    let until = ends_until(call, days);
    let filter = EndingFilter { visible_to: visible_to.as_ref(), after: call.now, until, beyond: None, limit: 0 };
    let mut months = Months::default();
    for count in call.app.store.ending_by_day(&filter).await? {
        months.add("", template_name(call, count.of), count.day, count.number);
    }
    Reply::json(&Report { as_of: call.now, from: Some(call.now), to: until, rows: months.rows(), next: String::new() })
}

fn template_name(call: &Call<'_>, template: Uuid) -> String {
    call.app.templates.get(template).map(|template| template.name.clone()).unwrap_or_default()
}

/// Adds up days to months: by the first day, the template, and what happened.
#[derive(Default)]
struct Months(BTreeMap<(Date, String, &'static str), u64>);

impl Months {
    fn add(&mut self, what: &'static str, template: String, day: Date, number: u64) {
        let first = day.replace_day(1).unwrap_or(day);
        *self.0.entry((first, template, what)).or_default() += number;
    }

    fn rows(self) -> Vec<ReportRow> {
        let row = |((first, template, what), count): ((Date, String, &str), u64)| ReportRow {
            at: Some(first.with_time(Time::MIDNIGHT).assume_utc()),
            what: what.to_owned(),
            template,
            count: Some(count),
            ..ReportRow::default()
        };
        self.0.into_iter().map(row).collect()
    }
}

/// Holds what a page is made of.
struct Page<'a> {
    call: &'a Call<'a>,
    names: Names,
    period: Period,
    limit: u32,
}

type Rows = (Vec<ReportRow>, String);

fn bad_cursor() -> ApiError {
    ApiError::Address(RouteError::BadParameter { name: "after", expected: "what the page before says of the next" })
}

impl Page<'_> {
    fn is_full(&self, rows: usize) -> bool {
        u32::try_from(rows).is_ok_and(|rows| rows >= self.limit)
    }

    fn template(&self, template: Uuid) -> String {
        self.call.app.templates.get(template).map_or_else(|| template.to_string(), |template| template.name.clone())
    }

    async fn cards(&self) -> Result<Vec<ReportRow>, ApiError> {
        let counts = self.call.app.store.card_counts().await?.into_iter();
        let row = |CardCount { status, template, cards }| ReportRow {
            what: status.name().to_owned(),
            template: self.template(template),
            count: Some(cards),
            ..ReportRow::default()
        };
        Ok(counts.map(row).collect())
    }

    async fn by_month(&self, kind: ReportKind) -> Result<Vec<ReportRow>, ApiError> {
        let (store, mut months) = (&self.call.app.store, Months::default());
        if kind == ReportKind::DecisionsByMonth {
            for (approved, what) in [(true, "Approved"), (false, "Denied")] {
                for count in store.decisions_by_day(self.period, approved).await? {
                    months.add(what, self.template(count.of), count.day, count.number);
                }
            }
            return Ok(months.rows());
        }
        let (counts, what) = match kind {
            ReportKind::RevokedByMonth => (store.revoked_by_day(self.period).await?, "Revoked"),
            _ => (store.issued_by_day(self.period).await?, "Issued"),
        };
        for count in counts {
            months.add(what, count.of, count.day, count.number);
        }
        Ok(months.rows())
    }

    async fn certificates(&mut self, kind: ReportKind, after: Option<&str>) -> Result<Rows, ApiError> {
        let after = after.map(|text| hex::decode(text).map_err(|_| bad_cursor())).transpose()?;
        let (store, after) = (&self.call.app.store, after.as_deref());
        let (found, what) = match kind {
            ReportKind::Revoked => (store.reported_revoked(self.period, after, self.limit).await?, "Revoked"),
            _ => (store.reported_issued(self.period, after, self.limit).await?, "Issued"),
        };
        let mut rows = Vec::with_capacity(found.len());
        for certificate in found {
            let ReportedCertificate { serial, request, smartcard, user, template_common_name, at, reason } =
                certificate;
            let why = reason.filter(|_| kind == ReportKind::Revoked).and_then(RevocationReason::from_number);
            rows.push(ReportRow {
                at: Some(at),
                what: what.to_owned(),
                request: Some(request),
                holder: self.names.of(self.call, user).await?,
                template: template_common_name,
                smartcard,
                serial: hex::encode_upper(serial),
                why: why.map(|reason| reason.name().to_owned()).unwrap_or_default(),
                ..ReportRow::default()
            });
        }
        let next = rows.last().filter(|_| self.is_full(rows.len())).map(|last| last.serial.clone());
        Ok((rows, next.unwrap_or_default()))
    }

    async fn decisions(&mut self, after: Option<&str>) -> Result<Rows, ApiError> {
        let pair = |text: &str| {
            let (request, approver) = text.split_once(':')?;
            Some((Uuid::parse_str(request).ok()?, Uuid::parse_str(approver).ok()?))
        };
        let after = after.map(|text| pair(text).ok_or_else(bad_cursor)).transpose()?;
        let decisions = self.call.app.store.reported_decisions(self.period, after, self.limit).await?;
        let last = decisions.last().filter(|_| self.is_full(decisions.len()));
        let next = last.map(|last| format!("{}:{}", last.request, last.approver)).unwrap_or_default();
        let mut rows = Vec::with_capacity(decisions.len());
        for ApprovalRecord { request, approver, approved, comment, at } in decisions {
            let about = self.call.app.store.request(request).await?;
            let (request_type, template, holder, smartcard) = match about {
                None => Default::default(),
                Some(about) => {
                    let holder = self.names.of(self.call, about.target).await?;
                    let card = about.new_smartcard.or(about.old_smartcard);
                    (about.request_type.to_string(), self.template(about.profile_template), holder, card)
                }
            };
            rows.push(ReportRow {
                at: Some(at),
                what: if approved { "Approved" } else { "Denied" }.to_owned(),
                request: Some(request),
                request_type,
                by: self.names.of(self.call, approver).await?,
                holder,
                template,
                smartcard,
                why: comment,
                ..ReportRow::default()
            });
        }
        Ok((rows, next))
    }

    async fn keys_given(&mut self, after: Option<&str>) -> Result<Rows, ApiError> {
        let pair = |text: &str| {
            let (chain, number) = text.split_once(':')?;
            Some((chain.parse::<i64>().ok()?, number.parse::<i64>().ok()?))
        };
        let after = after.map(|text| pair(text).ok_or_else(bad_cursor)).transpose()?;
        let acts = self.call.app.store.reported_keys_given(after, self.limit).await?;
        let last = acts.last().filter(|_| self.is_full(acts.len()));
        let next = last.map(|last| format!("{}:{}", last.chain, last.number)).unwrap_or_default();
        let mut rows = Vec::with_capacity(acts.len());
        for act in acts.iter().filter_map(Given::of) {
            let at = OffsetDateTime::parse(&act.at, &Rfc3339).ok();
            if at.is_none_or(|at| at < self.period.from || at >= self.period.to) {
                continue;
            }
            let holder = match act.user {
                Some(user) => self.names.of(self.call, user).await?,
                None => String::new(),
            };
            let serials = |kind: &str| act.evidence.get(kind).map(String::as_str).unwrap_or_default();
            let kinds = ["sealed", "recovered", "history", "made"];
            let counted = |kind: &str| (kind.to_owned(), serials(kind).split_whitespace().count());
            let told = kinds.map(counted).into_iter().filter(|(_, count)| *count > 0);
            let what = match (act.act == Deed::SealedKeysGiven.name(), serials("recovered"), serials("history")) {
                (true, ..) => "SealedToAgents",
                (false, "", "") => "MadeAndGiven",
                (false, ..) => "Recovered",
            };
            rows.push(ReportRow {
                at,
                what: what.to_owned(),
                request: act.request,
                by: act.actor_name.clone(),
                holder,
                smartcard: act.smartcard,
                serial: kinds.map(serials).into_iter().filter(|list| !list.is_empty()).collect::<Vec<_>>().join(" "),
                why: told.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", "),
                ..ReportRow::default()
            });
        }
        Ok((rows, next))
    }
}

/// Holds what an act of the log says of keys that were given.
#[derive(Deserialize)]
struct Given {
    at: String,
    act: String,
    actor_name: String,
    request: Option<Uuid>,
    smartcard: Option<Uuid>,
    user: Option<Uuid>,
    evidence: BTreeMap<String, String>,
}

impl Given {
    /// Reads an act; `None` for one that gives no keys, or that nobody can read: the check of the log tells of that.
    fn of(record: &AuditRecord) -> Option<Self> {
        let given: Self = serde_json::from_str(&record.record).ok()?;
        let names = [Deed::KeysGiven, Deed::SealedKeysGiven].map(Deed::name);
        names.contains(&given.act.as_str()).then_some(given)
    }
}
