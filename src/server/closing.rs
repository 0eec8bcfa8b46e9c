//! The end of a request: what completing, canceling and abandoning do to cards, profiles and certificates.

use super::audit::Deed;
use super::error::ApiError;
use super::router::Call;
use super::seen::SeenRequest;
use super::template::ProfileTemplate;
use crate::ca::RevocationReason;
use crate::cm::extension::AdminKeyState;
use crate::cm::lifecycle::{HolderEvent, RequestEvent, profile_after, request_after, smartcard_after};
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::store::{CertificateScope, ProfileRecord, RequestRecord, Revocation, SmartcardRecord, Tx};
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Completes a request; a request completed before is answered as it is. Also says how many certificates were revoked.
pub async fn complete(call: &Call<'_>, request: &SeenRequest) -> Result<(RequestRecord, usize), ApiError> {
    if request.record.status == RequestStatus::Completed {
        return Ok((request.record.clone(), 0));
    }
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::RequestCompleted);
    let job = async move |tx: &mut Tx| {
        let (request, revoked) = completed(tx, uuid, &template, now).await?;
        tx.audit(&entry.on(&request).with("revoked", revoked)).await?;
        Ok::<_, ApiError>((request, revoked))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

async fn completed(
    tx: &mut Tx,
    uuid: Uuid,
    template: &Arc<ProfileTemplate>,
    now: OffsetDateTime,
) -> Result<(RequestRecord, usize), ApiError> {
    let mut request = reread(tx, uuid).await?;
    let before = request.status;
    if before == RequestStatus::Completed {
        return Ok((request, 0));
    }
    request.status = request_after(before, RequestEvent::Complete)?;
    request.completed = Some(now);
    let mut revoked = 0;
    match request.request_type {
        RequestType::Enroll => {
            activate_profile(tx, &request).await?;
            if let Some(card) = request.new_smartcard {
                activate_card(tx, card).await?;
            }
        }
        RequestType::Renew => {
            activate_profile(tx, &request).await?;
            if let Some(old) = request.old_profile {
                retire_profile(tx, old).await?;
                tx.supersede_certificates(CertificateScope::Profile(old)).await?;
                if template.revocation.renew_revokes_old {
                    let revocation = revocation(now, RevocationReason::Superseded);
                    revoked = tx.revoke_certificates(CertificateScope::Profile(old), revocation).await?;
                }
            }
        }
        RequestType::Retire => {
            let card = card_of(tx, &request).await?;
            if card.status != SmartcardStatus::Retired {
                return Err(ApiError::CardStatus(card.status));
            }
        }
        RequestType::Unblock => {
            let card = card_of(tx, &request).await?;
            confirm_admin_key(tx, card).await?;
        }
        _ => {}
    }
    forget_keys(tx, &request).await?;
    tx.update_request(&request, before).await?;
    Ok((request, revoked))
}

/// Private keys that are not archived for good go with the request that made them.
async fn forget_keys(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    if let Some(profile) = request.new_profile {
        tx.forget_keys(profile).await?;
    }
    Ok(())
}

async fn reread(tx: &mut Tx, uuid: Uuid) -> Result<RequestRecord, ApiError> {
    tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))
}

async fn card_of(tx: &mut Tx, request: &RequestRecord) -> Result<SmartcardRecord, ApiError> {
    let card = match request.new_smartcard {
        Some(card) => tx.smartcard(card).await?,
        None => None,
    };
    card.ok_or(ApiError::SmartcardNotAssigned)
}

async fn profile_of(tx: &mut Tx, request: &RequestRecord) -> Result<ProfileRecord, ApiError> {
    let profile = match request.new_profile {
        Some(profile) => tx.profile(profile).await?,
        None => None,
    };
    profile.ok_or(ApiError::NothingIssued)
}

async fn activate_profile(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    let mut profile = profile_of(tx, request).await?;
    let before = profile.status;
    profile.status = profile_after(before, HolderEvent::Activate)?;
    Ok(tx.update_profile(&profile, before).await?)
}

async fn activate_card(tx: &mut Tx, card: Uuid) -> Result<(), ApiError> {
    let mut card = tx.smartcard(card).await?.ok_or(ApiError::SmartcardNotAssigned)?;
    let before = card.status;
    card.status = smartcard_after(before, HolderEvent::Activate)?;
    if card.admin_key == AdminKeyState::Proposed {
        card.admin_key = AdminKeyState::Active;
    }
    Ok(tx.update_smartcard(&card, before).await?)
}

/// The card has taken its proposed admin key.
async fn confirm_admin_key(tx: &mut Tx, mut card: SmartcardRecord) -> Result<(), ApiError> {
    if card.admin_key != AdminKeyState::Proposed {
        return Ok(());
    }
    card.admin_key = AdminKeyState::Active;
    Ok(tx.update_smartcard(&card, card.status).await?)
}

async fn retire_profile(tx: &mut Tx, profile: Uuid) -> Result<(), ApiError> {
    let Some(mut profile) = tx.profile(profile).await? else { return Ok(()) };
    let before = profile.status;
    profile.status = profile_after(before, HolderEvent::Retire)?;
    Ok(tx.update_profile(&profile, before).await?)
}

fn revocation(at: OffsetDateTime, reason: RevocationReason) -> Revocation {
    Revocation { at, reason: reason.number() }
}

/// Cancels or abandons a request, and takes back what it has brought so far; also says how many certificates were
/// revoked. A request canceled before is answered as it is.
pub async fn withdraw(
    call: &Call<'_>,
    request: &SeenRequest,
    event: RequestEvent,
) -> Result<(RequestRecord, usize), ApiError> {
    if request.record.status == RequestStatus::Canceled {
        return Ok((request.record.clone(), 0));
    }
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::RequestWithdrawn);
    let job = async move |tx: &mut Tx| {
        let (request, revoked) = withdrawn(tx, uuid, event, now).await?;
        tx.audit(&entry.on(&request).with("revoked", revoked)).await?;
        Ok::<_, ApiError>((request, revoked))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

async fn withdrawn(
    tx: &mut Tx,
    uuid: Uuid,
    event: RequestEvent,
    now: OffsetDateTime,
) -> Result<(RequestRecord, usize), ApiError> {
    let mut request = reread(tx, uuid).await?;
    let before = request.status;
    if before == RequestStatus::Canceled {
        return Ok((request, 0));
    }
    request.status = request_after(before, event)?;
    if request.request_type == RequestType::Retire && before == RequestStatus::Executing {
        // The card is retired and its certificates are on the list: that cannot be taken back.
        return Err(ApiError::RetiredForGood);
    }
    let mut revoked = 0;
    if matches!(request.request_type, RequestType::Enroll | RequestType::Renew) {
        let reason = revocation(now, RevocationReason::CessationOfOperation);
        revoked = tx.revoke_certificates(CertificateScope::Request(uuid), reason).await?;
        if let Some(profile) = request.new_profile {
            retire_profile(tx, profile).await?;
        }
    }
    if request.request_type == RequestType::Enroll
        && let Some(card) = request.new_smartcard
    {
        retire_card(tx, card).await?;
    }
    forget_keys(tx, &request).await?;
    tx.update_request(&request, before).await?;
    Ok((request, revoked))
}

async fn retire_card(tx: &mut Tx, card: Uuid) -> Result<SmartcardRecord, ApiError> {
    let mut card = tx.smartcard(card).await?.ok_or(ApiError::NotFound("smart card"))?;
    let before = card.status;
    card.status = smartcard_after(before, HolderEvent::Retire)?;
    tx.update_smartcard(&card, before).await?;
    Ok(card)
}

/// Retires the card of an approved Retire request, its profiles, and its certificates; also says how many were revoked.
pub async fn retire(call: &Call<'_>, request: &SeenRequest) -> Result<(SmartcardRecord, usize), ApiError> {
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let (uuid, now) = (request.record.uuid, call.now);
    let entry = call.entry(Deed::CardRetired).on(&request.record);
    let job = async move |tx: &mut Tx| {
        let (card, revoked) = retired(tx, uuid, &template, now).await?;
        tx.audit(&entry.with("revoked", revoked)).await?;
        Ok::<_, ApiError>((card, revoked))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

async fn retired(
    tx: &mut Tx,
    uuid: Uuid,
    template: &Arc<ProfileTemplate>,
    now: OffsetDateTime,
) -> Result<(SmartcardRecord, usize), ApiError> {
    let mut request = reread(tx, uuid).await?;
    let card = card_of(tx, &request).await?;
    if card.status == SmartcardStatus::Retired && request.status == RequestStatus::Executing {
        return Ok((card, 0));
    }
    execute(tx, &mut request).await?;
    let card = retire_card(tx, card.uuid).await?;
    for profile in tx.profiles_on(card.uuid).await? {
        if profile.status != ProfileStatus::Retired {
            retire_profile(tx, profile.uuid).await?;
        }
    }
    let reason = revocation(now, template.revocation.retire_reason);
    let revoked = tx.revoke_certificates(CertificateScope::Smartcard(card.uuid), reason).await?;
    Ok((card, revoked))
}

/// Begins the execution of an approved request, where it has not begun yet, and writes what else changed in it.
pub async fn execute(tx: &mut Tx, request: &mut RequestRecord) -> Result<(), ApiError> {
    let before = request.status;
    request.status = request_after(before, RequestEvent::StartExecution)?;
    Ok(tx.update_request(request, before).await?)
}
