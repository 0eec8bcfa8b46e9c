//! Says which requests stand still because somebody is disabled: nothing is given to disabled people or in their name, and
//! what takes something from them goes on.

use crate::cm::request::RequestType;
use crate::server::error::ApiError;
use crate::store::{Keyed, RequestRecord, Tx, UserRecord};
use uuid::Uuid;

/// Says whether a request is not carried out because this person, who made it or whom it is for, is disabled.
pub fn stops(request: &RequestRecord, user: &UserRecord) -> bool {
    user.disabled && stopped_with(request, user.uuid)
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

/// Names a request's record and the people whom it concerns, in the order in which jobs read them.
pub fn concerned(request: &RequestRecord) -> impl Iterator<Item = Keyed> + use<> {
    [Keyed::Request(request.uuid)].into_iter().chain(parties(request).map(Keyed::User))
}

/// Lists for whom the request is and who has made it.
fn parties(request: &RequestRecord) -> impl Iterator<Item = Uuid> + use<> {
    let other = Some(request.originator).filter(|originator| *originator != request.target);
    [request.target].into_iter().chain(other)
}

/// Refuses a request for, or by, somebody who is disabled. Read by their keys, both stay as they are until the job ends.
pub async fn check_enabled(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    tx.read_ahead(parties(request).map(Keyed::User));
    for user in parties(request) {
        let user = tx.user(user).await?.ok_or(ApiError::NotFound("user"))?;
        if stops(request, &user) {
            return Err(ApiError::PersonDisabled(user.name));
        }
    }
    Ok(())
}
