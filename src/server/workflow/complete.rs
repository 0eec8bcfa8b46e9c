//! Completes a request: what each type does to cards, profiles and certificates.

use super::effects::Effects;
use super::{add, end, holders, people, replace};
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::{RequestStatus, RequestType};
use crate::server::error::ApiError;
use crate::store::{RequestRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Completes a request, and does to cards, profiles and certificates what its type means. `None` for the effects: it
/// was completed before, and nothing changed.
pub async fn completed(
    tx: &mut Tx,
    uuid: Uuid,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<(RequestRecord, Option<Effects>), ApiError> {
    let mut request = holders::request(tx, uuid).await?;
    let before = request.status;
    if before == RequestStatus::Completed {
        return Ok((request, None));
    }
    if is_done_by_completing(request.request_type) {
        request.status = request_after(request.status, RequestEvent::StartExecution)?;
    }
    request.status = request_after(request.status, RequestEvent::Complete)?;
    request.completed = Some(now);
    // Read here, the person stays locked: of two jobs that end a card each, the second sees what the first has ended.
    people::check_enabled(tx, &request).await?;
    let effects = match request.request_type {
        RequestType::Enroll | RequestType::Duplicate | RequestType::RecoverOnBehalf | RequestType::TemporaryCards => {
            add::added(tx, &request, now).await?
        }
        RequestType::Renew | RequestType::OnlineUpdate | RequestType::Recover => {
            replace::replaced(tx, &request, template, now).await?
        }
        RequestType::Retire => end::check_retired(tx, &request).await?,
        RequestType::Revoke => end::disabled(tx, &request, template, now).await?,
        RequestType::Reinstate => end::suspended_or_reinstated(tx, &request, template, now).await?,
        RequestType::Unblock => add::unblocked(tx, &request).await?,
        RequestType::OfflineUnblock | RequestType::Other(_) => Effects::default(),
    };
    forget_keys(tx, &request).await?;
    tx.update_request(&request, before).await?;
    Ok((request, Some(effects)))
}

/// Deletes the private keys that were kept only until the end of the request.
pub async fn forget_keys(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    if let Some(profile) = request.new_profile {
        tx.forget_keys(profile).await?;
    }
    Ok(())
}

/// Says whether completing may be all that the server sees of a request of this type: nothing is issued, and a card that
/// is unblocked by a secret that it came with needs none of the server's.
fn is_done_by_completing(request_type: RequestType) -> bool {
    matches!(request_type, RequestType::Revoke | RequestType::Reinstate | RequestType::Unblock)
}
