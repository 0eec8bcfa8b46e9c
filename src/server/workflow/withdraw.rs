//! Takes back what a request has begun: Cancel, Abandon.

use super::complete::forget_keys;
use super::effects::Effects;
use super::holders::{self, retire_card, retire_profile};
use super::revocation::cessation;
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{CertificateScope, RequestRecord, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Cancels or abandons a request: revokes the certificates issued on it, and retires the card and profile that it
/// brought. `None` for the effects: it was canceled before, and nothing changed.
pub async fn withdrawn(
    tx: &mut Tx,
    uuid: Uuid,
    event: RequestEvent,
    now: OffsetDateTime,
) -> Result<(RequestRecord, Option<Effects>), ApiError> {
    let mut request = holders::request(tx, uuid).await?;
    let before = request.status;
    if before == RequestStatus::Canceled {
        return Ok((request, None));
    }
    request.status = request_after(before, event)?;
    if request.request_type == RequestType::Retire
        && before == RequestStatus::Executing
        && is_retired(tx, &request).await?
    {
        // The card is retired and its certificates are on the list: that cannot be taken back.
        return Err(ApiError::RetiredForGood);
    }
    let mut effects = Effects { publish: true, ..Effects::default() };
    if request.request_type.issues_certificates() {
        effects.revoked = tx.revoke_certificates(CertificateScope::Request(uuid), cessation(now)).await?;
        // What the request has made, and nothing that was there before it.
        if let Some(profile) = request.new_profile.filter(|made| request.old_profile != Some(*made)) {
            retire_profile(tx, profile).await?;
        }
        if let Some(card) = request.new_smartcard.filter(|brought| request.old_smartcard != Some(*brought)) {
            retire_card(tx, card).await?;
        }
    }
    forget_keys(tx, &request).await?;
    tx.update_request(&request, before).await?;
    Ok((request, Some(effects)))
}

/// Cancels a request along with something else that ends. `None`: it was canceled before, or the card that it retires is
/// retired already, so that it stays to be completed.
pub async fn ended_along(
    tx: &mut Tx,
    uuid: Uuid,
    now: OffsetDateTime,
) -> Result<Option<(RequestRecord, Effects)>, ApiError> {
    match withdrawn(tx, uuid, RequestEvent::Cancel, now).await {
        Ok((request, effects)) => Ok(effects.map(|effects| (request, effects))),
        Err(ApiError::RetiredForGood) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says whether what a Retire request is about is retired. Such a request is being carried out as soon as the server has
/// answered a card's challenge, which may have shown that it is another card.
async fn is_retired(tx: &mut Tx, request: &RequestRecord) -> Result<bool, ApiError> {
    let Some(card) = request.old_smartcard else { return Ok(true) };
    Ok(tx.smartcard(card).await?.is_none_or(|card| card.status == SmartcardStatus::Retired))
}
