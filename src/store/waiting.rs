//! Says what waits: requests in the order of a queue, a page at a time, and how many wait for somebody.

use super::error::Error;
use super::link::{Ask, Columns, FromRow};
use super::open::Store;
use super::record::{LIST_LIMIT, RequestRecord};
use super::requests::select;
use super::spelling::Spelled;
use super::walks::{Bound, check_width};
use crate::cm::request::{RequestStatus, RequestType};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the request types of one template in which somebody has a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub template: Uuid,
    /// At least one.
    pub types: Vec<RequestType>,
}

/// Selects a page of requests; every field that is given must match. Those that wait for a decision come in the order of
/// their priority, the newest of each first; of all others the newest come first.
#[derive(Clone, Debug)]
pub struct QueueFilter {
    pub user: Uuid,
    /// The user's own, and these; `None`: whoever they belong to.
    pub parts: Option<Vec<Part>>,
    pub status: Option<RequestStatus>,
    /// The old or the new card.
    pub smartcard: Option<Uuid>,
    /// Only what comes after this one, the last one of the page before.
    pub after: Option<Uuid>,
    /// More than [`LIST_LIMIT`]: that many.
    pub limit: u32,
}

/// Says in which requests of others somebody has a part; his own are in no count.
#[derive(Clone, Debug)]
pub struct WaitingFilter {
    pub user: Uuid,
    /// Whose decisions the user sees; `None`: everybody's.
    pub seen: Option<Vec<Part>>,
    /// What the user may decide.
    pub decided: Vec<Part>,
    /// What the user may carry out, whoever has approved it.
    pub executed: Vec<Part>,
    /// What the user may carry out where it was not himself who approved it.
    pub executed_of_others: Vec<Part>,
    /// Of each template so many are counted at most.
    pub most: u32,
}

/// Says how many requests wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingCount {
    pub number: u64,
    /// When the oldest was made.
    pub oldest: Option<OffsetDateTime>,
    /// The place of the newest among all requests: one that is made later has a greater one.
    pub newest: u64,
}

/// Says what waits for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingCounts {
    pub seen: WaitingCount,
    pub decided: WaitingCount,
    pub executed: WaitingCount,
}

/// Holds a count with the number of what was counted.
struct Counted(u8, WaitingCount);

impl FromRow for Counted {
    const TABLE: &'static str = "requests";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let kind = columns.number()?;
        let number = columns.number()?;
        let oldest = columns.optional_time()?;
        Ok(Self(kind, WaitingCount { number, oldest, newest: columns.optional_number()?.unwrap_or_default() }))
    }
}

/// Writes which requests are those of a part.
fn of_part(bound: &mut Bound<'_>, part: &Part) -> String {
    let template = bound.number(part.template);
    let types: Vec<_> = part.types.iter().map(|kind| kind.word()).collect();
    format!("profile_template = ${template} AND request_type IN ({})", bound.list(&types))
}

fn of_parts(bound: &mut Bound<'_>, parts: &[Part]) -> Result<Vec<String>, Error> {
    check_width(&parts.iter().map(|part| part.template).collect::<Vec<_>>())?;
    Ok(parts.iter().map(|part| of_part(bound, part)).collect())
}

/// Asks for a page. Each way in which a request may be seen is a walk of its own, as is each half of what comes after a
/// request: those of its priority, and those beyond.
fn queue(filter: &QueueFilter) -> Result<Ask<'static, Vec<RequestRecord>>, Error> {
    let mut bound = Bound::default();
    let pending = filter.status == Some(RequestStatus::Pending);
    // Written out, the word has both databases take the indexes of what is pending.
    let status = match filter.status {
        None => None,
        Some(RequestStatus::Pending) => Some("'pending'".to_owned()),
        Some(status) => Some(format!("${}", bound.number(status.word()))),
    };
    let of_all = status.as_ref().map(|status| format!(" AND status = {status}")).unwrap_or_default();
    // Concatenation keeps SQLite, which has no statistics, from walking all requests of the status.
    let of_few = status.as_ref().map(|status| format!(" AND status || '' = {status}")).unwrap_or_default();
    let seen = match &filter.parts {
        None => None,
        Some(parts) => {
            let user = bound.number(filter.user);
            let own = if pending { &of_all } else { &of_few };
            let own = ["target", "originator"].map(|party| (format!("{party} = ${user}"), own));
            let of_parts = of_parts(&mut bound, parts)?.into_iter().map(|part| (part, &of_all));
            Some(own.into_iter().chain(of_parts).collect::<Vec<_>>())
        }
    };
    let ways: Vec<String> = match (filter.smartcard, seen) {
        (None, None) => vec![format!("1 = 1{of_all}")],
        (None, Some(seen)) => seen.into_iter().map(|(way, status)| way + status).collect(),
        (Some(card), seen) => {
            let card = bound.number(card);
            let of_seen =
                |seen: Vec<(String, _)>| seen.into_iter().map(|(way, _)| way).collect::<Vec<_>>().join(" OR ");
            let seen = seen.map(|seen| format!(" AND ({})", of_seen(seen))).unwrap_or_default();
            ["old", "new"].map(|which| format!("{which}_smartcard = ${card}{seen}{of_few}")).into()
        }
    };
    let of_last = |column: &str, last: usize| format!("(SELECT {column} FROM requests WHERE uuid = ${last})");
    let rest = match filter.after.map(|after| bound.number(after)) {
        None => vec![String::new()],
        Some(last) if pending => vec![
            format!(" AND priority = {} AND seq < {}", of_last("priority", last), of_last("seq", last)),
            format!(" AND priority > {}", of_last("priority", last)),
        ],
        Some(last) => vec![format!(" AND seq < {}", of_last("seq", last))],
    };
    let order = if pending { "priority, seq DESC" } else { "seq DESC" };
    let limit = filter.limit.min(LIST_LIMIT);
    let walks = ways.iter().flat_map(|way| rest.iter().map(move |rest| format!("{way}{rest}"))).enumerate();
    let walks = walks.map(|(i, rows)| {
        format!(
            "SELECT priority, seq FROM (SELECT priority, seq FROM requests WHERE {rows} ORDER BY {order} LIMIT {limit}) \
             AS walk{i}"
        )
    });
    let walks = walks.collect::<Vec<_>>().join(" UNION ");
    Ok(bound
        .statement(format!(
            "{} (SELECT seq FROM ({walks}) AS walks ORDER BY {order} LIMIT {limit}) ORDER BY {order}",
            select!("WHERE seq IN")
        ))
        .asking())
}

/// Writes a count of what is in one of several ways, none of which finds what another one does.
fn count(kind: u8, ways: &[String], (ordered, most): (&str, u32)) -> String {
    let walks = ways.iter().enumerate().map(|(i, way)| {
        format!(
            "SELECT submitted, seq FROM (SELECT submitted, seq FROM requests WHERE {way}{ordered} LIMIT {most}) AS way{i}"
        )
    });
    let walks = walks.collect::<Vec<_>>().join(" UNION ALL ");
    format!("SELECT CAST({kind} AS BIGINT), count(*), min(submitted), max(seq) FROM ({walks}) AS counted{kind}")
}

/// Asks for the counts: of what is seen, its newest, what may be decided, what may be carried out; `None`: there is nothing
/// to ask for.
fn waiting(filter: &WaitingFilter) -> Result<Option<Ask<'static, Vec<Counted>>>, Error> {
    let mut bound = Bound::default();
    let user = bound.number(filter.user);
    let others = format!("status = 'pending' AND originator <> ${user} AND target <> ${user}");
    let seen = match &filter.seen {
        None => vec![others.clone()],
        Some(parts) => of_parts(&mut bound, parts)?.iter().map(|part| format!("{part} AND {others}")).collect(),
    };
    let said = |what: &str| {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.request = requests.uuid AND approver = ${user}{what})"
        )
    };
    let decided = of_parts(&mut bound, &filter.decided)?;
    let decided: Vec<_> = decided.iter().map(|part| format!("{part} AND {others} {}", said(""))).collect();
    let mut executed = Vec::new();
    for (parts, more) in [(&filter.executed, String::new()), (&filter.executed_of_others, said(" AND approved = TRUE"))]
    {
        let parts = of_parts(&mut bound, parts)?.into_iter();
        executed.extend(parts.map(|part| format!("{part} AND status = 'approved' AND target <> ${user} {more}")));
    }
    let (oldest, newest, any) = ((" ORDER BY seq", filter.most), (" ORDER BY seq DESC", 1), ("", filter.most));
    let counts = [(0, &seen, oldest), (1, &seen, newest), (2, &decided, oldest), (3, &executed, any)];
    let counts = counts.iter().filter(|(_, ways, _)| !ways.is_empty());
    let counts: Vec<_> = counts.map(|(kind, ways, walk)| count(*kind, ways, *walk)).collect();
    Ok((!counts.is_empty()).then(|| bound.statement(counts.join(" UNION ALL ")).asking()))
}

impl Store {
    /// Lists a page of requests.
    pub async fn queue(&self, filter: &QueueFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(queue(filter)?).await
    }

    /// Counts what waits for somebody.
    pub async fn waiting(&self, filter: &WaitingFilter) -> Result<WaitingCounts, Error> {
        let Some(ask) = waiting(filter)? else { return Ok(WaitingCounts::default()) };
        let mut counts = WaitingCounts::default();
        for Counted(kind, count) in self.ask(ask).await? {
            match kind {
                0 => (counts.seen.number, counts.seen.oldest) = (count.number, count.oldest),
                1 => counts.seen.newest = count.newest,
                2 => counts.decided = count,
                _ => counts.executed = count,
            }
        }
        Ok(counts)
    }
}
