//! A card that is missing: its certificates are revoked or put on hold at once, and what was asked for it is closed.

use super::closing::{card_to_end, closed_unfit, open_of};
use super::complete::completed;
use super::effects::Effects;
use super::holders;
use super::lift::standing;
use crate::cm::acts::LossEffect;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::Deed;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, Holder, RequestRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Says what is to be done about a missing card.
pub struct Loss {
    pub smartcard: Uuid,
    pub owner: Uuid,
    /// The request that is made and carried out: Revoke, or Reinstate which suspends.
    pub at_once: Option<RequestRecord>,
    /// The request for a revocation that is made and waits for approval.
    pub waiting: Option<RequestRecord>,
}

/// Says what was done.
pub struct Done {
    pub effect: LossEffect,
    pub status: SmartcardStatus,
    pub effects: Effects,
    pub waiting: Option<Uuid>,
    pub closed: Vec<RequestRecord>,
}

/// Does what is to be done about a missing card; one that was ended before stays as it is. `act` begins the log's entries.
pub async fn reported(
    tx: &mut Tx,
    loss: Loss,
    template: &ProfileTemplate,
    act: impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<Done, ApiError> {
    let Loss { smartcard, owner, at_once, waiting } = loss;
    let card = card_to_end(tx, smartcard, owner).await?;
    let mut done = Done {
        effect: LossEffect::Ended,
        status: card.status,
        effects: Effects::default(),
        waiting: None,
        closed: Vec::new(),
    };
    if matches!(card.status, SmartcardStatus::Disabled | SmartcardStatus::Retired) {
        return Ok(done);
    }
    let by_owner = at_once.as_ref().is_some_and(|request| request.originator == owner);
    done.effect = match at_once {
        None => LossEffect::Asked,
        Some(request) if request.request_type == RequestType::Revoke => {
            done.effects = carried_out(tx, &request, template, &act, now).await?;
            LossEffect::Revoked
        }
        Some(request) => {
            if card.status != SmartcardStatus::Suspended {
                done.effects = carried_out(tx, &request, template, &act, now).await?;
            } else if request.originator != owner && !is_held_by(tx, smartcard, &request).await? {
                // The card was suspended by somebody else, who could lift it: from now on it is held for this caller too.
                let held = RequestRecord { status: RequestStatus::Completed, completed: Some(now), ..request };
                tx.insert_request(&held).await?;
                tx.audit(&told(&act, Deed::RequestCreated, &held)).await?;
                tx.audit(&told(&act, Deed::RequestCompleted, &held)).await?;
            }
            LossEffect::Suspended
        }
    };
    let card = holders::smartcard(tx, smartcard).await?;
    done.status = card.status;
    // A holder who suspends his card, and may lift that again, does away with no suspension that another has asked for.
    let spares = |request: &RequestRecord| {
        let suspends = request.request_type == RequestType::Reinstate && request.terms.suspends == Some(true);
        by_owner && card.status == SmartcardStatus::Suspended && suspends && request.originator != owner
    };
    let entry = act(Deed::RequestWithdrawn).with("lost", card.uuid);
    let closed = closed_unfit(tx, Some(Holder::Smartcard(card.uuid)), spares, &entry, now).await?;
    closed.added_to(&mut done.effects);
    done.closed = closed.requests;
    if let Some(request) = waiting {
        let open = open_of(tx, smartcard).await?;
        let twin = open.iter().find(|open| open.request_type == RequestType::Revoke).map(|open| open.uuid);
        if twin.is_none() {
            tx.insert_request(&request).await?;
            tx.audit(&told(&act, Deed::RequestCreated, &request)).await?;
        }
        done.waiting = Some(twin.unwrap_or(request.uuid));
    }
    Ok(done)
}

/// Says whether the card stands suspended by a request like this one of the same person: whoever lost the answer to a report
/// makes it again. A loan that holds the card is another reason.
async fn is_held_by(tx: &mut Tx, smartcard: Uuid, request: &RequestRecord) -> Result<bool, ApiError> {
    let standing = standing(tx, Holder::Smartcard(smartcard)).await?;
    Ok(standing.iter().any(|held| (held.originator, held.request_type) == (request.originator, request.request_type)))
}

/// Makes the entry of an act on a request, with the reason of the loss.
fn told(act: &impl Fn(Deed) -> AuditEntry, deed: Deed, request: &RequestRecord) -> AuditEntry {
    let entry = act(deed).on(request).with("type", request.request_type).with("status", request.status);
    request.terms.loss_reason.iter().fold(entry, |entry, reason| entry.with("loss_reason", reason))
}

/// Makes a request that waits for nobody, and carries it out. How many requests are open stands in no loss's way.
async fn carried_out(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &ProfileTemplate,
    act: &impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<Effects, ApiError> {
    let old = holders::OldHolder::of(tx, request).await?;
    super::admit::check_state(request, &old, &template.narrowing)?;
    tx.insert_request(request).await?;
    tx.audit(&told(act, Deed::RequestCreated, request)).await?;
    let (request, effects) = completed(tx, request.uuid, template, now).await?;
    let effects = effects.unwrap_or_default();
    tx.audit(&effects.added_to(told(act, Deed::RequestCompleted, &request))).await?;
    Ok(effects)
}
