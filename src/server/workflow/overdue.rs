//! Ends requests that nobody finishes, once their template's time is over.

use super::closing::closed_with;
use super::effects::Effects;
use super::withdraw::ended_along;
use crate::server::audit::deed::{self, Deed};
use crate::server::error::ApiError;
use crate::store::{ApprovalRecord, RequestRecord, Tx};
use crate::template::{DEFAULT_REQUEST_TIME, ProfileTemplate};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Returns how long a request of this template stays open; one whose template is gone as long as any.
pub fn time_of(template: Option<&ProfileTemplate>) -> Option<Duration> {
    template.map_or(Some(DEFAULT_REQUEST_TIME), |template| template.request_time)
}

/// Returns when an open request ends by itself: so long after it was asked for or last decided on. `None`: never, or it
/// has ended.
pub fn ends(
    request: &RequestRecord,
    decisions: &[ApprovalRecord],
    template: Option<&ProfileTemplate>,
) -> Option<OffsetDateTime> {
    let last = decisions.iter().map(|decision| decision.at).fold(request.submitted, Ord::max);
    let time = time_of(template).filter(|_| !request.status.is_final())?;
    last.checked_add(time)
}

/// Ends one request, unless another server or a person was faster; returns what became of its certificates.
pub async fn ended(
    tx: &mut Tx,
    uuid: Uuid,
    template: Option<&ProfileTemplate>,
    now: OffsetDateTime,
) -> Result<Option<Effects>, ApiError> {
    let Some(request) = tx.request(uuid).await? else { return Ok(None) };
    let decisions = tx.approvals(uuid).await?;
    if ends(&request, &decisions, template).is_none_or(|ends| ends > now) {
        return Ok(None);
    }
    let Some((request, mut effects)) = ended_along(tx, uuid, now).await? else { return Ok(None) };
    let entry = deed::own(Deed::RequestExpired, now).on(&request).with("type", request.request_type);
    tx.audit(&effects.added_to(entry.with("submitted", request.submitted))).await?;
    closed_with(tx, &request, &deed::own(Deed::RequestWithdrawn, now), now).await?.added_to(&mut effects);
    Ok(Some(effects))
}
