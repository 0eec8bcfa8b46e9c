//! Reads cards and profiles within a job, moves them along the tables of [`crate::cm::lifecycle`], writes them.

use crate::cm::eligibility::Asked;
use crate::cm::lifecycle::{HolderEvent, Narrowing};
use crate::cm::profile::ProfileStatus;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{Holder, ProfileRecord, RequestRecord, SmartcardRecord, Tx};
use uuid::Uuid;

/// Reads a request; a missing one is refused.
pub async fn request(tx: &mut Tx, uuid: Uuid) -> Result<RequestRecord, ApiError> {
    tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))
}

/// Reads a card; a missing one is refused.
pub async fn smartcard(tx: &mut Tx, uuid: Uuid) -> Result<SmartcardRecord, ApiError> {
    tx.smartcard(uuid).await?.ok_or(ApiError::NotFound("smart card"))
}

/// Reads the owner's record, so that jobs on other servers that end another card of this person wait until this one is
/// through. Of two that end a card each, the second then sees that no card in use holds the keys of both. Call it
/// before cards are read.
pub async fn lock_owner(tx: &mut Tx, owner: Uuid) -> Result<(), ApiError> {
    tx.user(owner).await?.ok_or(ApiError::NotFound("user")).map(drop)
}

/// Reads the card that a request is about or brings.
pub async fn card_of(tx: &mut Tx, request: &RequestRecord) -> Result<SmartcardRecord, ApiError> {
    match request.new_smartcard {
        Some(card) => smartcard(tx, card).await,
        None => Err(ApiError::SmartcardNotAssigned),
    }
}

/// Holds what a request names as old: a card with its profile, a profile alone, or nothing.
pub struct OldHolder {
    pub card: Option<SmartcardRecord>,
    pub profile: Option<ProfileRecord>,
}

impl OldHolder {
    /// Reads what the request names as old.
    pub async fn of(tx: &mut Tx, request: &RequestRecord) -> Result<Self, ApiError> {
        let card = match request.old_smartcard {
            Some(card) => tx.smartcard(card).await?,
            None => None,
        };
        let profile = match request.old_profile {
            Some(profile) => tx.profile(profile).await?,
            None => None,
        };
        Ok(Self { card, profile })
    }

    /// Returns what decides which requests may be made for the card, or for the profile that is on no card.
    pub fn asked(&self) -> Option<Asked> {
        let card = self.card.as_ref().map(asked_card);
        card.or(self.profile.as_ref().map(asked_profile))
    }

    /// Returns "smart card" or "profile".
    pub fn what(&self) -> &'static str {
        if self.card.is_some() { "smart card" } else { "profile" }
    }

    /// Moves the card with its profiles, or the profile alone; returns the holder that was moved.
    pub async fn moved(self, tx: &mut Tx, event: HolderEvent, narrowing: &Narrowing) -> Result<Holder, ApiError> {
        match (self.card, self.profile) {
            (Some(card), _) => {
                let card = move_card(tx, card, event, narrowing).await?;
                move_profiles_on(tx, card.uuid, event).await?;
                Ok(Holder::Smartcard(card.uuid))
            }
            (None, Some(profile)) => {
                let holder = Holder::Profile(profile.uuid);
                move_profile(tx, profile, event, narrowing).await?;
                Ok(holder)
            }
            (None, None) => Err(ApiError::NoActiveProfile),
        }
    }
}

/// Returns what decides which requests may be made for a card.
pub fn asked_card(card: &SmartcardRecord) -> Asked {
    Asked { is_card: true, status: card.status, holder_role: card.holder_role }
}

/// Returns what decides which requests may be made for a profile.
pub fn asked_profile(profile: &ProfileRecord) -> Asked {
    Asked { is_card: false, status: profile.status.into(), holder_role: profile.holder_role }
}

/// Moves a card along its table and writes it; refuses what the table or the template does not allow.
pub async fn move_card(
    tx: &mut Tx,
    mut card: SmartcardRecord,
    event: HolderEvent,
    narrowing: &Narrowing,
) -> Result<SmartcardRecord, ApiError> {
    let before = card.status;
    card.status = narrowing.smartcard_edge(before, event)?.to;
    tx.update_smartcard(&card, before).await?;
    Ok(card)
}

/// Moves a profile along its table and writes it; refuses what the table or the template does not allow.
pub async fn move_profile(
    tx: &mut Tx,
    mut profile: ProfileRecord,
    event: HolderEvent,
    narrowing: &Narrowing,
) -> Result<(), ApiError> {
    let before = profile.status;
    profile.status = narrowing.profile_edge(before, event)?.to;
    Ok(tx.update_profile(&profile, before).await?)
}

/// Moves every profile on a card whose table allows it; the others stay as they are.
pub async fn move_profiles_on(tx: &mut Tx, card: Uuid, event: HolderEvent) -> Result<(), ApiError> {
    for profile in tx.profiles_on(card).await? {
        if Narrowing::NONE.profile_edge(profile.status, event).is_ok() {
            move_profile(tx, profile, event, &Narrowing::NONE).await?;
        }
    }
    Ok(())
}

/// Retires a card unless it is retired already.
pub async fn retire_card(tx: &mut Tx, card: Uuid) -> Result<(), ApiError> {
    let card = smartcard(tx, card).await?;
    if card.status != SmartcardStatus::Retired {
        move_card(tx, card, HolderEvent::Retire, &Narrowing::NONE).await?;
    }
    Ok(())
}

/// Retires a profile unless it is retired already.
pub async fn retire_profile(tx: &mut Tx, profile: Uuid) -> Result<(), ApiError> {
    match tx.profile(profile).await? {
        Some(profile) if profile.status != ProfileStatus::Retired => {
            move_profile(tx, profile, HolderEvent::Retire, &Narrowing::NONE).await
        }
        _ => Ok(()),
    }
}
