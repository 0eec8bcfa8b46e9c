//! Closes the open requests of a card or profile that its new state does not allow to be carried out any more.

use super::admit::check_state_still;
use super::effects::Effects;
use super::holders::{self, asked_card, lock_owner};
use super::withdraw::ended_along;
use crate::cm::lifecycle::Narrowing;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::Deed;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, Holder, RequestFilter, RequestRecord, SmartcardRecord, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Lists the open requests that are about a card or bring it, and reads each by its key: whoever carries one out has read
/// it before person and card, and so does a job that ends the card, or each would wait for the other.
pub async fn open_of(tx: &mut Tx, smartcard: Uuid) -> Result<Vec<RequestRecord>, ApiError> {
    open_about(tx, Holder::Smartcard(smartcard)).await
}

/// Lists the open requests that are about a card or profile or bring it, likewise.
pub async fn open_about(tx: &mut Tx, holder: Holder) -> Result<Vec<RequestRecord>, ApiError> {
    let open = RequestFilter { open: true, ..Default::default() };
    let filter = match holder {
        Holder::Smartcard(card) => RequestFilter { smartcard: Some(card), ..open },
        Holder::Profile(profile) => RequestFilter { profile: Some(profile), ..open },
    };
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

/// Lists what has ended with a request, as it is now: the card or profile that it was about where it ends or replaces that,
/// and the card that it had brought where it is canceled.
pub fn ended_with(request: &RequestRecord) -> Option<Holder> {
    if request.status == RequestStatus::Canceled {
        return request.new_smartcard.filter(|brought| request.old_smartcard != Some(*brought)).map(Holder::Smartcard);
    }
    match request.request_type {
        RequestType::Retire
        | RequestType::Revoke
        | RequestType::Renew
        | RequestType::OnlineUpdate
        | RequestType::Recover => {
            let profile = request.old_profile.map(Holder::Profile);
            request.old_smartcard.map(Holder::Smartcard).or(profile)
        }
        RequestType::Enroll
        | RequestType::Duplicate
        | RequestType::RecoverOnBehalf
        | RequestType::TemporaryCards
        | RequestType::Reinstate
        | RequestType::Unblock
        | RequestType::OfflineUnblock
        | RequestType::Other(_) => None,
    }
}

/// Holds the requests that were closed along with something, and how many certificates were revoked with them.
#[derive(Debug, Default)]
pub struct Closed {
    pub requests: Vec<RequestRecord>,
    pub revoked: usize,
}

impl Closed {
    /// Adds what was revoked to what became of other certificates.
    pub fn added_to(&self, effects: &mut Effects) {
        effects.revoked += self.revoked;
        effects.publish |= self.revoked > 0;
    }
}

/// Withdraws the open requests about what has ended that cannot be carried out any more as it is now, but for those to
/// spare, and those about what ends with them in turn; each with an act in the log made from `entry`.
pub async fn closed_unfit(
    tx: &mut Tx,
    ended: Option<Holder>,
    spares: impl Fn(&RequestRecord) -> bool,
    entry: &AuditEntry,
    now: OffsetDateTime,
) -> Result<Closed, ApiError> {
    let mut closed = Closed::default();
    let mut ended = Vec::from_iter(ended);
    // Each round that adds to the list has closed a request.
    while let Some(holder) = ended.pop() {
        for request in open_about(tx, holder).await? {
            if spares(&request) || goes_on(tx, &request).await? {
                continue;
            }
            if let Some((request, effects)) = ended_along(tx, request.uuid, now).await? {
                let entry = entry.clone().on(&request).with("type", request.request_type);
                tx.audit(&effects.added_to(entry)).await?;
                closed.revoked += effects.revoked;
                ended.extend(ended_with(&request));
                closed.requests.push(request);
            }
        }
    }
    Ok(closed)
}

/// Closes what a request that was completed, carried out or canceled leaves nothing to do for. `entry` begins the log's
/// entries.
pub async fn closed_with(
    tx: &mut Tx,
    request: &RequestRecord,
    entry: &AuditEntry,
    now: OffsetDateTime,
) -> Result<Closed, ApiError> {
    let entry = AuditEntry { act: Deed::RequestWithdrawn.name(), ..entry.clone() }.with("ended_with", request.uuid);
    closed_unfit(tx, ended_with(request), |_| false, &entry, now).await
}

/// Says whether the states of card and profile let a request be carried out.
async fn goes_on(tx: &mut Tx, request: &RequestRecord) -> Result<bool, ApiError> {
    match check_state_still(tx, request).await {
        Ok(()) => Ok(true),
        Err(ApiError::NotAsked { .. } | ApiError::CardStatus(_) | ApiError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
