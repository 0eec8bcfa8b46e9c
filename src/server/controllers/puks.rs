//! The PUK of a card, and how far it has come: told to whoever executes a request on the card, and by him.

use super::card_secrets::{administered_card, change_card, diversifies, prepares};
use crate::cm::card_secrets::{PukNews, PukReport, PukState};
use crate::cm::request::RequestType;
use crate::secret::Puk;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::presence;
use crate::server::keys::succession::{self, Digits};
use crate::server::requests::presence::{Guard, Presence, brings};
use crate::store::{Derivation, SmartcardRecord};
use uuid::Uuid;

/// Derives the card's PUK of this version; `None` for version 0, the PUK that the card came with.
fn puk_of(app: &App, card: &SmartcardRecord, (version, from): (u32, Derivation)) -> Result<Option<Puk>, ApiError> {
    if version == 0 {
        return Ok(None);
    }
    let puk = app.master_keys.puk(from, card.card_id, version);
    puk.map(Some).map_err(|error| ApiError::Internal(Internal::Key(error)))
}

/// Derives the PUK that the card has now; `None` for the one that it came with.
pub fn present_puk(app: &App, card: &SmartcardRecord) -> Result<Option<Puk>, ApiError> {
    puk_of(app, card, succession::present_puk(card))
}

/// Gives out the card's PUK, and the one that is to take its place. `fresh`: of an assignment that this request brings
/// only the one that is to take its place, and that none of an earlier assignment.
pub async fn puk(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    (digits, fresh): (bool, bool),
) -> Result<Reply, ApiError> {
    let (request, card, template) =
        administered_card(call, RequestType::administers_card, request, smartcard, Some(card_id)).await?;
    let (retires, prepares) = (request.request_type == RequestType::Retire, prepares(&request));
    // Cards that keep their default admin key keep their PUK too; but any card may be given back the factory's at its
    // retirement.
    if !diversifies(&template) && !retires {
        return Err(ApiError::NotDiversified);
    }
    let newest = call.app.master_keys.current_version();
    let wanted = template.smartcard.as_ref().is_some_and(|config| config.admin_pin_policy.character_set == 1);
    let digits = match (digits, wanted) {
        (true, _) => Digits::Demanded,
        (false, true) => Digits::Wanted,
        (false, false) => Digits::Free,
    };
    let presence = Presence::of(call, &request, &card, &template).await?;
    let brings = brings(&request);
    let fresh = fresh && brings;
    // A renewal has no use for a PUK that stays.
    let uses = move |card: &SmartcardRecord| {
        let proposed = card.puk_state == PukState::Proposed;
        let (version, from) = succession::present_puk(card);
        let current = (proposed || prepares || retires) && version != 0;
        let is_kept = fresh && presence::guards(card, brings, from);
        (Some((version, from)).filter(|_| current && !is_kept), Some(card.puk_from).filter(|_| proposed))
    };
    let (before, card) =
        change_card(call, &request, smartcard, call.entry(Deed::PukGiven), presence, None, move |card| {
            if fresh {
                succession::give_up_puk(card, digits, newest);
            }
            succession::propose_puk(card, retires, prepares, digits, newest);
            let (current, next) = uses(card);
            let told = [current.map(|(_, from)| from), next];
            Ok(Guard::of(told.into_iter().flatten().any(|from| presence::guards(card, brings, from))))
        })
        .await?;
    let (current, next) = uses(&card);
    let current = current.map(|current| puk_of(call.app, &card, current)).transpose()?.flatten();
    let next = next.map(|from| puk_of(call.app, &card, (card.puk_version, from))).transpose()?.flatten();
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
    let (request, card, template) = administered_card(call, fits, request, smartcard, None).await?;
    let presence = Presence::of(call, &request, &card, &template).await?;
    let (_, card) = change_card(call, &request, smartcard, call.entry(Deed::PukTold), presence, None, move |card| {
        card.puk_state = match (told, card.puk_state) {
            (PukState::Active, PukState::Default) => return Err(ApiError::NothingProposed),
            // The client repeats itself, and the new PUK was read out to a person in between.
            (PukState::Active, PukState::Spoken) => PukState::Spoken,
            _ => told,
        };
        Ok(Guard::Open)
    })
    .await?;
    tracing::info!(id = %call.id, request = %request.uuid, smartcard = %card.uuid, state = told.name(), caller = call.caller.name, "PUK");
    Reply::json(&PukNews { state: card.puk_state })
}
