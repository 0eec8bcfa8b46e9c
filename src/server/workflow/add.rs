//! What adds a card or profile: Enroll, Duplicate, RecoverOnBehalf, TemporaryCards; what was there stays as it is.
//! Unblock stands here too, as its card takes an admin key like a new one.

use super::effects::Effects;
use super::holders::{OldHolder, card_of, move_card, move_profiles_on};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::holder_role::{HolderRole, Role};
use crate::cm::lifecycle::{HolderEvent, Narrowing, profile_after, smartcard_after};
use crate::cm::request::RequestType;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::server::keys::succession;
use crate::store::{Holder, ProfileRecord, Reach, RequestRecord, SmartcardRecord, Touched, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Says what a new card or profile is to its user, and what it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lineage {
    pub role: Role,
    /// The card or profile that the request names as old.
    pub parent: Option<Uuid>,
    /// Of a duplicate: the one that it duplicates.
    pub primary: Option<Uuid>,
}

impl Lineage {
    /// Says what `request_type` makes out of an old card or profile; `old` holds its UUID, its role and its primary.
    fn new(request_type: RequestType, old: Option<(Uuid, HolderRole, Option<Uuid>)>) -> Self {
        let role = match (request_type, old) {
            (RequestType::Duplicate, _) => Role::Duplicate,
            (RequestType::TemporaryCards, _) => Role::Temporary,
            (RequestType::RecoverOnBehalf, _) => Role::KeyEscrow,
            (_, Some((_, holder_role, _))) => holder_role.role,
            (_, None) => Role::Primary,
        };
        let primary = match (role, old) {
            (Role::Duplicate, Some((uuid, HolderRole { role: Role::Primary, .. }, _))) => Some(uuid),
            (Role::Duplicate, Some((_, _, primary))) => primary,
            _ => None,
        };
        Self { role, parent: old.map(|(uuid, ..)| uuid), primary }
    }

    /// Says what a request's new card is, after its old one.
    pub fn of_card(request_type: RequestType, old: Option<&SmartcardRecord>) -> Self {
        Self::new(request_type, old.map(|card| (card.uuid, card.holder_role, card.primary)))
    }

    /// Says what a request's new profile is, after its old one.
    pub fn of_profile(request_type: RequestType, old: Option<&ProfileRecord>) -> Self {
        Self::new(request_type, old.map(|profile| (profile.uuid, profile.holder_role, profile.primary)))
    }
}

/// Makes the request's new card and profile active. Nothing else changes, unless the card beside which one is lent is to be
/// suspended for that.
pub async fn added(tx: &mut Tx, request: &RequestRecord, now: OffsetDateTime) -> Result<Effects, ApiError> {
    let suspends = request.request_type == RequestType::TemporaryCards && request.terms.suspends == Some(true);
    let old = OldHolder::of(tx, request).await?;
    activated(tx, request, &old).await?;
    let Some(card) = old.card.filter(|card| suspends && card.status == SmartcardStatus::Active) else {
        return Ok(Effects::default());
    };
    let card = move_card(tx, card, HolderEvent::Suspend, &Narrowing::NONE).await?;
    move_profiles_on(tx, card.uuid, HolderEvent::Suspend).await?;
    // A key that the lent card has as well is in use there.
    let touched = Touched::Held(Holder::Smartcard(card.uuid), Reach::Unshared);
    Ok(Effects { held: tx.hold_certificates(touched, now).await?, publish: true, ..Effects::default() })
}

/// Makes the request's card and profile active; a new profile gets its role and lineage.
pub async fn activated(tx: &mut Tx, request: &RequestRecord, old: &OldHolder) -> Result<(), ApiError> {
    let profile = match request.new_profile {
        Some(profile) => tx.profile(profile).await?,
        None => None,
    };
    let mut profile = profile.ok_or(ApiError::NothingIssued)?;
    let mut holder_role = HolderRole::default();
    if request.is_smartcard {
        let card = activated_card(tx, request).await?;
        holder_role.expires = card.holder_role.expires;
    }
    let lineage = Lineage::of_profile(request.request_type, old.profile.as_ref());
    let before = profile.status;
    profile.status = profile_after(before, HolderEvent::Activate)?;
    if request.new_profile != request.old_profile {
        (profile.parent, profile.primary) = (lineage.parent, lineage.primary);
        profile.holder_role = HolderRole { role: lineage.role, ..holder_role };
    }
    Ok(tx.update_profile(&profile, before).await?)
}

/// Makes the request's card active and confirms its admin key.
async fn activated_card(tx: &mut Tx, request: &RequestRecord) -> Result<SmartcardRecord, ApiError> {
    let mut card = card_of(tx, request).await?;
    let before = card.status;
    card.status = smartcard_after(before, HolderEvent::Activate)?;
    confirm_admin_key(&mut card);
    if request.old_smartcard == Some(card.uuid) {
        card.holder_role.reused = true;
    }
    tx.update_smartcard(&card, before).await?;
    Ok(card)
}

/// Takes a proposed admin key for active: the card has taken it.
fn confirm_admin_key(card: &mut SmartcardRecord) {
    if card.admin_key == AdminKeyState::Proposed {
        succession::confirm_key(card);
    }
}

/// Completes an Unblock: the card has taken its admin key, and nothing else changes.
pub async fn unblocked(tx: &mut Tx, request: &RequestRecord) -> Result<Effects, ApiError> {
    let mut card = card_of(tx, request).await?;
    let before = card.admin_key;
    confirm_admin_key(&mut card);
    if card.admin_key != before {
        tx.update_smartcard(&card, card.status).await?;
    }
    Ok(Effects::default())
}
