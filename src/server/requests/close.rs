//! Completes and withdraws requests and retires their cards, each in one write job.

use super::seen::SeenRequest;
use crate::cm::lifecycle::RequestEvent;
use crate::cm::request::RequestStatus;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::workflow::effects::Effects;
use crate::server::workflow::end::retired;
use crate::server::workflow::{complete, withdraw};
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord, Tx};

/// Completes a request; one that was completed before is returned as it is.
pub async fn complete(call: &Call<'_>, request: &SeenRequest) -> Result<(RequestRecord, Effects), ApiError> {
    if request.record.status == RequestStatus::Completed {
        return Ok((request.record.clone(), Effects::default()));
    }
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::RequestCompleted);
    let job = async move |tx: &mut Tx| {
        let closed = complete::completed(tx, uuid, &template, now).await?;
        logged(tx, closed, entry).await
    };
    let closed = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.forget(uuid);
    Ok(closed)
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
