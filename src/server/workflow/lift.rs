//! Which suspensions a card's holder may lift alone: the holder's own, not those of others.

use crate::cm::request::{RequestStatus, RequestType};
use crate::server::error::ApiError;
use crate::store::{Holder, RequestFilter, RequestRecord, Tx};

/// Says whether a request lifts a suspension.
pub fn lifts(request: &RequestRecord) -> bool {
    request.request_type == RequestType::Reinstate && request.terms.suspends == Some(false)
}

/// Says whether a request that was carried out has suspended its card or profile; a loan suspends the card beside which it
/// is made where that was agreed.
fn suspended(request: &RequestRecord) -> bool {
    match request.request_type {
        RequestType::Reinstate => request.terms.suspends.unwrap_or(true),
        RequestType::TemporaryCards => request.terms.suspends == Some(true),
        _ => false,
    }
}

/// Lists the requests by which a card or profile stands suspended: all since it was last reinstated, the latest first.
pub async fn standing(tx: &mut Tx, holder: Holder) -> Result<Vec<RequestRecord>, ApiError> {
    let done = RequestFilter { status: Some(RequestStatus::Completed), ..Default::default() };
    let done = match holder {
        Holder::Smartcard(card) => RequestFilter { smartcard: Some(card), ..done },
        Holder::Profile(profile) => RequestFilter { profile: Some(profile), ..done },
    };
    let mut done = tx.requests(&done).await?;
    // What a card was itself lent by says nothing of its suspension.
    done.retain(|request| match holder {
        Holder::Smartcard(card) => request.old_smartcard == Some(card),
        Holder::Profile(_) => true,
    });
    done.sort_by_key(|request| std::cmp::Reverse(request.completed));
    Ok(done.into_iter().take_while(|request| !lifts(request)).filter(suspended).collect())
}

/// Refuses a holder who lifts alone a suspension that somebody else has set.
pub async fn check_own(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    let profile = request.old_profile.map(Holder::Profile);
    let Some(holder) = request.old_smartcard.map(Holder::Smartcard).or(profile) else { return Ok(()) };
    let others = standing(tx, holder).await?.into_iter().find(|held| held.originator != request.target);
    let Some(held) = others else { return Ok(()) };
    let who = tx.user(held.originator).await?.map(|user| user.name).unwrap_or_default();
    Err(ApiError::HeldByOthers(who))
}
