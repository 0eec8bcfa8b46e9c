//! Cards and profiles within a job: read, moved along the tables, written.

use crate::cm::eligibility::Asked;
use crate::cm::lifecycle::{HolderEvent, Narrowing};
use crate::cm::profile::ProfileStatus;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{Holder, ProfileRecord, RequestRecord, SmartcardRecord, Tx};
use uuid::Uuid;

pub async fn request(tx: &mut Tx, uuid: Uuid) -> Result<RequestRecord, ApiError> {
    tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))
}

pub async fn smartcard(tx: &mut Tx, uuid: Uuid) -> Result<SmartcardRecord, ApiError> {
    tx.smartcard(uuid).await?.ok_or(ApiError::NotFound("smart card"))
}

/// Holds up whoever ends something else of this person's on another server: of two who end a card each, the second sees
/// that nobody has in use any more what both cards hold. To be called before cards are read.
pub async fn one_at_a_time(tx: &mut Tx, owner: Uuid) -> Result<(), ApiError> {
    tx.user(owner).await?.ok_or(ApiError::NotFound("user")).map(drop)
}

/// The card a request is about or brings.
pub async fn card_of(tx: &mut Tx, request: &RequestRecord) -> Result<SmartcardRecord, ApiError> {
    match request.new_smartcard {
        Some(card) => smartcard(tx, card).await,
        None => Err(ApiError::SmartcardNotAssigned),
    }
}

/// What a request names as old: a card with its profile, a profile alone, or nothing.
pub struct Old {
    pub card: Option<SmartcardRecord>,
    pub profile: Option<ProfileRecord>,
}

impl Old {
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

    /// The card, or the profile that is on none, as far as it matters what may be asked for it.
    pub fn asked(&self) -> Option<Asked> {
        let card = self.card.as_ref().map(asked_card);
        card.or(self.profile.as_ref().map(asked_profile))
    }

    /// "smart card" or "profile".
    pub fn what(&self) -> &'static str {
        if self.card.is_some() { "smart card" } else { "profile" }
    }

    /// Moves the card with its profiles, or the profile alone; gives back which that was.
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

/// A card, as far as it matters what may be asked for it.
pub fn asked_card(card: &SmartcardRecord) -> Asked {
    Asked { is_card: true, status: card.status, holder_role: card.holder_role }
}

/// A profile, as far as it matters what may be asked for it.
pub fn asked_profile(profile: &ProfileRecord) -> Asked {
    Asked { is_card: false, status: profile.status.into(), holder_role: profile.holder_role }
}

/// Moves a card along its table.
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

/// Moves a profile along its table.
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

/// Moves every profile on a card that its table lets follow the card.
pub async fn move_profiles_on(tx: &mut Tx, card: Uuid, event: HolderEvent) -> Result<(), ApiError> {
    for profile in tx.profiles_on(card).await? {
        if Narrowing::NONE.profile_edge(profile.status, event).is_ok() {
            move_profile(tx, profile, event, &Narrowing::NONE).await?;
        }
    }
    Ok(())
}

/// Retires a card unless that has happened.
pub async fn retire_card(tx: &mut Tx, card: Uuid) -> Result<(), ApiError> {
    let card = smartcard(tx, card).await?;
    if card.status != SmartcardStatus::Retired {
        move_card(tx, card, HolderEvent::Retire, &Narrowing::NONE).await?;
    }
    Ok(())
}

/// Retires a profile unless that has happened.
pub async fn retire_profile(tx: &mut Tx, profile: Uuid) -> Result<(), ApiError> {
    match tx.profile(profile).await? {
        Some(profile) if profile.status != ProfileStatus::Retired => {
            move_profile(tx, profile, HolderEvent::Retire, &Narrowing::NONE).await
        }
        _ => Ok(()),
    }
}
