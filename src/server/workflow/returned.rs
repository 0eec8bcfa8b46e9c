//! A lent card is handed back: it is retired, and the card beside which it was lent is in use again if it was suspended for
//! loans alone that are over.

use super::closing::{card_to_end, closed_with};
use super::complete::completed;
use super::effects::Effects;
use super::end::retired;
use super::holders;
use super::lift::standing;
use crate::cm::request::RequestType;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::Deed;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, Holder, RequestRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Says which lent card comes back, and what the caller may have done.
pub struct Return {
    pub smartcard: Uuid,
    pub owner: Uuid,
    /// The request that retires it; `None`: it was retired before.
    pub retire: Option<RequestRecord>,
    /// The request that reinstates the card beside which it was lent; `None`: the caller may not, or there is none.
    pub reinstate: Option<RequestRecord>,
}

/// Says what was done.
pub struct Done {
    pub status: SmartcardStatus,
    pub effects: Effects,
    pub lifted: bool,
    pub closed: Vec<RequestRecord>,
}

/// Retires the lent card unless it was, and reinstates the card beside it where nothing else holds that.
pub async fn taken_back(
    tx: &mut Tx,
    back: Return,
    template: &ProfileTemplate,
    act: impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<Done, ApiError> {
    let card = card_to_end(tx, back.smartcard, back.owner).await?;
    let mut done = Done { status: card.status, effects: Effects::default(), lifted: false, closed: Vec::new() };
    if let Some(request) = back.retire.filter(|_| card.status != SmartcardStatus::Retired) {
        made(tx, &request, &act).await?;
        let (card, effects) = retired(tx, request.uuid, template, now).await?;
        done.effects = effects.unwrap_or_default();
        tx.audit(&done.effects.added_to(act(Deed::CardRetired).on(&request))).await?;
        finished(tx, &request, template, &act, now).await?;
        let closed = closed_with(tx, &request, &act(Deed::RequestWithdrawn), now).await?;
        closed.added_to(&mut done.effects);
        (done.status, done.closed) = (card.status, closed.requests);
    }
    if let Some(request) = back.reinstate
        && let Some(card) = request.old_smartcard
        && done.status == SmartcardStatus::Retired
        && holders::smartcard(tx, card).await?.status == SmartcardStatus::Suspended
        && is_for_loans_that_are_over(tx, card).await?
    {
        made(tx, &request, &act).await?;
        let effects = finished(tx, &request, template, &act, now).await?;
        done.lifted = true;
        done.effects.released += effects.released;
        done.effects.publish |= effects.publish;
    }
    Ok(done)
}

/// Says whether a card is suspended for loans alone, and every one of them is over.
async fn is_for_loans_that_are_over(tx: &mut Tx, card: Uuid) -> Result<bool, ApiError> {
    let standing = standing(tx, Holder::Smartcard(card)).await?;
    for request in &standing {
        let (RequestType::TemporaryCards, Some(lent)) = (request.request_type, request.new_smartcard) else {
            return Ok(false);
        };
        if holders::smartcard(tx, lent).await?.status != SmartcardStatus::Retired {
            return Ok(false);
        }
    }
    Ok(!standing.is_empty())
}

/// Records a request that waits for nobody.
async fn made(tx: &mut Tx, request: &RequestRecord, act: &impl Fn(Deed) -> AuditEntry) -> Result<(), ApiError> {
    tx.insert_request(request).await?;
    let entry = act(Deed::RequestCreated).on(request).with("type", request.request_type);
    Ok(tx.audit(&entry.with("status", request.status)).await?)
}

/// Completes it.
async fn finished(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &ProfileTemplate,
    act: &impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<Effects, ApiError> {
    let (request, effects) = completed(tx, request.uuid, template, now).await?;
    let effects = effects.unwrap_or_default();
    let entry = act(Deed::RequestCompleted).on(&request).with("type", request.request_type);
    tx.audit(&effects.added_to(entry)).await?;
    Ok(effects)
}
