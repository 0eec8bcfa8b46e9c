//! Keeps requests and the decisions on them.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::open::Store;
use super::record::{ApprovalRecord, LIST_LIMIT, RequestCount, RequestFilter, RequestRecord, RequestTerms};
use super::spelling::Spelled;
use super::walks::{Bound, check_width, newest};
use super::writer::Tx;
use crate::cm::data_item::DataItem;
use crate::cm::request::RequestStatus;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "requests";
const APPROVALS: &str = "approvals";
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uuid, request_type, status, originator, target, profile_template, template_version, priority, ",
            "comment, data, old_profile, new_profile, old_smartcard, new_smartcard, submitted, completed, ",
            "is_smartcard, is_enrollment_agent, loss_reason, revocation_reason, revocation_delay_hours, suspends ",
            "FROM requests ",
            $rest
        )
    };
}
pub(super) use select;

impl FromRow for RequestRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            request_type: columns.state()?,
            status: columns.state()?,
            originator: columns.take()?,
            target: columns.take()?,
            profile_template: columns.take()?,
            template_version: columns.number()?,
            priority: columns.number()?,
            comment: columns.take()?,
            data: items(columns.json()?),
            old_profile: columns.take()?,
            new_profile: columns.take()?,
            old_smartcard: columns.take()?,
            new_smartcard: columns.take()?,
            submitted: columns.time()?,
            completed: columns.optional_time()?,
            is_smartcard: columns.take()?,
            is_enrollment_agent: columns.take()?,
            terms: RequestTerms {
                loss_reason: columns.take()?,
                revocation_reason: columns.optional_number()?,
                revocation_delay_hours: columns.optional_number()?,
                suspends: columns.take()?,
            },
        })
    }
}

impl FromRow for ApprovalRecord {
    const TABLE: &'static str = APPROVALS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: columns.take()?,
            approver: columns.take()?,
            approved: columns.take()?,
            comment: columns.take()?,
            at: columns.time()?,
        })
    }
}

/// Reads data items from the pairs that the database keeps.
fn items(pairs: Vec<(String, Option<String>)>) -> Vec<DataItem> {
    pairs.into_iter().map(|(name, value)| DataItem { name, value }).collect()
}

/// Writes data items as JSON, an array of pairs that keeps their order.
fn data(items: &[DataItem]) -> String {
    let pairs: Vec<_> = items.iter().map(|item| (&item.name, &item.value)).collect();
    serde_json::json!(pairs).to_string()
}

pub(super) fn request(uuid: Uuid) -> Ask<'static, Option<RequestRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn requests(filter: &RequestFilter) -> Result<Ask<'static, Vec<RequestRecord>>, Error> {
    Ok(list(filter)?.asking())
}

/// Selects open requests with which nobody goes on.
#[derive(Clone, Copy, Debug)]
pub struct IdleFilter<'a> {
    /// The templates that are meant.
    pub templates: &'a [Uuid],
    /// All templates but these are meant.
    pub others: bool,
    /// They were asked for and last decided on no later.
    pub until: OffsetDateTime,
    /// Only requests that were made after this one; the next page starts after the last one shown.
    pub beyond: Option<Uuid>,
    pub limit: u32,
}

/// Asks for open requests with which nobody goes on, the oldest first.
fn idle_requests(filter: &IdleFilter<'_>) -> Result<Ask<'static, Vec<RequestRecord>>, Error> {
    check_width(filter.templates)?;
    let mut bound = Bound::default();
    let until = bound.number(filter.until);
    let templates: Vec<_> = filter.templates.iter().map(|template| format!("${}", bound.number(*template))).collect();
    let mut text = format!(
        "{} AND submitted <= ${until} AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.request = requests.uuid \
         AND approvals.at > ${until})",
        select!("WHERE status IN ('pending', 'approved', 'executing')")
    );
    if !templates.is_empty() {
        let not = if filter.others { "NOT " } else { "" };
        text += &format!(" AND profile_template {not}IN ({})", templates.join(", "));
    }
    if let Some(beyond) = filter.beyond {
        text += &format!(" AND seq > (SELECT seq FROM requests WHERE uuid = ${})", bound.number(beyond));
    }
    // The sign has SQLite sort what an index on the status finds, in the place of walking all requests in their order.
    text += &format!(" ORDER BY +seq LIMIT {}", filter.limit.min(LIST_LIMIT));
    Ok(bound.statement(text).asking())
}

impl Store {
    /// Lists open requests with which nobody goes on, the oldest first.
    pub async fn idle_requests(&self, filter: &IdleFilter<'_>) -> Result<Vec<RequestRecord>, Error> {
        self.ask(idle_requests(filter)?).await
    }

    /// Lists the decisions on some requests, at most [`LIST_LIMIT`] requests, the oldest of each first.
    pub async fn approvals_of(&self, requests: &[Uuid]) -> Result<Vec<ApprovalRecord>, Error> {
        match requests.is_empty() {
            true => Ok(Vec::new()),
            false => self.ask(approvals_of(requests)).await,
        }
    }
}

pub(super) fn approvals(request: Uuid) -> Ask<'static, Vec<ApprovalRecord>> {
    let statement = "SELECT request, approver, approved, comment, at FROM approvals WHERE request = $1 ORDER BY at";
    sql(statement).bind(request).asking()
}

/// Asks for the decisions on several requests, the oldest of each first.
fn approvals_of(requests: &[Uuid]) -> Ask<'static, Vec<ApprovalRecord>> {
    let mut bound = Bound::default();
    let list = bound.list(requests);
    let text =
        format!("SELECT request, approver, approved, comment, at FROM approvals WHERE request IN ({list}) ORDER BY at");
    bound.statement(text).asking()
}

/// Builds the statement of a list. Where a request may match in several ways (it is the person's own, or on a template
/// they approve), each way is a walk of its own.
fn list(filter: &RequestFilter) -> Result<Statement<'static>, Error> {
    let mut bound = Bound::default();
    let mut common = String::new();
    for (column, uuid) in [("target", filter.target), ("originator", filter.originator)] {
        if let Some(uuid) = uuid {
            common += &format!(" AND {column} = ${}", bound.number(uuid));
        }
    }
    for (what, uuid) in [("smartcard", filter.smartcard), ("profile", filter.profile)] {
        if let Some(uuid) = uuid {
            let number = bound.number(uuid);
            common += &format!(" AND (old_{what} = ${number} OR new_{what} = ${number})");
        }
    }
    // Concatenation keeps SQLite, which has no statistics, from walking all requests of the status instead of the few
    // that are somebody's.
    let somebodys = filter.target.or(filter.originator).or(filter.smartcard).or(filter.profile).is_some();
    let (mut of_few, mut of_all) = (String::new(), String::new());
    if let Some(status) = filter.status {
        let number = bound.number(status.word());
        of_few = format!(" AND status || '' = ${number}");
        of_all = if somebodys { of_few.clone() } else { format!(" AND status = ${number}") };
    }
    if filter.open {
        common += " AND status IN ('pending', 'approved', 'executing')";
    }
    if let Some(before) = filter.before {
        common += &format!(" AND seq < (SELECT seq FROM requests WHERE uuid = ${})", bound.number(before));
    }
    let limit = filter.limit.unwrap_or(LIST_LIMIT).min(LIST_LIMIT);
    let text = match &filter.visible_to {
        None => format!("{}{of_all}{common} ORDER BY seq DESC LIMIT {limit}", select!("WHERE 1 = 1")),
        Some(visible) => {
            check_width(&visible.templates)?;
            let user = bound.number(visible.user);
            let mut ways = vec![format!("target = ${user}{of_few}"), format!("originator = ${user}{of_few}")];
            for template in &visible.templates {
                ways.push(format!("profile_template = ${}{of_all}", bound.number(*template)));
            }
            let newest = newest("requests", &ways, &common, limit);
            format!("{} {newest} ORDER BY seq DESC", select!("WHERE seq IN"))
        }
    };
    Ok(bound.statement(text))
}

impl FromRow for RequestCount {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.number().map(Self)
    }
}

pub(super) fn pending_requests() -> Ask<'static, Option<RequestCount>> {
    sql("SELECT count(*) FROM requests WHERE status = 'pending'").asking()
}

impl Tx {
    /// Adds a request.
    pub async fn insert_request(&mut self, request: &RequestRecord) -> Result<(), Error> {
        let statement = sql(
            "INSERT INTO requests (uuid, request_type, status, originator, target, profile_template, template_version, \
             priority, comment, data, old_profile, new_profile, old_smartcard, new_smartcard, submitted, completed, \
             is_smartcard, is_enrollment_agent, loss_reason, revocation_reason, revocation_delay_hours, suspends) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        )
        .bind(request.uuid)
        .bind(request.request_type.word())
        .bind(request.status.word())
        .bind(request.originator)
        .bind(request.target)
        .bind(request.profile_template)
        .bind(request.template_version)
        .bind(request.priority)
        .bind(&request.comment)
        .bind(data(&request.data))
        .bind(request.old_profile)
        .bind(request.new_profile)
        .bind(request.old_smartcard)
        .bind(request.new_smartcard)
        .bind(request.submitted)
        .bind(request.completed)
        .bind(request.is_smartcard)
        .bind(request.is_enrollment_agent)
        .bind(request.terms.loss_reason.as_ref())
        .bind(request.terms.revocation_reason)
        .bind(request.terms.revocation_delay_hours)
        .bind(request.terms.suspends);
        self.send(TABLE, statement).await
    }

    /// Writes what may change during a request's life (status, cards, profiles, completed, comment, data, priority), if
    /// its status is still `expected`; [`Error::Changed`] otherwise.
    pub async fn update_request(&mut self, request: &RequestRecord, expected: RequestStatus) -> Result<(), Error> {
        let statement =
            sql("UPDATE requests SET status = $3, priority = $4, comment = $5, data = $6, old_profile = $7, \
             new_profile = $8, old_smartcard = $9, new_smartcard = $10, completed = $11 \
             WHERE uuid = $1 AND status = $2")
            .bind(request.uuid)
            .bind(expected.word())
            .bind(request.status.word())
            .bind(request.priority)
            .bind(&request.comment)
            .bind(data(&request.data))
            .bind(request.old_profile)
            .bind(request.new_profile)
            .bind(request.old_smartcard)
            .bind(request.new_smartcard)
            .bind(request.completed);
        self.change(TABLE, request.uuid, expected.word(), statement).await
    }

    /// Adds a decision; [`Error::Duplicate`] when this approver has decided already.
    pub async fn insert_approval(&mut self, approval: &ApprovalRecord) -> Result<(), Error> {
        let statement =
            sql("INSERT INTO approvals (request, approver, approved, comment, at) VALUES ($1, $2, $3, $4, $5)")
                .bind(approval.request)
                .bind(approval.approver)
                .bind(approval.approved)
                .bind(&approval.comment)
                .bind(approval.at);
        self.execute(APPROVALS, statement).await.map(drop)
    }
}
