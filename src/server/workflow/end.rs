//! What ends a card or profile, for good or for a while: Retire, Revoke, Reinstate.

use super::effects::Effects;
use super::execute::execute;
use super::holders::{self, OldHolder, card_of, lock_owner, move_card, move_profiles_on};
use super::revocation::verdict;
use crate::cm::lifecycle::HolderEvent;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{Holder, Reach, RequestRecord, SmartcardRecord, Touched, Tx};
use crate::template::{ProfileTemplate, Workflow};
use time::OffsetDateTime;
use uuid::Uuid;

/// Returns the template's policy of this request type.
fn policy(template: &ProfileTemplate, request_type: RequestType) -> Result<&Workflow, ApiError> {
    template.workflow(request_type).ok_or(ApiError::NotOffered(request_type))
}

/// Retires the card of a Retire request with its profiles, and revokes certificates as the policy says. `None` for the
/// effects: the card was retired before, and nothing changed.
pub async fn retired(
    tx: &mut Tx,
    uuid: Uuid,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<(SmartcardRecord, Option<Effects>), ApiError> {
    let mut request = holders::request(tx, uuid).await?;
    lock_owner(tx, request.target).await?;
    let card = card_of(tx, &request).await?;
    if card.status == SmartcardStatus::Retired && request.status == RequestStatus::Executing {
        return Ok((card, None));
    }
    execute(tx, &mut request).await?;
    let card = move_card(tx, card, HolderEvent::Retire, &template.narrowing).await?;
    move_profiles_on(tx, card.uuid, HolderEvent::Retire).await?;
    let options = &policy(template, RequestType::Retire)?.revocation;
    let verdict = verdict(template, options, &request, now);
    let effects = verdict.carried_out(tx, Holder::Smartcard(card.uuid)).await?;
    Ok((card, Some(effects)))
}

/// Refuses to complete a Retire request whose card is not retired yet.
pub async fn check_retired(tx: &mut Tx, request: &RequestRecord) -> Result<Effects, ApiError> {
    let card = card_of(tx, request).await?;
    if card.status == SmartcardStatus::Retired {
        Ok(Effects::default())
    } else {
        Err(ApiError::CardStatus(card.status))
    }
}

/// Disables a card with its profiles, or a profile, and revokes the certificates as the policy says.
pub async fn disabled(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<Effects, ApiError> {
    let holder = OldHolder::of(tx, request).await?.moved(tx, HolderEvent::Disable, &template.narrowing).await?;
    let options = &policy(template, RequestType::Revoke)?.revocation;
    verdict(template, options, request, now).carried_out(tx, holder).await
}

/// Suspends or reinstates a card with its profiles, or a profile; puts the certificates on hold, or releases them.
pub async fn suspended_or_reinstated(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<Effects, ApiError> {
    let suspends = request.terms.suspends.unwrap_or(true);
    let event = if suspends { HolderEvent::Suspend } else { HolderEvent::Reinstate };
    let holder = OldHolder::of(tx, request).await?.moved(tx, event, &template.narrowing).await?;
    let touched = Touched::Held(holder, Reach::Own);
    let nothing = Effects { publish: true, ..Effects::default() };
    Ok(if suspends {
        Effects { held: tx.hold_certificates(touched, now).await?, ..nothing }
    } else {
        Effects { released: tx.release_certificates(touched, now).await?, ..nothing }
    })
}
