//! How far a request has come: carried out, completed, withdrawn, each in one job.

use super::audit::Deed;
use super::error::ApiError;
use super::router::Call;
use super::seen::SeenRequest;
use super::workflow::{self, Effects, admit};
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::RequestStatus;
use crate::store::{RequestRecord, Tx};

/// Begins the execution of an approved request, where it has not begun yet, and writes what else changed in it; refused
/// where what it is about has come into another state since.
pub async fn execute(tx: &mut Tx, request: &mut RequestRecord) -> Result<(), ApiError> {
    let before = request.status;
    request.status = request_after(before, RequestEvent::StartExecution)?;
    admit::still_asked(tx, request).await?;
    Ok(tx.update_request(request, before).await?)
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
        let (request, effects) = workflow::completed(tx, uuid, &template, now).await?;
        if let Some(effects) = effects {
            tx.audit(&effects.told(entry.on(&request).with("type", request.request_type))).await?;
        }
        Ok::<_, ApiError>((request, effects.unwrap_or_default()))
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
        let (request, effects) = workflow::withdrawn(tx, uuid, event, now).await?;
        if let Some(effects) = effects {
            tx.audit(&effects.told(entry.on(&request).with("type", request.request_type))).await?;
        }
        Ok::<_, ApiError>((request, effects.unwrap_or_default()))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}
