//! Completes and withdraws requests and retires their cards, each in one write job.

use super::presence::{Guard, Presence};
use super::seen::SeenRequest;
use crate::cm::lifecycle::RequestEvent;
use crate::cm::request::{RequestStatus, RequestType};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::keys::presence::keys_to_show;
use crate::server::permission;
use crate::server::workflow::effects::Effects;
use crate::server::workflow::end::retired;
use crate::server::workflow::{complete, lift, withdraw};
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord, Tx};
use crate::template::ProfileTemplate;
use uuid::Uuid;

/// Completes a request; one that was completed before is returned as it is.
pub async fn complete(call: &Call<'_>, request: &SeenRequest) -> Result<(RequestRecord, Effects), ApiError> {
    if request.record.status == RequestStatus::Completed {
        return Ok((request.record.clone(), Effects::default()));
    }
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let (alone, entry) = lifted_alone(call, &request.record, &template, call.entry(Deed::RequestCompleted)).await?;
    let record = request.record.clone();
    let job = async move |tx: &mut Tx| {
        if alone {
            lift::check_own(tx, &record).await?;
        }
        let closed = complete::completed(tx, uuid, &template, now).await?;
        logged(tx, closed, entry).await
    };
    let closed = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.forget(uuid);
    Ok(closed)
}

/// Says whether the caller lifts a suspension alone: for himself, without a role for others or an approval. The card must
/// be there then, which the entry tells: whoever has come by its owner's login alone does not lift it.
async fn lifted_alone(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    entry: AuditEntry,
) -> Result<(bool, AuditEntry), ApiError> {
    if !lift::lifts(request) || !lifts_alone(call, template, request.target) {
        return Ok((false, entry));
    }
    let alone = request.originator == request.target
        && template.workflow(request.request_type).is_none_or(|workflow| workflow.approvals_needed == 0);
    let Some(card) = request.old_smartcard else { return Ok((alone, entry)) };
    let card = call.app.store.smartcard(card).await?.ok_or(ApiError::NotFound("smart card"))?;
    let guard = Guard::of(!keys_to_show(&card, false).is_empty());
    let presence = Presence::of(call, request, &card, template).await?;
    Ok((alone, presence.admits(guard, entry)?))
}

/// Says whether the caller would lift a suspension of what `owner` holds as its owner, and not by a role.
pub fn lifts_alone(call: &Call<'_>, template: &ProfileTemplate, owner: Uuid) -> bool {
    let workflow = template.workflow(RequestType::Reinstate);
    owner == call.caller.uuid && !workflow.is_some_and(|it| permission::workflow_roles(&call.caller, it).agent)
}

/// Cancels or abandons a request; one that was canceled before is returned as it is.
pub async fn withdraw(
    call: &Call<'_>,
    request: &SeenRequest,
    event: RequestEvent,
) -> Result<(RequestRecord, Effects), ApiError> {
    if request.record.status == RequestStatus::Canceled {
        return Ok((request.record.clone(), Effects::default()));
    }
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::RequestWithdrawn);
    let job = async move |tx: &mut Tx| {
        let closed = withdraw::withdrawn(tx, uuid, event, now).await?;
        logged(tx, closed, entry).await
    };
    let closed = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.forget(uuid);
    Ok(closed)
}

/// Adds to the log what came of a request, unless nothing changed.
async fn logged(
    tx: &mut Tx,
    (request, effects): (RequestRecord, Option<Effects>),
    entry: AuditEntry,
) -> Result<(RequestRecord, Effects), ApiError> {
    if let Some(effects) = effects {
        tx.audit(&effects.added_to(entry.on(&request).with("type", request.request_type))).await?;
    }
    Ok((request, effects.unwrap_or_default()))
}

/// Retires the card of an approved Retire request with its profiles, and revokes certificates. Repeated, it changes
/// nothing.
pub async fn retire(call: &Call<'_>, request: &SeenRequest) -> Result<(SmartcardRecord, Effects), ApiError> {
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::CardRetired).on(&request.record);
    let job = async move |tx: &mut Tx| {
        let (card, effects) = retired(tx, uuid, &template, now).await?;
        if let Some(effects) = effects {
            tx.audit(&effects.added_to(entry)).await?;
        }
        Ok::<_, ApiError>((card, effects.unwrap_or_default()))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}
