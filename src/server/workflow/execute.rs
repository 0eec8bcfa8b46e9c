//! Begins the execution of a request, and says which requests may be executed.

use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::RequestStatus;
use crate::server::error::ApiError;
use crate::server::workflow::{admit, people};
use crate::store::{RequestRecord, Tx};
use uuid::Uuid;

/// Begins the execution of an approved request, or goes on with it, and writes what else changed in its record. Refuses
/// where its card or profile has since come into a state that does not allow it, or its person is disabled.
pub async fn execute(tx: &mut Tx, request: &mut RequestRecord) -> Result<(), ApiError> {
    let before = request.status;
    request.status = request_after(before, RequestEvent::StartExecution)?;
    people::check_enabled(tx, request).await?;
    admit::check_state_still(tx, request).await?;
    Ok(tx.update_request(request, before).await?)
}

/// Reads a request that is being executed; begins the execution of an approved one.
pub async fn executing(tx: &mut Tx, request: Uuid) -> Result<RequestRecord, ApiError> {
    let mut request = tx.request(request).await?.ok_or(ApiError::NotFound("request"))?;
    if request.status != RequestStatus::Executing {
        execute(tx, &mut request).await?;
    }
    Ok(request)
}

/// Refuses a request that is neither approved nor being executed.
pub fn executable(record: &RequestRecord) -> Result<(), ApiError> {
    request_after(record.status, RequestEvent::StartExecution)?;
    Ok(())
}
