//! Calls that MIM has no REST route for: who the caller is, who another user is, approvals.

use super::view;
use crate::cm::beyond_mim::{Decided, Decision, Myself, User};
use crate::cm::data_item::DataItem;
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::RequestStatus;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission::{self, Act};
use crate::server::requests::data_items::{self, Giver};
use crate::server::requests::one_time;
use crate::server::workflow::admit;
use crate::store::{ApprovalRecord, AuditEntry, RequestRecord, Tx};
use crate::template::{ProfileTemplate, Side, Workflow};
use uuid::Uuid;

/// Answers with the caller.
pub fn whoami(call: &Call<'_>) -> Result<Reply, ApiError> {
    let caller = &call.caller;
    let duties: Vec<String> = permission::duties(caller).map(|duty| duty.name().to_owned()).collect();
    let parts: Vec<String> = call.parts().into_iter().map(str::to_owned).collect();
    Reply::json(&Myself {
        uuid: caller.uuid,
        name: caller.name.clone(),
        groups: caller.groups.clone(),
        duties: Some(duties).filter(|duties| !duties.is_empty()),
        parts: Some(parts).filter(|parts| !parts.is_empty()),
    })
}

/// Answers with the user of this name, for himself and for whoever has a role for others in some template.
pub async fn find_user(call: &Call<'_>, name: &str) -> Result<Reply, ApiError> {
    let missing = ApiError::NotFound("user");
    if call.caller.name != name && !call.acts_for_others() {
        return Err(missing);
    }
    let user = call.app.store.user_by_name(name).await?.ok_or(missing)?;
    Reply::json(&User { uuid: user.uuid, name: user.name, groups: user.groups })
}

/// Approves or denies a pending request; the last approval that is needed makes it approved, one denial ends it.
pub async fn decide(call: &Call<'_>, request: Uuid, approve: bool, body: Decision) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    let workflow = request.workflow().ok_or(ApiError::NotOffered(request.record.request_type))?;
    request.check_act(call, Act::Decide)?;
    if workflow.require_comments && body.comment.trim().is_empty() {
        return Err(ApiError::CommentMissing);
    }
    if body.priority.is_some() && !workflow.collect_priority {
        return Err(ApiError::PriorityNotCollected);
    }
    let items = data_items::judged(workflow, body.data_collection, Giver::approving())?;
    let needed = workflow.approvals_needed;
    let policy = workflow.one_time_password.as_ref().filter(|_| approve);
    let made = policy.map(|policy| one_time::make(call, policy, false)).transpose()?;
    let (passwords, handed_over) = made.unzip();
    let decision = ApprovalRecord {
        request: request.record.uuid,
        approver: call.caller.uuid,
        approved: approve,
        comment: body.comment,
        at: call.now,
    };
    let entry = call.entry(Deed::RequestDenied).on(&request.record).with("needed", needed);
    let (template, shown_by) = (request.template.clone(), request.template.clone());
    let input = ApproverInput { items, priority: body.priority, seen: body.seen };
    let job = async move |tx: &mut Tx| {
        let template = template.as_deref();
        let (record, deed) = record_decision(tx, &decision, needed, input, template).await?;
        let entry = AuditEntry { act: deed.name(), ..entry };
        tx.audit(&entry.with("status", record.status).with("priority", record.priority)).await?;
        let lets_go = deed == Deed::RequestApproved && record.status == RequestStatus::Approved;
        if let Some(order) = passwords.filter(|_| lets_go) {
            one_time::remember(tx, &record, order, Some(decision.approver), decision.at).await?;
        }
        Ok::<_, ApiError>((record, lets_go))
    };
    let (record, lets_go) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, approve, caller = call.caller.name, "decided");
    call.app.outbox.wake();
    let passwords = handed_over.filter(|_| lets_go).unwrap_or_default();
    let request = view::request_of(record, shown_by.as_deref());
    Reply::json(&Decided { request, passwords })
}

/// Holds what an approver adds to a request.
struct ApproverInput {
    items: Vec<DataItem>,
    priority: Option<u8>,
    /// The data items that the approver has seen; `None`: the approver does not say.
    seen: Option<Vec<DataItem>>,
}

/// Refuses to approve before all data items are there that an approval must cover, and with items that earlier approvers
/// have not seen.
fn check_items(
    request: &RequestRecord,
    input: &ApproverInput,
    earlier: &[ApprovalRecord],
    workflow: Option<&Workflow>,
) -> Result<(), ApiError> {
    let Some(workflow) = workflow else { return Ok(()) };
    let other = data_items::not_covered(workflow, &input.items, &request.data);
    if let Some(item) = other.filter(|_| earlier.iter().any(|earlier| earlier.approved)) {
        return Err(ApiError::DataApproved(item.name.clone()));
    }
    let missing = data_items::missing_for_approval(workflow, &request.data);
    missing.map_or(Ok(()), |name| Err(ApiError::DataIncomplete(name.to_owned())))
}

/// Records a decision and what it makes of the request, and says what kind of act it was; nobody decides on a request
/// twice.
async fn record_decision(
    tx: &mut Tx,
    decision: &ApprovalRecord,
    needed: u32,
    input: ApproverInput,
    template: Option<&ProfileTemplate>,
) -> Result<(RequestRecord, Deed), ApiError> {
    let mut request = tx.request(decision.request).await?.ok_or(ApiError::NotFound("request"))?;
    let workflow = permission::enabled(template, request.request_type);
    let before = request.status;
    let earlier = tx.approvals(decision.request).await?;
    if earlier.iter().any(|earlier| earlier.approver == decision.approver) {
        return Err(ApiError::AlreadyDecided);
    }
    if input.seen.as_ref().is_some_and(|seen| *seen != request.data) {
        return Err(ApiError::DataChanged);
    }
    if decision.approved && is_in_place_of_old_key(&request, workflow) {
        tx.insert_approval(decision).await?;
        return Ok((request, Deed::OldKeyExcused));
    }
    let approved = earlier.iter().filter(|earlier| earlier.approved).count() + usize::from(decision.approved);
    let event = match decision.approved {
        false => RequestEvent::Deny,
        true if u32::try_from(approved).is_ok_and(|approved| approved < needed) => RequestEvent::Approve,
        true => RequestEvent::ApproveLast,
    };
    request.status = request_after(before, event)?;
    if let Some(template) = template.filter(|_| decision.approved) {
        admit::check_still(tx, &request, template).await?;
    }
    tx.insert_approval(decision).await?;
    if decision.approved {
        check_items(&request, &input, &earlier, workflow)?;
        data_items::merge(&mut request.data, input.items);
        request.priority = input.priority.unwrap_or(request.priority);
    }
    let missing = workflow.and_then(|workflow| data_items::missing(workflow, &request.data, Some(Side::Manager)));
    if let Some(name) = missing.filter(|_| decision.approved) {
        // Only a manager could give it, and a later one could not any more.
        return Err(ApiError::DataItem(name.to_owned()));
    }
    tx.update_request(&request, before).await?;
    Ok((request, if decision.approved { Deed::RequestApproved } else { Deed::RequestDenied }))
}

/// Says whether an approval counts that nobody waits for: the request is under way, and its old key is to be shown and
/// may be lost.
fn is_in_place_of_old_key(request: &RequestRecord, workflow: Option<&Workflow>) -> bool {
    let under_way = matches!(request.status, RequestStatus::Approved | RequestStatus::Executing);
    under_way && request.new_profile.is_none() && workflow.is_some_and(|workflow| workflow.passage.possession)
}
