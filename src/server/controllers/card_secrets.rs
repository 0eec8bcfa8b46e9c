//! The secrets of a card: its admin key, responses to its challenges, its PUK, and how far each has come.
//!
//! In: an approved request that the caller executes, and its card. Out: secrets, derived and never stored (`keys`).
//! A new secret is recorded as proposed before it is let out, and as active once the client confirms, so that either
//! may be cut off at any point. Every secret let out is an act in the log.

use crate::cm::card_secrets::{
    AdminKeyNews, AdminKeyReport, AdminKeyState, NextAdminKey, PukNews, PukReport, PukState,
};
use crate::cm::request::RequestType;
use crate::cm::wire::{AuthenticationResponse, DiversifiedKey};
use crate::secret::{AdminKey, Puk};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::diversify::{self, CHALLENGE_LENS, KeyError, is_puk_of_digits, next_puk};
use crate::server::workflow::execute;
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord, Tx};
use crate::template::{AdminKeyLength, ProfileTemplate, default_admin_key};
use std::sync::Arc;
use uuid::Uuid;

/// Says whether the request prepares its card: a new one, or one that is unblocked.
fn prepares(request: &RequestRecord) -> bool {
    request.new_smartcard != request.old_smartcard || request.request_type == RequestType::Unblock
}

/// Reads request, card and template for a call about a secret. Refuses unless the caller may execute the request,
/// `fits` accepts its type, and the card is the request's and has this card id.
async fn administered_card(
    call: &Call<'_>,
    fits: impl FnOnce(RequestType) -> bool,
    request: Uuid,
    smartcard: Uuid,
    card_id: Option<Uuid>,
) -> Result<(RequestRecord, SmartcardRecord, Arc<ProfileTemplate>), ApiError> {
    let request = call.request(request).await?;
    let template = Arc::clone(request.for_execution(call, fits)?);
    let card = call.smartcard_of(&request.record, smartcard).await?;
    if card_id.is_some_and(|card_id| card.card_id != card_id) {
        return Err(ApiError::WrongCard);
    }
    Ok((request.record, card, template))
}

/// Says whether the template's cards get an admin key of their own.
fn diversifies(template: &ProfileTemplate) -> bool {
    template.smartcard.as_ref().is_some_and(|config| config.diversify_admin_key)
}

/// Begins the execution, changes what is remembered of the card and logs the act, in one transaction; returns the card
/// before and after.
async fn change_card(
    call: &Call<'_>,
    request: &RequestRecord,
    smartcard: Uuid,
    entry: AuditEntry,
    change: impl FnOnce(&mut SmartcardRecord) -> Result<(), ApiError> + Send + 'static,
) -> Result<(SmartcardRecord, SmartcardRecord), ApiError> {
    let entry = entry.on(request).smartcard(smartcard);
    let request = request.uuid;
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, request).await?;
        let before = tx.smartcard(smartcard).await?.ok_or(ApiError::NotFound("smart card"))?;
        let mut card = before.clone();
        change(&mut card)?;
        if card != before {
            tx.update_smartcard(&card, before.status).await?;
        }
        let entry = entry.with("admin_key", card.admin_key.name()).with("puk", card.puk_state.name());
        tx.audit(&entry).await?;
        Ok((before, card))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

/// Answers `diversifiedkey`: the card's own admin key, proposed where the card still has the default one.
pub async fn diversified_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::may_prepare_card, request, smartcard, Some(card_id)).await?;
    if !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    if !diversifies(&template) {
        return Err(ApiError::NotDiversified);
    }
    check_release(&template, request.request_type)?;
    own_key(call.app, &card)?;
    let current = call.app.master_keys.current_version();
    let (_, card) = change_card(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), move |card| {
        if card.admin_key == AdminKeyState::Default {
            card.admin_key = AdminKeyState::Proposed;
            card.master_key_version = current;
        }
        Ok(())
    })
    .await?;
    let key = own_key(call.app, &card)?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "admin key given out");
    Reply::json(&DiversifiedKey(key))
}

/// Gives out the card's own admin key at its retirement, for a card that cannot be given a response. From then on the
/// card may have either that key or the default one.
pub async fn surrender_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, |request_type| request_type == RequestType::Retire, request, smartcard, Some(card_id))
            .await?;
    check_release(&template, request.request_type)?;
    if card.admin_key == AdminKeyState::Default {
        return Err(ApiError::NothingProposed);
    }
    let key = own_key(call.app, &card)?;
    change_card(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), |card| {
        card.admin_key = AdminKeyState::Proposed;
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "admin key given out to be taken back");
    Reply::json(&DiversifiedKey(key))
}

/// Refuses unless the template lets the admin key out for requests of this type.
fn check_release(template: &ProfileTemplate, request_type: RequestType) -> Result<(), ApiError> {
    if template.release_admin_key.contains(&request_type) { Ok(()) } else { Err(ApiError::AdminKeyKept(request_type)) }
}

/// Gives out the card's next admin key, derived from the newest master key, and with `with_current` also its present
/// one.
///
/// The next key is proposed before it is let out; until the client confirms, the card may have either. At a retirement
/// nothing new is proposed.
pub async fn next_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    with_current: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    if !diversifies(&template) || card.admin_key != AdminKeyState::Active {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    let due = card.master_key_version != newest && request.request_type != RequestType::Retire;
    if card.master_key_next == 0 && !due {
        return Reply::json(&NextAdminKey { current: None, next: None, proposed: false });
    }
    check_release(&template, request.request_type)?;
    let entry = call.entry(Deed::AdminKeyGiven).with("master_key", newest);
    let (before, card) = change_card(call, &request, smartcard, entry, move |card| {
        if card.master_key_next == 0 {
            card.master_key_next = newest;
        }
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "next admin key given out");
    Reply::json(&NextAdminKey {
        current: if with_current { Some(own_key(call.app, &card)?) } else { None },
        next: Some(key_of(call.app, &card, card.master_key_next)?),
        proposed: before.master_key_next != 0,
    })
}

/// Derives the card's own admin key.
fn own_key(app: &App, card: &SmartcardRecord) -> Result<AdminKey, ApiError> {
    key_of(app, card, card.master_key_version)
}

/// Derives the card's admin key from the master key of this version.
fn key_of(app: &App, card: &SmartcardRecord, version: u32) -> Result<AdminKey, ApiError> {
    let key = app.master_keys.admin_key(version, card.card_id);
    key.map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// Answers `authenticationresponse`: what the card expects for its challenge, under its own admin key (`diversified`)
/// or the default one.
pub async fn authentication_response(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    challenge: Vec<u8>,
    diversified: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    if !CHALLENGE_LENS.contains(&challenge.len()) {
        return Err(ApiError::Challenge(KeyError::ChallengeLength(challenge.len())));
    }
    let key = match (diversified, diversifies(&template)) {
        (true, false) => return Err(ApiError::NotDiversified),
        (true, true) => own_key(call.app, &card)?,
        (false, _) => default_key(&template)?,
    };
    let response = diversify::respond(&key, &challenge).map_err(ApiError::Challenge)?;
    let entry = call.entry(Deed::ChallengeAnswered).with("diversified", diversified);
    change_card(call, &request, smartcard, entry, |_| Ok(())).await?;
    Reply::json(&AuthenticationResponse(response.to_vec()))
}

/// Returns the admin key that the template's cards come with.
fn default_key(template: &ProfileTemplate) -> Result<AdminKey, ApiError> {
    let hex = template.smartcard.as_ref().map_or("", |config| config.default_admin_key_hex.as_str());
    default_admin_key(hex)
        .map_err(|AdminKeyLength(length)| ApiError::Internal(Internal::Key(KeyError::KeyLength(length))))
}

/// Returns the admin key that a card has now: its own once that was given out, the default one before.
pub fn present_key(app: &App, template: &ProfileTemplate, card: &SmartcardRecord) -> Result<AdminKey, ApiError> {
    if diversifies(template) && card.admin_key != AdminKeyState::Default {
        own_key(app, card)
    } else {
        default_key(template)
    }
}

/// Answers with how far the card's own admin key has come.
pub async fn admin_key_state(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    Reply::json(&AdminKeyReport { state: card.admin_key })
}

/// Records what the client says of the admin key on the card: it has its own (Active); or at retirement the default one
/// is about to be put back (Proposed) or is back (Default). For a card that could not take its own, the client says
/// Default at its enrollment.
pub async fn tell_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    news: AdminKeyNews,
) -> Result<Reply, ApiError> {
    use AdminKeyState::{Active, Default, Proposed};
    let told = news.state.unwrap_or(Active);
    let fits = |request_type: RequestType| match told {
        Active => request_type.administers_card(),
        Proposed => request_type == RequestType::Retire,
        Default => request_type.may_bring_card() || request_type == RequestType::Retire,
    };
    let (request, card, _) = administered_card(call, fits, request, smartcard, None).await?;
    let takes_next = told == Active && card.master_key_next != 0;
    let gives_back = told != Active && request.request_type == RequestType::Retire;
    if !takes_next && !gives_back && !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    let (_, card) = change_card(call, &request, smartcard, call.entry(Deed::AdminKeyTold), move |card| {
        if told == Active && card.master_key_next != 0 {
            (card.master_key_version, card.master_key_next) = (card.master_key_next, 0);
        }
        card.admin_key = match (told, card.admin_key) {
            (Active | Proposed, Default) => return Err(ApiError::NothingProposed),
            (Default, Active) => return Err(ApiError::AdminKeyActive),
            _ => told,
        };
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, state = told.name(), caller = call.caller.name, "admin key");
    Reply::json(&AdminKeyReport { state: card.admin_key })
}

/// Derives the card's PUK of this version from this master key; `None` for version 0, the PUK that the card came with.
fn puk_of(app: &App, card: &SmartcardRecord, (version, master): (u32, u32)) -> Result<Option<Puk>, ApiError> {
    if version == 0 {
        return Ok(None);
    }
    let puk = app.master_keys.puk(master, card.card_id, version);
    puk.map(Some).map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// Returns the version of the PUK that the card has, or had before another was proposed, and the version of its master
/// key.
fn present_version(card: &SmartcardRecord) -> (u32, u32) {
    match card.puk_state {
        PukState::Default => (0, 0),
        PukState::Proposed => (card.puk_before, card.puk_before_master),
        PukState::Active | PukState::Spoken => (card.puk_version, card.puk_master),
    }
}

/// Derives the PUK that the card has now; `None` for the one that it came with.
pub fn present_puk(app: &App, card: &SmartcardRecord) -> Result<Option<Puk>, ApiError> {
    puk_of(app, card, present_version(card))
}

/// Says whether a new PUK consists of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// The template lets it have letters.
    Free,
    /// The template's character set has digits alone.
    Wanted,
    /// The card has refused one with letters, so that it still has the PUK before.
    Demanded,
}

/// Proposes the next PUK where one is due. A card with the factory's PUK gets its own when it is enrolled or unblocked;
/// one whose PUK was told to a person, or comes from an older master key, gets another with the next request but a
/// Retire.
fn propose_puk(card: &mut SmartcardRecord, request_type: RequestType, prepares: bool, digits: Digits, newest: u32) {
    let due = match card.puk_state {
        PukState::Default => prepares,
        PukState::Spoken => request_type != RequestType::Retire,
        PukState::Active => request_type != RequestType::Retire && card.puk_master != newest,
        PukState::Proposed => digits == Digits::Demanded && !is_puk_of_digits(card.puk_version),
    };
    if due {
        if card.puk_state != PukState::Proposed {
            (card.puk_before, card.puk_before_master) = present_version(card);
        }
        card.puk_master = newest;
        card.puk_version = next_puk(card.puk_version, digits != Digits::Free);
        card.puk_state = PukState::Proposed;
    }
}

/// Gives out the card's PUK, and the one that is to take its place.
pub async fn puk(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    digits: bool,
) -> Result<Reply, ApiError> {
    let (request, _, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    let (request_type, prepares) = (request.request_type, prepares(&request));
    // Cards that keep their default admin key keep their PUK too; but any card may be given back the factory's at its
    // retirement.
    if !diversifies(&template) && request_type != RequestType::Retire {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    let wanted = template.smartcard.as_ref().is_some_and(|config| config.admin_pin_policy.character_set == 1);
    let digits = match (digits, wanted) {
        (true, _) => Digits::Demanded,
        (false, true) => Digits::Wanted,
        (false, false) => Digits::Free,
    };
    let (before, card) = change_card(call, &request, smartcard, call.entry(Deed::PukGiven), move |card| {
        propose_puk(card, request_type, prepares, digits, newest);
        Ok(())
    })
    .await?;
    let proposed = card.puk_state == PukState::Proposed;
    // A renewal has no use for a PUK that stays.
    let current =
        if proposed || prepares || request_type == RequestType::Retire { present_puk(call.app, &card)? } else { None };
    let next = if proposed { puk_of(call.app, &card, (card.puk_version, card.puk_master))? } else { None };
    if current.is_some() || next.is_some() {
        tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "PUK given out");
    }
    Reply::json(&PukReport { current, next, state: before.puk_state })
}

/// Records what the client says of the PUK on the card: it has its own, or at retirement the factory's again.
pub async fn tell_puk(call: &Call<'_>, request: Uuid, smartcard: Uuid, news: PukNews) -> Result<Reply, ApiError> {
    let told = news.state;
    let gives_back = match told {
        PukState::Active => false,
        PukState::Default => true,
        PukState::Proposed | PukState::Spoken => return Err(ApiError::NotToBeTold),
    };
    let fits = |request_type: RequestType| {
        request_type.administers_card() && (request_type == RequestType::Retire) == gives_back
    };
    let (request, _, _) = administered_card(call, fits, request, smartcard, None).await?;
    let (_, card) = change_card(call, &request, smartcard, call.entry(Deed::PukTold), move |card| {
        card.puk_state = match (told, card.puk_state) {
            (PukState::Active, PukState::Default) => return Err(ApiError::NothingProposed),
            // The client repeats itself, and the new PUK was read out to a person in between.
            (PukState::Active, PukState::Spoken) => PukState::Spoken,
            _ => told,
        };
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, state = told.name(), caller = call.caller.name, "PUK");
    Reply::json(&PukNews { state: card.puk_state })
}
