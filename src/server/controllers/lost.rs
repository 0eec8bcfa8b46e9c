//! A card that is missing is reported, and a lent one is taken back.

use super::requests::offered;
use crate::cm::acts::{LOST, LossOutcome, LossReport, ReturnOutcome};
use crate::cm::holder_role::Role;
use crate::cm::request::{CreateRequest, CreateTerms, RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission::rules::Parties;
use crate::server::permission::{self, Act};
use crate::server::requests::{begin, close, data_items};
use crate::server::workflow::{lost, returned, revocation};
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord, Tx};
use crate::template::{LossReason, ProfileTemplate, Workflow};
use std::sync::Arc;
use uuid::Uuid;

/// Says how far the caller's right for a request type goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// The caller may make such a request and carry it out, and it waits for nothing.
    AtOnce,
    /// The caller may make one, which waits.
    ToAsk,
    None,
}

/// Finds out how far the caller's right for a request type goes, by the template.
fn right(call: &Call<'_>, template: &ProfileTemplate, request_type: RequestType, owner: Uuid) -> Right {
    let Some(workflow) = permission::enabled(Some(template), request_type) else { return Right::None };
    if !permission::may_initiate(&call.caller, workflow, owner) {
        return Right::None;
    }
    let parties = Parties { originator: call.caller.uuid, target: owner };
    let waits = workflow.approvals_needed > 0
        || workflow.one_time_password.is_some()
        || data_items::missing(workflow, &[], None).is_some();
    match !waits && permission::may(&call.caller, Act::Execute, parties, Some(workflow)) {
        true => Right::AtOnce,
        false => Right::ToAsk,
    }
}

/// Makes the record of a request about a card, which needs no approval; refuses one that lacks a comment which its policy
/// demands.
async fn record(
    call: &Call<'_>,
    card: Uuid,
    workflow: &Workflow,
    comment: &str,
    terms: CreateTerms,
) -> Result<RequestRecord, ApiError> {
    if workflow.require_comments && comment.trim().is_empty() {
        return Err(ApiError::CommentMissing);
    }
    let body = CreateRequest::of_card(workflow.request_type, Some(card), comment, terms);
    let subject = begin::subject(call, &body).await?;
    begin::record(call, body, &subject, workflow)
}

/// Makes the record of a request about a missing card, with the reason of the loss.
async fn for_loss(
    call: &Call<'_>,
    card: Uuid,
    workflow: &Workflow,
    comment: &str,
    reason: &LossReason,
) -> Result<RequestRecord, ApiError> {
    let terms = match workflow.request_type {
        RequestType::Reinstate => CreateTerms { effect: "suspend".into(), ..CreateTerms::default() },
        _ => CreateTerms { loss_reason: reason.name.clone(), ..CreateTerms::default() },
    };
    let mut record = record(call, card, workflow, comment, terms).await?;
    record.terms.loss_reason = Some(reason.name.clone());
    Ok(record)
}

/// Finds out what the caller may have done about the missing card, and what its template says of the reason. People may
/// always have their own card suspended, which harms nobody else; whoever may retire a card, may have it revoked.
async fn planned(
    call: &Call<'_>,
    card: &SmartcardRecord,
    template: &ProfileTemplate,
    report: &LossReport,
) -> Result<lost::Loss, ApiError> {
    let reason = if report.reason.trim().is_empty() { LOST } else { report.reason.trim() };
    let reason = revocation::known_reason(template, reason)?;
    let owner = card.assigned_user;
    let is_own = owner == call.caller.uuid;
    let revoke = right(call, template, RequestType::Revoke, owner);
    let may_end = revoke == Right::AtOnce || right(call, template, RequestType::Retire, owner) == Right::AtOnce;
    let mut loss = lost::Loss { smartcard: card.uuid, owner, at_once: None, waiting: None };
    if reason.revoke && may_end && permission::enabled(Some(template), RequestType::Revoke).is_some() {
        let workflow = offered(template, RequestType::Revoke)?;
        let request = for_loss(call, card.uuid, workflow, &report.comment, reason).await?;
        loss.at_once = Some(RequestRecord { status: RequestStatus::Approved, ..request });
        return Ok(loss);
    }
    let suspend = permission::enabled(Some(template), RequestType::Reinstate);
    let may_suspend = is_own || right(call, template, RequestType::Reinstate, owner) == Right::AtOnce;
    if let Some(workflow) = suspend.filter(|_| may_suspend) {
        let request = for_loss(call, card.uuid, workflow, &report.comment, reason).await?;
        loss.at_once = Some(RequestRecord { status: RequestStatus::Approved, ..request });
    }
    if reason.revoke && revoke == Right::ToAsk {
        let workflow = offered(template, RequestType::Revoke)?;
        let request = for_loss(call, card.uuid, workflow, &report.comment, reason).await?;
        loss.waiting = Some(request).filter(|request| request.status == RequestStatus::Pending);
    }
    if loss.at_once.is_none() && loss.waiting.is_none() {
        return Err(ApiError::Forbidden(
            "report this card as missing; its owner may, and whoever may suspend or revoke it",
        ));
    }
    Ok(loss)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Answers `POST smartcards/{id}/lost`.
pub async fn report(call: &Call<'_>, smartcard: Uuid, body: LossReport) -> Result<Reply, ApiError> {
    body.check()?;
    let card = call.smartcard(smartcard).await?;
    let template = call.app.templates.get(card.profile_template).map(Arc::clone);
    let template = template.ok_or(ApiError::NotFound("profile template"))?;
    let loss = planned(call, &card, &template, &body).await?;
    let entry = call.entry(Deed::RequestCreated);
    let now = call.now;
    let job = async move |tx: &mut Tx| {
        let act = |deed: Deed| AuditEntry { act: deed.name(), ..entry.clone() };
        lost::reported(tx, loss, &template, act, now).await
    };
    let done = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    if done.effects.outdate_list() {
        call.app.publication.outdate();
    }
    done.closed.iter().for_each(|request| call.app.forget(request.uuid));
    tracing::info!(id = %call.id, %smartcard, status = %done.status, caller = call.caller.name, "card reported as missing");
    Reply::json(&LossOutcome {
        smartcard,
        effect: done.effect,
        status: done.status,
        revoked: count(done.effects.revoked),
        held: count(done.effects.held),
        waiting: done.waiting,
        closed: done.closed.iter().map(|request| request.uuid.to_string()).collect(),
    })
}

/// Says of its own accord why a request was made by which a lent card is taken back.
const RETURNED: &str = "the lent card was handed back";

/// Answers `POST smartcards/{id}/returned`. Repeated, or for a card that was retired meanwhile, it does what is left.
pub async fn take_back(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    let template = call.app.templates.get(card.profile_template).map(Arc::clone);
    let template = template.ok_or(ApiError::NotFound("profile template"))?;
    let owner = card.assigned_user;
    if right(call, &template, RequestType::Retire, owner) != Right::AtOnce {
        return Err(ApiError::Forbidden("take this card back; somebody who may retire it must"));
    }
    if card.holder_role.role != Role::Temporary {
        return Err(ApiError::NotLent);
    }
    let mut back = returned::Return { smartcard, owner, retire: None, reinstate: None };
    if card.status != SmartcardStatus::Retired {
        let workflow = offered(&template, RequestType::Retire)?;
        back.retire = Some(record(call, smartcard, workflow, RETURNED, CreateTerms::default()).await?);
    }
    let may_lift = right(call, &template, RequestType::Reinstate, owner) == Right::AtOnce
        && !close::lifts_alone(call, &template, owner);
    if let Some(permanent) = card.permanent.filter(|_| may_lift) {
        let workflow = offered(&template, RequestType::Reinstate)?;
        let terms = CreateTerms { effect: "reinstate".into(), ..CreateTerms::default() };
        back.reinstate = Some(record(call, permanent, workflow, RETURNED, terms).await?);
    }
    let (entry, now) = (call.entry(Deed::RequestCreated), call.now);
    let job = async move |tx: &mut Tx| {
        let act = |deed: Deed| AuditEntry { act: deed.name(), ..entry.clone() };
        returned::taken_back(tx, back, &template, act, now).await
    };
    let done = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    if done.effects.outdate_list() {
        call.app.publication.outdate();
    }
    done.closed.iter().for_each(|request| call.app.forget(request.uuid));
    let permanent_status = match card.permanent {
        Some(permanent) => call.app.store.smartcard(permanent).await?.map(|card| card.status),
        None => None,
    };
    Reply::json(&ReturnOutcome {
        smartcard,
        status: done.status,
        revoked: count(done.effects.revoked),
        permanent: card.permanent,
        permanent_status,
        lifted: done.lifted,
    })
}
