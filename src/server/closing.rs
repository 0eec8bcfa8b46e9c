//! How far a request has come: carried out, completed, withdrawn, each in one job.

use super::audit::Deed;
use super::error::ApiError;
use super::router::Call;
use super::seen::SeenRequest;
use super::workflow::{self, Effects, admit};
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::RequestStatus;
use crate::store::{AuditEntry, RequestRecord, Tx};
use uuid::Uuid;

/// Begins the execution of an approved request, where it has not begun yet, and writes what else changed in it; refused
/// where what it is about has come into another state since.
pub async fn execute(tx: &mut Tx, request: &mut RequestRecord) -> Result<(), ApiError> {
    let before = request.status;
    request.status = request_after(before, RequestEvent::StartExecution)?;
    admit::still_asked(tx, request).await?;
    Ok(tx.update_request(request, before).await?)
}

/// Reads a request that is being executed, or is approved and begins to be.
pub async fn executing(tx: &mut Tx, request: Uuid) -> Result<RequestRecord, ApiError> {
    let mut request = tx.request(request).await?.ok_or(ApiError::NotFound("request"))?;
    if request.status != RequestStatus::Executing {
        execute(tx, &mut request).await?;
    }
    Ok(request)
}

/// Completes a request; a request completed before is answered as it is.
pub async fn complete(call: &Call<'_>, request: &SeenRequest) -> Result<(RequestRecord, Effects), ApiError> {
    if request.record.status == RequestStatus::Completed {
        return Ok((request.record.clone(), Effects::default()));
    }
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::RequestCompleted);
    let job = async move |tx: &mut Tx| {
        let closed = workflow::completed(tx, uuid, &template, now).await?;
        logged(tx, closed, entry).await
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

/// Cancels or abandons a request; a request canceled before is answered as it is.
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
        let closed = workflow::withdrawn(tx, uuid, event, now).await?;
        logged(tx, closed, entry).await
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

/// Logs what came of a request, unless nothing did.
async fn logged(
    tx: &mut Tx,
    (request, effects): (RequestRecord, Option<Effects>),
    entry: AuditEntry,
) -> Result<(RequestRecord, Effects), ApiError> {
    if let Some(effects) = effects {
        tx.audit(&effects.told(entry.on(&request).with("type", request.request_type))).await?;
    }
    Ok((request, effects.unwrap_or_default()))
}
