//! `queue` and `waiting`: requests as a table shows them, a page at a time, and how many wait for the caller.

use super::found::{Names, page};
use super::view;
use crate::cm::request::RequestStatus;
use crate::cm::review::{Queued, Waiting};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission::caller::Duty;
use crate::server::permission::{self, Act, WorkflowRoles};
use crate::server::workflow::overdue;
use crate::store::{ApprovalRecord, Part, QueueFilter, RequestRecord, WaitingFilter};
use crate::template::Workflow;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Lists the request types in which the caller has a part, by template.
fn parts(call: &Call<'_>, has: impl Fn(&Workflow, WorkflowRoles) -> bool) -> Vec<Part> {
    let part = |template: &Arc<crate::template::ProfileTemplate>| {
        let offered = template.workflows().iter().filter(|workflow| workflow.enabled);
        let types = offered.filter(|workflow| has(workflow, permission::workflow_roles(&call.caller, workflow)));
        let types: Vec<_> = types.map(|workflow| workflow.request_type).collect();
        (!types.is_empty()).then_some(Part { template: template.uuid, types })
    };
    call.app.templates.iter().filter_map(part).collect()
}

/// Lists the parts by which the caller sees requests of others; `None`: the caller sees all.
fn seen(call: &Call<'_>) -> Option<Vec<Part>> {
    let involved = |_: &Workflow, roles: WorkflowRoles| roles.approver || roles.agent;
    (!permission::has(&call.caller, Duty::SeeEverything)).then(|| parts(call, involved))
}

/// Answers `GET requests/waiting`.
pub async fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = WaitingFilter {
        user: call.caller.uuid,
        seen: seen(call),
        decided: parts(call, |_, roles| roles.approver),
        executed: parts(call, |workflow, roles| roles.agent && workflow.approver_may_execute),
        executed_of_others: parts(call, |workflow, roles| roles.agent && !workflow.approver_may_execute),
        most: Waiting::MOST,
    };
    let found = call.app.store.waiting(&filter).await?;
    let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).min(Waiting::MOST);
    Reply::json(&Waiting {
        waiting: bounded(found.seen.number),
        oldest: found.seen.oldest,
        to_decide: bounded(found.decided.number),
        oldest_to_decide: found.decided.oldest,
        to_execute: bounded(found.executed.number),
        newest: found.seen.newest,
    })
}

/// Answers `GET requests/queue`: a page of the requests that the caller may see. Its names and decisions are read at once.
pub async fn list(
    call: &Call<'_>,
    status: Option<RequestStatus>,
    smartcard: Option<Uuid>,
    (after, limit): (Option<Uuid>, Option<u32>),
) -> Result<Reply, ApiError> {
    let limit = page(limit).unwrap_or_default();
    let filter = QueueFilter { user: call.caller.uuid, parts: seen(call), status, smartcard, after, limit };
    let records = call.app.store.queue(&filter).await?;
    let mut names = Names::default();
    names.gather(call, records.iter().flat_map(|record| [record.originator, record.target])).await?;
    let of: Vec<_> = records.iter().map(|record| record.uuid).collect();
    let mut decisions: HashMap<Uuid, Vec<ApprovalRecord>> = HashMap::new();
    for decision in call.app.store.approvals_of(&of).await? {
        decisions.entry(decision.request).or_default().push(decision);
    }
    let mut queue = Vec::with_capacity(records.len());
    for record in records {
        let decisions = decisions.remove(&record.uuid).unwrap_or_default();
        queue.push(queued(call, &mut names, record, &decisions).await?);
    }
    Reply::list(queue)
}

async fn queued(
    call: &Call<'_>,
    names: &mut Names,
    record: RequestRecord,
    decisions: &[ApprovalRecord],
) -> Result<Queued, ApiError> {
    let template = call.app.templates.get(record.profile_template).map(Arc::as_ref);
    let workflow = permission::enabled(template, record.request_type);
    Ok(Queued {
        originator_name: names.of(call, record.originator).await?,
        target_name: names.of(call, record.target).await?,
        template_name: template.map(|template| template.name.clone()).unwrap_or_default(),
        approvals_needed: workflow.map_or(0, |workflow| workflow.approvals_needed),
        approvals_given: given(decisions),
        may_decide: may_decide(call, &record, workflow, decisions),
        ends: overdue::ends(&record, decisions, template),
        request: view::request_of(record, template),
    })
}

/// Says whether the caller may decide on a request, and has not yet.
pub fn may_decide(
    call: &Call<'_>,
    record: &RequestRecord,
    workflow: Option<&Workflow>,
    decisions: &[ApprovalRecord],
) -> bool {
    record.status == RequestStatus::Pending
        && !decisions.iter().any(|decision| decision.approver == call.caller.uuid)
        && permission::may(&call.caller, Act::Decide, permission::parties(record), workflow)
}

/// Counts the approvals among decisions.
pub fn given(decisions: &[ApprovalRecord]) -> u32 {
    u32::try_from(decisions.iter().filter(|decision| decision.approved).count()).unwrap_or(u32::MAX)
}
