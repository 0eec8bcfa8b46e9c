//! Closes the open requests of a card that its new state does not allow to be carried out any more.

use super::holders::{self, asked_card, lock_owner};
use super::withdraw::ended_along;
use crate::cm::lifecycle::Narrowing;
use crate::cm::request::RequestType;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, RequestFilter, RequestRecord, SmartcardRecord, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Lists the open requests that are about a card or bring it, and reads each by its key: whoever carries one out has read
/// it before person and card, and so does a job that ends the card, or each would wait for the other.
pub async fn open_of(tx: &mut Tx, smartcard: Uuid) -> Result<Vec<RequestRecord>, ApiError> {
    let filter = RequestFilter { smartcard: Some(smartcard), open: true, ..Default::default() };
    let open = tx.requests(&filter).await?;
    for request in &open {
        tx.request(request.uuid).await?;
    }
    Ok(open)
}

/// Reads a card of this owner that is about to end, after its open requests and the owner: the order in which everybody
/// reads them.
pub async fn card_to_end(tx: &mut Tx, smartcard: Uuid, owner: Uuid) -> Result<SmartcardRecord, ApiError> {
    open_of(tx, smartcard).await?;
    lock_owner(tx, owner).await?;
    holders::smartcard(tx, smartcard).await
}

/// Says whether an open request of the card can still be carried out, as the card is now.
pub fn fits(request: &RequestRecord, card: &SmartcardRecord) -> bool {
    if request.old_smartcard != Some(card.uuid) {
        return matches!(card.status, SmartcardStatus::Assigned | SmartcardStatus::Active);
    }
    let was_suspended = card.status == SmartcardStatus::Suspended;
    let is_done = request.request_type == RequestType::Reinstate && request.terms.suspends == Some(was_suspended);
    !is_done && asked_card(card).allows(request.request_type, &Narrowing::NONE)
}

/// Withdraws the open requests that do not fit the card as it is now, but for those to spare, each with an act in the log
/// made from `entry`. Returns them, and how many certificates were revoked with them.
pub async fn closed_unfit(
    tx: &mut Tx,
    card: &SmartcardRecord,
    spares: impl Fn(&RequestRecord) -> bool,
    entry: &AuditEntry,
    now: OffsetDateTime,
) -> Result<(Vec<RequestRecord>, usize), ApiError> {
    let (mut closed, mut revoked) = (Vec::new(), 0);
    let unfit = |request: &RequestRecord| !fits(request, card) && !spares(request);
    for request in open_of(tx, card.uuid).await?.into_iter().filter(unfit) {
        if let Some((request, effects)) = ended_along(tx, request.uuid, now).await? {
            let entry = entry.clone().on(&request).with("type", request.request_type);
            tx.audit(&effects.added_to(entry)).await?;
            revoked += effects.revoked;
            closed.push(request);
        }
    }
    Ok((closed, revoked))
}
