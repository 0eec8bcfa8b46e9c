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
use crate::server::workflow::closing::{closed_with, ended_with, open_about};
use crate::server::workflow::effects::Effects;
use crate::server::workflow::end::retired;
use crate::server::workflow::{complete, lift, people, withdraw};
use crate::store::{AuditEntry, Keyed, RequestRecord, SmartcardRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Completes a request; one that was completed before is returned as it is.
pub async fn complete(call: &Call<'_>, request: &SeenRequest) -> Result<(RequestRecord, Effects), ApiError> {
    if request.record.status == RequestStatus::Completed {
        return Ok((request.record.clone(), Effects::default()));
    }
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let (alone, entry) = lifted_alone(call, &request.record, &template, call.entry(Deed::RequestCompleted)).await?;
    let (record, along) = (request.record.clone(), call.entry(Deed::RequestWithdrawn));
    let job = async move |tx: &mut Tx| {
        if alone {
            lift::check_own(tx, &record).await?;
        }
        lock_along(tx, &record).await?;
        // What it brings is read next where there is nothing old.
        let brought = record.new_profile.filter(|_| record.old_profile.is_none() && record.old_smartcard.is_none());
        tx.read_ahead(people::concerned(&record).chain(brought.map(Keyed::Profile)));
        let ended = complete::completed(tx, uuid, &template, now).await?;
        logged(tx, ended, entry, &along, now).await
    };
    let (record, effects, closed) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    forget(call, uuid, &closed);
    Ok((record, effects))
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
    let along = entry.clone();
    let job = async move |tx: &mut Tx| {
        let ended = withdraw::withdrawn(tx, uuid, event, now).await?;
        logged(tx, ended, entry, &along, now).await
    };
    let (record, effects, closed) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    forget(call, uuid, &closed);
    Ok((record, effects))
}

/// Reads the open requests about what a request ends, as everybody does before that itself is read.
async fn lock_along(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    if let Some(holder) = ended_with(request) {
        open_about(tx, holder).await?;
    }
    Ok(())
}

/// Adds to the log what came of a request, unless nothing changed, and closes the open requests about what has ended with
/// it; `along` begins the entries of those.
async fn logged(
    tx: &mut Tx,
    (request, effects): (RequestRecord, Option<Effects>),
    entry: AuditEntry,
    along: &AuditEntry,
    now: OffsetDateTime,
) -> Result<(RequestRecord, Effects, Vec<RequestRecord>), ApiError> {
    let Some(mut effects) = effects else { return Ok((request, Effects::default(), Vec::new())) };
    tx.audit(&effects.added_to(entry.on(&request).with("type", request.request_type))).await?;
    let closed = closed_with(tx, &request, along, now).await?;
    closed.added_to(&mut effects);
    Ok((request, effects, closed.requests))
}

/// Destroys the keys that were kept for a request that has ended, and for those that were closed with it.
fn forget(call: &Call<'_>, request: Uuid, closed: &[RequestRecord]) {
    closed.iter().map(|closed| closed.uuid).chain([request]).for_each(|ended| call.app.forget(ended));
}

/// Retires the card of an approved Retire request with its profiles, and revokes certificates. Repeated, it changes
/// nothing.
pub async fn retire(call: &Call<'_>, request: &SeenRequest) -> Result<(SmartcardRecord, Effects), ApiError> {
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::CardRetired).on(&request.record);
    let (record, along) = (request.record.clone(), call.entry(Deed::RequestWithdrawn));
    let job = async move |tx: &mut Tx| {
        lock_along(tx, &record).await?;
        let (card, effects) = retired(tx, uuid, &template, now).await?;
        let Some(mut effects) = effects else { return Ok((card, Effects::default(), Vec::new())) };
        tx.audit(&effects.added_to(entry)).await?;
        let closed = closed_with(tx, &record, &along, now).await?;
        closed.added_to(&mut effects);
        Ok::<_, ApiError>((card, effects, closed.requests))
    };
    let (card, effects, closed) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    closed.iter().for_each(|request| call.app.forget(request.uuid));
    Ok((card, effects))
}
