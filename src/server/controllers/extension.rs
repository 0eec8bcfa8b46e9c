//! What MIM has no REST route for: who is who, and approvals.

use super::requests::shown;
use crate::cm::extension::{Decision, Myself, User};
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::server::app::Reply;
use crate::server::audit::Deed;
use crate::server::error::ApiError;
use crate::server::permission::{self, Act};
use crate::server::router::Call;
use crate::server::seen::SeenRequest;
use crate::store::{ApprovalRecord, RequestRecord, Tx};
use uuid::Uuid;

/// The caller.
pub fn whoami(call: &Call<'_>) -> Result<Reply, ApiError> {
    let caller = &call.caller;
    let duties: Vec<String> = permission::duties(caller).map(|duty| duty.name().to_owned()).collect();
    Reply::json(&Myself {
        uuid: caller.uuid,
        name: caller.name.clone(),
        groups: caller.groups.clone(),
        duties: Some(duties).filter(|duties| !duties.is_empty()),
    })
}

/// The user of this name: for oneself, and for whoever may ask for others in some template.
pub async fn find_user(call: &Call<'_>, name: &str) -> Result<Reply, ApiError> {
    let missing = ApiError::NotFound("user");
    let acts_for_others = call.app.templates.iter().flat_map(|template| template.workflows()).any(|workflow| {
        let standing = permission::standing(&call.caller, workflow);
        workflow.enabled && (standing.initiator || standing.agent || standing.approver)
    });
    if call.caller.name != name && !acts_for_others {
        return Err(missing);
    }
    let user = call.app.store.user_by_name(name).await?.ok_or(missing)?;
    Reply::json(&User { uuid: user.uuid, name: user.name, groups: user.groups })
}

/// Approves or denies a pending request; the last approval needed makes it approved, one denial ends it.
pub async fn decide(call: &Call<'_>, request: Uuid, approve: bool, body: Decision) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    request.allow(call, Act::Decide)?;
    let needed = request.workflow().map_or(0, |workflow| workflow.approvals_needed);
    let decision = ApprovalRecord {
        request: request.record.uuid,
        approver: call.caller.uuid,
        approved: approve,
        comment: body.comment,
        at: call.now,
    };
    let deed = if approve { Deed::RequestApproved } else { Deed::RequestDenied };
    let entry = call.entry(deed).on(&request.record).with("needed", needed);
    let job = async move |tx: &mut Tx| {
        let record = decided(tx, &decision, needed).await?;
        tx.audit(&entry.with("status", record.status)).await?;
        Ok::<_, ApiError>(record)
    };
    let record = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, approve, caller = call.caller.name, "decided");
    shown(SeenRequest { record, template: request.template })
}

async fn decided(tx: &mut Tx, decision: &ApprovalRecord, needed: u32) -> Result<RequestRecord, ApiError> {
    let mut request = tx.request(decision.request).await?.ok_or(ApiError::NotFound("request"))?;
    let before = request.status;
    let earlier = tx.approvals(decision.request).await?;
    if earlier.iter().any(|earlier| earlier.approver == decision.approver) {
        return Err(ApiError::AlreadyDecided);
    }
    let approved = earlier.iter().filter(|earlier| earlier.approved).count() + usize::from(decision.approved);
    let event = match decision.approved {
        false => RequestEvent::Deny,
        true if u32::try_from(approved).is_ok_and(|approved| approved < needed) => RequestEvent::Approve,
        true => RequestEvent::ApproveLast,
    };
    let next = request_after(before, event)?;
    tx.insert_approval(decision).await?;
    if next != before {
        request.status = next;
        tx.update_request(&request, before).await?;
    }
    Ok(request)
}
