//! Says which requests stand still because somebody is disabled: nothing is given to disabled people or in their name, and
//! what takes something from them goes on.

use crate::cm::request::RequestType;
use crate::server::error::ApiError;
use crate::store::{RequestRecord, Tx, UserRecord};
use uuid::Uuid;

/// Returns the name of the disabled person on whose account a request is not carried out.
pub fn stopped_by(request: &RequestRecord, target: &UserRecord, originator: &UserRecord) -> Option<String> {
    let stops = |user: &&UserRecord| user.disabled && stopped_with(request, user.uuid);
    [target, originator].into_iter().find(stops).map(|user| user.name.clone())
}

/// Says whether a request ends when this person, who made it or whom it is for, is disabled. One that takes something
/// from the person goes on, whoever has made it.
pub fn stopped_with(request: &RequestRecord, user: Uuid) -> bool {
    let takes_away = match request.request_type {
        RequestType::Retire | RequestType::Revoke => true,
        RequestType::Reinstate => request.terms.suspends.unwrap_or(true),
        _ => false,
    };
    !takes_away || request.target != user
}

/// Refuses a request for, or by, somebody who is disabled. Read by their keys, both stay as they are until the job ends.
pub async fn check_enabled(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    let target = tx.user(request.target).await?.ok_or(ApiError::NotFound("user"))?;
    let originator = match request.originator == request.target {
        true => target.clone(),
        false => tx.user(request.originator).await?.ok_or(ApiError::NotFound("user"))?,
    };
    stopped_by(request, &target, &originator).map_or(Ok(()), |name| Err(ApiError::PersonDisabled(name)))
}
