//! `smartcards`: assigned to a request, read, retired.

use crate::cm::extension::{AdminKeyState, PukState};
use crate::cm::lifecycle::{HolderEvent, smartcard_after};
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus, UpdateSmartcard};
use crate::cm::wire::Created;
use crate::server::app::{App, Reply};
use crate::server::audit::Deed;
use crate::server::error::ApiError;
use crate::server::permission::Act;
use crate::server::router::Call;
use crate::server::seen;
use crate::server::{closing, view};
use crate::store::{AuditEntry, RequestFilter, SmartcardRecord, Tx};
use std::sync::Arc;
use uuid::Uuid;

fn shown(app: &App, record: SmartcardRecord) -> Smartcard {
    let template = app.templates.get(record.profile_template).map(Arc::as_ref);
    view::smartcard(record, template)
}

/// `POST smartcards`: the card is this request's from now on. Repeated, it answers the same.
pub async fn assign(call: &Call<'_>, body: AssignSmartcard) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(body.request).await?;
    request.allow(call, Act::Execute)?;
    seen::executable(&request.record)?;
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    let Some(config) = template.smartcard.as_ref() else {
        return Err(ApiError::WrongType(request.record.request_type));
    };
    let (uuid, reuse) = (body.request, config.allow_smartcard_reuse);
    let offer = SmartcardRecord {
        uuid: Uuid::now_v7(),
        card_id: body.card_id,
        atr: body.atr.unwrap_or_default(),
        status: smartcard_after(SmartcardStatus::New, HolderEvent::Assign)?,
        assigned_user: request.record.target,
        profile_template: template.uuid,
        template_version: template.version,
        admin_key: AdminKeyState::Default,
        master_key_version: call.app.master_keys.current_version(),
        puk_state: PukState::Default,
        puk_version: 0,
        puk_before: 0,
        master_key_next: 0,
        puk_master: 0,
        puk_before_master: 0,
        parent: None,
        primary: None,
        permanent: None,
        comment: String::new(),
    };
    let entry = call.entry(Deed::CardAssigned).with("card_id", offer.card_id).with("atr", &offer.atr);
    let job = async move |tx: &mut Tx| assigned(tx, uuid, offer, reuse, entry).await;
    let card = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %uuid, smartcard = %card, caller = call.caller.name, "card assigned");
    Reply::created(&Created::Smartcard(card))
}

async fn assigned(
    tx: &mut Tx,
    request: Uuid,
    mut offer: SmartcardRecord,
    reuse: bool,
    entry: AuditEntry,
) -> Result<Uuid, ApiError> {
    let mut request = tx.request(request).await?.ok_or(ApiError::NotFound("request"))?;
    seen::executable(&request)?;
    if let Some(card) = request.new_smartcard {
        let card = tx.smartcard(card).await?.ok_or(ApiError::NotFound("smart card"))?;
        return if card.card_id == offer.card_id { Ok(card.uuid) } else { Err(ApiError::WrongCard) };
    }
    if let Some(known) = tx.smartcard_by_card_id(offer.card_id).await? {
        if known.status != SmartcardStatus::Retired {
            return Err(ApiError::CardAssigned);
        }
        if !reuse && was_in_use(tx, known.uuid).await? {
            return Err(ApiError::CardRetired);
        }
        // What the card was told stays in the card, whoever has it now.
        offer.admin_key = known.admin_key;
        (offer.puk_state, offer.puk_before) = (known.puk_state, known.puk_before);
        offer.puk_version = known.puk_version;
        (offer.puk_master, offer.puk_before_master) = (known.puk_master, known.puk_before_master);
        if known.admin_key != AdminKeyState::Default || known.puk_state != PukState::Default {
            offer.master_key_version = known.master_key_version;
            offer.master_key_next = known.master_key_next;
        }
    }
    tx.insert_smartcard(&offer).await?;
    request.new_smartcard = Some(offer.uuid);
    closing::execute(tx, &mut request).await?;
    tx.audit(&entry.on(&request)).await?;
    Ok(offer.uuid)
}

/// A card whose enrollment was canceled was never in use: it may be enrolled again under any template.
async fn was_in_use(tx: &mut Tx, smartcard: Uuid) -> Result<bool, ApiError> {
    let completed = RequestFilter {
        smartcard: Some(smartcard),
        status: Some(RequestStatus::Completed),
        limit: Some(1),
        ..Default::default()
    };
    Ok(!tx.requests(&completed).await?.is_empty())
}

/// `GET smartcards`: the caller's own.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let cards = call.app.store.smartcards_of(call.caller.uuid).await?;
    Reply::list(cards.into_iter().map(|card| shown(call.app, card)).collect())
}

/// `GET smartcards?cardid=`: one object, as in Microsoft's sample.
pub async fn find(call: &Call<'_>, card_id: Uuid) -> Result<Reply, ApiError> {
    let card = call.app.store.smartcard_by_card_id(card_id).await?;
    let card = card.filter(|card| call.sees(card.assigned_user, card.profile_template));
    Reply::json(&shown(call.app, card.ok_or(ApiError::NotFound("smart card"))?))
}

/// `GET smartcards/{id}`.
pub async fn get(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    Reply::json(&shown(call.app, card))
}

/// `GET requests/{id}/smartcards/{id}`.
pub async fn of_request(call: &Call<'_>, request: Uuid, smartcard: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    Reply::json(&shown(call.app, card))
}

/// `PUT requests/{id}/smartcards/{id}`: retires the card.
pub async fn update(call: &Call<'_>, request: Uuid, smartcard: Uuid, body: UpdateSmartcard) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    request.executed(call, &[RequestType::Retire])?;
    call.smartcard_of(&request.record, smartcard).await?;
    if body.status != SmartcardStatus::Retired {
        return Err(ApiError::NotBuilt("a status other than Retired"));
    }
    let (card, revoked) = closing::retire(call, &request).await?;
    if revoked > 0 {
        call.app.crl.outdate();
    }
    tracing::info!(id = %call.id, smartcard = %card.uuid, revoked, caller = call.caller.name, "card retired");
    Reply::json(&shown(call.app, card))
}

/// `serverproposedpin`: no template lets this server choose PINs.
pub async fn server_proposed_pin(call: &Call<'_>, request: Option<Uuid>, smartcard: Uuid) -> Result<Reply, ApiError> {
    match request {
        Some(request) => {
            let request = call.request(request).await?;
            call.smartcard_of(&request.record, smartcard).await?;
        }
        None => {
            call.smartcard(smartcard).await?;
        }
    }
    Err(ApiError::NotBuilt("a PIN proposed by the server"))
}
