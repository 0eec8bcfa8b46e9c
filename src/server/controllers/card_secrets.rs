//! What the card's administrator must know or answer: the admin key, its responses, the PUK, and how far each has come.
//!
//! Only who executes an approved request on that very card is told, and a secret counts as proposed before it is let
//! out, so that client and server may be cut off at any point.

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
use crate::server::keys::diversify::{self, CHALLENGE_LENS, KeyError};
use crate::server::workflow::execute;
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord, Tx};
use crate::template::{AdminKeyLength, ProfileTemplate, default_admin_key};
use std::sync::Arc;
use uuid::Uuid;

/// Whether the request prepares its card: one that was not there before, or one that is unblocked.
fn prepares(request: &RequestRecord) -> bool {
    request.new_smartcard != request.old_smartcard || request.request_type == RequestType::Unblock
}

/// The card a secret or response is asked for: the one of an approved request that the caller executes.
async fn administered(
    call: &Call<'_>,
    fits: impl FnOnce(RequestType) -> bool,
    request: Uuid,
    smartcard: Uuid,
    card_id: Option<Uuid>,
) -> Result<(RequestRecord, SmartcardRecord, Arc<ProfileTemplate>), ApiError> {
    let request = call.request(request).await?;
    let template = Arc::clone(request.executed(call, fits)?);
    let card = call.smartcard_of(&request.record, smartcard).await?;
    if card_id.is_some_and(|card_id| card.card_id != card_id) {
        return Err(ApiError::WrongCard);
    }
    Ok((request.record, card, template))
}

fn diversifies(template: &ProfileTemplate) -> bool {
    template.smartcard.as_ref().is_some_and(|config| config.diversify_admin_key)
}

/// Begins the execution and changes what is remembered of the card, in one transaction; gives the card before and after.
async fn changed(
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

/// `diversifiedkey`: the card's own admin key.
pub async fn diversified_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered(call, RequestType::may_prepare_card, request, smartcard, Some(card_id)).await?;
    if !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    if !diversifies(&template) {
        return Err(ApiError::NotDiversified);
    }
    released(&template, request.request_type)?;
    own_key(call.app, &card)?;
    let current = call.app.master_keys.current_version();
    let (_, card) = changed(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), move |card| {
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

/// The card's own admin key at its retirement, for a card that cannot be given a response: either key may hold from now
/// on.
pub async fn surrender_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered(call, |work| work == RequestType::Retire, request, smartcard, Some(card_id)).await?;
    released(&template, request.request_type)?;
    if card.admin_key == AdminKeyState::Default {
        return Err(ApiError::NothingProposed);
    }
    let key = own_key(call.app, &card)?;
    changed(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), |card| {
        card.admin_key = AdminKeyState::Proposed;
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "admin key given out to be taken back");
    Reply::json(&DiversifiedKey(key))
}

/// Refuses where the template does not let the admin key out for requests of this type.
fn released(template: &ProfileTemplate, request_type: RequestType) -> Result<(), ApiError> {
    if template.release_admin_key.contains(&request_type) { Ok(()) } else { Err(ApiError::AdminKeyKept(request_type)) }
}

/// The next of the card's own admin keys, derived from the newest master key, and where it is asked for the one that holds.
///
/// It is proposed before it is let out; until the card confirms either may hold. At a retirement nothing is proposed.
pub async fn next_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    with_current: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    if !diversifies(&template) || card.admin_key != AdminKeyState::Active {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    let due = card.master_key_version != newest && request.request_type != RequestType::Retire;
    if card.master_key_next == 0 && !due {
        return Reply::json(&NextAdminKey { current: None, next: None, proposed: false });
    }
    released(&template, request.request_type)?;
    let entry = call.entry(Deed::AdminKeyGiven).with("master_key", newest);
    let (before, card) = changed(call, &request, smartcard, entry, move |card| {
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

fn own_key(app: &App, card: &SmartcardRecord) -> Result<AdminKey, ApiError> {
    key_of(app, card, card.master_key_version)
}

fn key_of(app: &App, card: &SmartcardRecord, version: u32) -> Result<AdminKey, ApiError> {
    let key = app.master_keys.admin_key(version, card.card_id);
    key.map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// `authenticationresponse`: what the card expects for its challenge, under its own admin key or the default one.
pub async fn authentication_response(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    challenge: Vec<u8>,
    diversified: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
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
    changed(call, &request, smartcard, entry, |_| Ok(())).await?;
    Reply::json(&AuthenticationResponse(response.to_vec()))
}

fn default_key(template: &ProfileTemplate) -> Result<AdminKey, ApiError> {
    let hex = template.smartcard.as_ref().map_or("", |config| config.default_admin_key_hex.as_str());
    default_admin_key(hex)
        .map_err(|AdminKeyLength(length)| ApiError::Internal(Internal::Key(KeyError::KeyLength(length))))
}

/// The key under which a card answers now: its own once it has been given it, the default one before.
pub fn present_key(app: &App, template: &ProfileTemplate, card: &SmartcardRecord) -> Result<AdminKey, ApiError> {
    if diversifies(template) && card.admin_key != AdminKeyState::Default {
        own_key(app, card)
    } else {
        default_key(template)
    }
}

/// How far a card's own admin key has come.
pub async fn admin_key_state(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    Reply::json(&AdminKeyReport { state: card.admin_key })
}

/// What became of the admin key on the card: it has its own; or, at retirement, the default one is about to be put back,
/// or is back. A card that could not take its own says at its enrollment that it kept the default one.
pub async fn tell_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    news: AdminKeyNews,
) -> Result<Reply, ApiError> {
    use AdminKeyState::{Active, Default, Proposed};
    let told = news.state.unwrap_or(Active);
    let fits = |work: RequestType| match told {
        Active => work.administers_card(),
        Proposed => work == RequestType::Retire,
        Default => work.may_bring_card() || work == RequestType::Retire,
    };
    let (request, card, _) = administered(call, fits, request, smartcard, None).await?;
    let takes_next = told == Active && card.master_key_next != 0;
    let gives_back = told != Active && request.request_type == RequestType::Retire;
    if !takes_next && !gives_back && !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    let (_, card) = changed(call, &request, smartcard, call.entry(Deed::AdminKeyTold), move |card| {
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

/// The PUK of this version, derived for this card from this master key; `None` for the one the card came with.
fn puk_of(app: &App, card: &SmartcardRecord, (version, master): (u32, u32)) -> Result<Option<Puk>, ApiError> {
    if version == 0 {
        return Ok(None);
    }
    let puk = app.master_keys.puk(master, card.card_id, version);
    puk.map(Some).map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// The version of the PUK that holds for sure, or held before another was proposed, and that of its master key.
fn present_version(card: &SmartcardRecord) -> (u32, u32) {
    match card.puk_state {
        PukState::Default => (0, 0),
        PukState::Proposed => (card.puk_before, card.puk_before_master),
        PukState::Active | PukState::Spoken => (card.puk_version, card.puk_master),
    }
}

/// The PUK that holds now; `None` for the one the card came with.
pub fn present_puk(app: &App, card: &SmartcardRecord) -> Result<Option<Puk>, ApiError> {
    puk_of(app, card, present_version(card))
}

/// Proposes the next PUK where one is due: a card that has the factory's gets its own when it is enrolled or unblocked,
/// one whose PUK was told to a person, or comes from an older master key, gets another at the next opportunity.
fn propose_puk(card: &mut SmartcardRecord, work: RequestType, prepares: bool, newest: u32) {
    let due = match card.puk_state {
        PukState::Default => prepares,
        PukState::Spoken => work != RequestType::Retire,
        PukState::Active => work != RequestType::Retire && card.puk_master != newest,
        PukState::Proposed => false,
    };
    if due {
        (card.puk_before, card.puk_before_master) = present_version(card);
        card.puk_master = newest;
        card.puk_version = card.puk_version.saturating_add(1);
        card.puk_state = PukState::Proposed;
    }
}

/// The card's PUK, and the one that is to take its place.
pub async fn puk(call: &Call<'_>, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<Reply, ApiError> {
    let (request, _, template) =
        administered(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    let (work, prepares) = (request.request_type, prepares(&request));
    // Cards that keep their default admin key keep their PUK too; a card that has its own is always let go of it.
    if !diversifies(&template) && work != RequestType::Retire {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    let (before, card) = changed(call, &request, smartcard, call.entry(Deed::PukGiven), move |card| {
        propose_puk(card, work, prepares, newest);
        Ok(())
    })
    .await?;
    let proposed = card.puk_state == PukState::Proposed;
    // A renewal has no use for a PUK that stays.
    let current =
        if proposed || prepares || work == RequestType::Retire { present_puk(call.app, &card)? } else { None };
    let next = if proposed { puk_of(call.app, &card, (card.puk_version, card.puk_master))? } else { None };
    if current.is_some() || next.is_some() {
        tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "PUK given out");
    }
    Reply::json(&PukReport { current, next, state: before.puk_state })
}

/// What became of the PUK on the card: it has its own, or at retirement the factory's again.
pub async fn tell_puk(call: &Call<'_>, request: Uuid, smartcard: Uuid, news: PukNews) -> Result<Reply, ApiError> {
    let told = news.state;
    let gives_back = match told {
        PukState::Active => false,
        PukState::Default => true,
        PukState::Proposed | PukState::Spoken => return Err(ApiError::NotToBeTold),
    };
    let fits = |work: RequestType| work.administers_card() && (work == RequestType::Retire) == gives_back;
    let (request, _, _) = administered(call, fits, request, smartcard, None).await?;
    let (_, card) = changed(call, &request, smartcard, call.entry(Deed::PukTold), move |card| {
        card.puk_state = match (told, card.puk_state) {
            (PukState::Active, PukState::Default) => return Err(ApiError::NothingProposed),
            // Told once more, after the new one was spoken in the meantime.
            (PukState::Active, PukState::Spoken) => PukState::Spoken,
            _ => told,
        };
        Ok(())
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, state = told.name(), caller = call.caller.name, "PUK");
    Reply::json(&PukNews { state: card.puk_state })
}
