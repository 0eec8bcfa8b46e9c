//! The admin key of a card, responses to its challenges, and how far it has come; and what every call about a card's
//! secrets has in common.
//!
//! In: an approved request that the caller executes, and its card. Out: secrets, derived and never stored (`keys`).
//! A new secret is recorded as proposed before it is let out, and as active once the client confirms, so that either
//! may be cut off at any point. Every secret let out is an act in the log.

use crate::cm::card_secrets::{AdminKeyNews, AdminKeyReport, AdminKeyState, NextAdminKey};
use crate::cm::request::RequestType;
use crate::cm::wire::{AuthenticationResponse, DiversifiedKey};
use crate::secret::AdminKey;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::diversify::{self, CHALLENGE_LENS, KeyError};
use crate::server::keys::{presence, succession};
use crate::server::requests::presence::{Guard, Presence, brings};
use crate::server::workflow::execute;
use crate::store::{AuditEntry, Derivation, RequestRecord, SmartcardRecord, Tx};
use crate::template::{AdminKeyLength, ProfileTemplate, default_admin_key};
use aws_lc_rs::digest::{SHA256, digest};
use std::sync::Arc;
use uuid::Uuid;

/// Counts the bytes of a generation's digest that the log keeps.
const MARK_BYTES: usize = 4;

/// Says whether the request prepares its card: a new one, or one that is unblocked.
pub(super) fn prepares(request: &RequestRecord) -> bool {
    brings(request) || request.request_type == RequestType::Unblock
}

/// Reads request, card and template for a call about a secret. Refuses unless the caller may execute the request,
/// `fits` accepts its type, and the card is the request's and has this card id.
pub(super) async fn administered_card(
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
pub(super) fn diversifies(template: &ProfileTemplate) -> bool {
    template.smartcard.as_ref().is_some_and(|config| config.diversify_admin_key)
}

/// Holds what the query of a call about a secret says of the card.
pub struct NamedCard {
    pub card_id: Uuid,
    /// Its answer to reset, in hexadecimal.
    pub atr: Option<String>,
}

/// Keeps the answer to reset that a client says of a card which was assigned without one. It proves nothing: whether the card
/// must show that it is there is settled when it is assigned.
pub(super) async fn keep_atr(tx: &mut Tx, card: &SmartcardRecord, atr: Option<&String>) -> Result<(), ApiError> {
    match atr.filter(|_| card.atr.is_empty()) {
        Some(atr) => Ok(tx.say_atr(card.uuid, atr).await?),
        None => Ok(()),
    }
}

/// Begins the execution, changes what is remembered of the card and logs the act, in one transaction; returns the card
/// before and after. What the client says of its answer to reset is kept. Refuses where the change says that the card must be there, and it has not shown that.
pub(super) async fn change_card(
    call: &Call<'_>,
    request: &RequestRecord,
    smartcard: Uuid,
    entry: AuditEntry,
    presence: Presence,
    atr: Option<String>,
    change: impl FnOnce(&mut SmartcardRecord) -> Result<Guard, ApiError> + Send + 'static,
) -> Result<(SmartcardRecord, SmartcardRecord), ApiError> {
    let entry = entry.on(request).smartcard(smartcard);
    let request = request.uuid;
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, request).await?;
        let before = tx.smartcard(smartcard).await?.ok_or(ApiError::NotFound("smart card"))?;
        let mut card = before.clone();
        let entry = presence.admits(change(&mut card)?, entry)?;
        if before.admin_key != AdminKeyState::Default {
            // What is told or computed here could be the answer that the card is to give.
            tx.close_presences(card.card_id).await?;
        }
        if card != before {
            tx.update_smartcard(&card, before.status).await?;
        }
        keep_atr(tx, &card, atr.as_ref()).await?;
        let entry = entry.with("admin_key", card.admin_key.name()).with("puk", card.puk_state.name());
        let entry = match card.generation {
            Some(generation) => entry.with("generation", mark(generation)),
            None => entry,
        };
        tx.audit(&entry).await?;
        Ok((before, card))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await
}

/// Returns what tells a card's generations apart in the log, and is of no use to derive anything.
fn mark(generation: Uuid) -> String {
    let digest = digest(&SHA256, generation.as_bytes());
    digest.as_ref().iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Answers `diversifiedkey`: the card's own admin key, proposed where the card still has the default one.
pub async fn diversified_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    named: NamedCard,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::may_prepare_card, request, smartcard, Some(named.card_id)).await?;
    if !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    if !diversifies(&template) {
        return Err(ApiError::NotDiversified);
    }
    check_release(&template, request.request_type)?;
    own_key(call.app, &card)?;
    let (brings, newest) = (brings(&request), call.app.master_keys.current_version());
    let presence = Presence::of(call, &request, &card, &template).await?;
    let (_, card) =
        change_card(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), presence, named.atr, move |card| {
            let own = card.admin_key != AdminKeyState::Default;
            succession::propose_only_key(card, brings, newest);
            Ok(Guard::of(own && presence::guards(card, brings, succession::only_key(card, brings))))
        })
        .await?;
    let from = succession::only_key(&card, brings);
    let key = key_of(call.app, &card, from)?;
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
    let presence = Presence::of(call, &request, &card, &template).await?;
    change_card(call, &request, smartcard, call.entry(Deed::AdminKeyGiven), presence, None, |card| {
        let guard = Guard::of(presence::guards(card, false, card.own_key));
        card.admin_key = AdminKeyState::Proposed;
        Ok(guard)
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "admin key given out to be taken back");
    Reply::json(&DiversifiedKey(key))
}

/// Refuses unless the template lets the admin key out for requests of this type.
fn check_release(template: &ProfileTemplate, request_type: RequestType) -> Result<(), ApiError> {
    if template.release_admin_key.contains(&request_type) { Ok(()) } else { Err(ApiError::AdminKeyKept(request_type)) }
}

/// Gives out the card's next admin key, derived from the newest master key and for this assignment of the card, and with
/// `with_current` also its present one.
///
/// The next key is proposed before it is let out; until the client confirms, the card may have either, and where the
/// present one was itself only proposed, in an earlier assignment, the default one too. At a retirement nothing new is
/// proposed.
pub async fn next_admin_key(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    with_current: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    let retires = request.request_type == RequestType::Retire;
    if !diversifies(&template) || !succession::may_follow(&card, retires) {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    if !succession::next_key_is_due(&card, retires, newest) {
        return Reply::json(&NextAdminKey { current: None, next: None, proposed: false });
    }
    check_release(&template, request.request_type)?;
    let entry = call.entry(Deed::AdminKeyGiven).with("master_key", newest);
    let (presence, brings) = (Presence::of(call, &request, &card, &template).await?, brings(&request));
    let (before, card) = change_card(call, &request, smartcard, entry, presence, None, move |card| {
        // Also a next key that nobody knows yet: the card is to take it, and after it no key of before is left to show.
        let guard = Guard::of(!presence::keys_to_show(card, brings).is_empty());
        succession::propose_next_key(card, newest);
        Ok(guard)
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, caller = call.caller.name, "next admin key given out");
    Reply::json(&NextAdminKey {
        current: if with_current { Some(own_key(call.app, &card)?) } else { None },
        next: card.next_key.map(|next| key_of(call.app, &card, next)).transpose()?,
        proposed: before.next_key.is_some(),
    })
}

/// Derives the card's own admin key.
fn own_key(app: &App, card: &SmartcardRecord) -> Result<AdminKey, ApiError> {
    key_of(app, card, card.own_key)
}

/// Derives an admin key of the card.
fn key_of(app: &App, card: &SmartcardRecord, from: Derivation) -> Result<AdminKey, ApiError> {
    let key = app.master_keys.admin_key(from, card.card_id);
    key.map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// Answers `authenticationresponse`: what the card expects for its challenge, under its own admin key (`diversified`)
/// or the default one.
pub async fn authentication_response(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    named: NamedCard,
    challenge: Vec<u8>,
    diversified: bool,
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(named.card_id)).await?;
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
    change_card(call, &request, smartcard, entry, Presence::NotDemanded, named.atr, |_| Ok(Guard::Open)).await?;
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
    let (request, card, template) = administered_card(call, fits, request, smartcard, None).await?;
    let takes_next = told == Active && card.next_key.is_some();
    let gives_back = told != Active && request.request_type == RequestType::Retire;
    if !takes_next && !gives_back && !prepares(&request) {
        return Err(ApiError::WrongType(request.request_type));
    }
    let (presence, brings) = (Presence::of(call, &request, &card, &template).await?, brings(&request));
    let (_, card) =
        change_card(call, &request, smartcard, call.entry(Deed::AdminKeyTold), presence, None, move |card| {
            // Who has no card must not have it counted as one without a key of its own.
            let guard = Guard::of(told != Active && !presence::keys_to_show(card, brings).is_empty());
            match (told, card.admin_key) {
                (Active | Proposed, Default) => return Err(ApiError::NothingProposed),
                (Default, Active) => return Err(ApiError::AdminKeyActive),
                (Active, _) => succession::confirm_key(card),
                (Proposed, _) => card.admin_key = Proposed,
                (Default, _) => (card.admin_key, card.next_key) = (Default, None),
            }
            Ok(guard)
        })
        .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, state = told.name(), caller = call.caller.name, "admin key");
    Reply::json(&AdminKeyReport { state: card.admin_key })
}
