//! What takes the place of an old card or profile: Renew, OnlineUpdate, Recover.

use super::add::activated;
use super::admit::check_state;
use super::effects::Effects;
use super::holders::{OldHolder, move_profiles_on};
use super::revocation::verdict;
use crate::cm::lifecycle::{HolderEvent, Narrowing, profile_after, smartcard_after};
use crate::cm::request::RequestType;
use crate::server::error::ApiError;
use crate::store::{Holder, ProfileRecord, Reach, RequestRecord, SmartcardRecord, Touched, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;

/// Makes the new card and profile active, and lets the old ones go as the policy says.
pub async fn replaced(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<Effects, ApiError> {
    let workflow = template.workflow(request.request_type).ok_or(ApiError::NotOffered(request.request_type))?;
    let old = OldHolder::of(tx, request).await?;
    // A card or profile that was suspended, ended or replaced since the request was made is not carried on.
    check_state(request, &old, &Narrowing::NONE)?;
    activated(tx, request, &old).await?;
    let disables = workflow.revocation.disable_old;
    let mut old_holder = request.old_profile.filter(|old| request.new_profile != Some(*old)).map(Holder::Profile);
    if let Some(profile) = old.profile.filter(|profile| request.new_profile != Some(profile.uuid)) {
        supersede_profile(tx, profile, request.request_type, disables).await?;
    }
    if let Some(card) = old.card.filter(|card| request.new_smartcard != Some(card.uuid)) {
        old_holder = Some(Holder::Smartcard(card.uuid));
        supersede_card(tx, card, disables).await?;
    }
    let Some(old_holder) = old_holder else { return Ok(Effects::default()) };
    // A certificate that the new one has taken over stays in use there.
    let superseded = tx.supersede_certificates(Touched::Held(old_holder, Reach::Unshared)).await?;
    let effects = verdict(template, &workflow.revocation, request, now).carried_out(tx, old_holder).await?;
    Ok(Effects { superseded, ..effects })
}

/// Marks an old profile as superseded. A renewed one is retired; a recovered one is disabled, or keeps its status where
/// the policy says so.
async fn supersede_profile(
    tx: &mut Tx,
    mut profile: ProfileRecord,
    request_type: RequestType,
    disables: bool,
) -> Result<(), ApiError> {
    let before = profile.status;
    profile.holder_role.superseded = true;
    let event = match request_type {
        RequestType::Recover if disables => Some(HolderEvent::Disable),
        RequestType::Recover => None,
        _ => Some(HolderEvent::Retire),
    };
    if let Some(status) = event.and_then(|event| profile_after(before, event).ok()) {
        profile.status = status;
    }
    Ok(tx.update_profile(&profile, before).await?)
}

/// Marks an old card as superseded, and disables it with its profiles where the policy says so.
async fn supersede_card(tx: &mut Tx, mut card: SmartcardRecord, disables: bool) -> Result<(), ApiError> {
    let before = card.status;
    card.holder_role.superseded = true;
    match smartcard_after(before, HolderEvent::Disable) {
        Ok(status) if disables => card.status = status,
        _ => {}
    }
    tx.update_smartcard(&card, before).await?;
    if disables { move_profiles_on(tx, card.uuid, HolderEvent::Disable).await } else { Ok(()) }
}
