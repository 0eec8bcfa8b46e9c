//! `smartcards`: assigned to a request, read, retired.

use super::view;
use crate::cm::card_secrets::{AdminKeyState, PukState};
use crate::cm::holder_role::HolderRole;
use crate::cm::lifecycle::{HolderEvent, smartcard_after};
use crate::cm::request::RequestType;
use crate::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus, UpdateSmartcard};
use crate::cm::wire::Created;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission::Act;
use crate::server::requests::close;
use crate::server::workflow::{assign, execute};
use crate::store::{Derivation, DeviceRecord, SmartcardRecord, Tx};
use std::sync::Arc;
use uuid::Uuid;

/// Shows a card as the wire does.
fn shown(app: &App, record: SmartcardRecord) -> Smartcard {
    let template = app.templates.get(record.profile_template).map(Arc::as_ref);
    view::smartcard(record, template)
}

/// Answers `POST smartcards`: assigns a card to a request. Repeated, it answers the same.
pub async fn assign(call: &Call<'_>, body: AssignSmartcard) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(body.request).await?;
    request.check_act(call, Act::Execute)?;
    execute::executable(&request.record)?;
    let template = request.template.clone().ok_or(ApiError::NotOffered(request.record.request_type))?;
    if !template.is_smartcard() {
        return Err(ApiError::WrongType(request.record.request_type));
    }
    let (uuid, terms) = (body.request, assign::AssignTerms::new(&template, call.now));
    let generation = Some(Uuid::new_v4());
    let offer = SmartcardRecord {
        uuid: Uuid::now_v7(),
        card_id: body.card_id,
        atr: body.atr.unwrap_or_default(),
        status: smartcard_after(SmartcardStatus::New, HolderEvent::Assign)?,
        assigned_user: request.record.target,
        profile_template: template.uuid,
        template_version: template.version,
        generation,
        admin_key: AdminKeyState::Default,
        own_key: Derivation { master: call.app.master_keys.current_version(), generation },
        next_key: None,
        puk_state: PukState::Default,
        puk_version: 0,
        puk_before: 0,
        puk_from: Derivation::default(),
        puk_before_from: Derivation::default(),
        parent: None,
        primary: None,
        permanent: None,
        comment: String::new(),
        holder_role: HolderRole::default(),
    };
    let holder = call.app.store.user(request.record.target).await?.map(|user| user.name).unwrap_or_default();
    let AssignSmartcard { model, firmware, serial, .. } = body;
    let device = DeviceRecord::said(offer.uuid, holder, model, firmware, serial);
    let entry = call.entry(Deed::CardAssigned).with("card_id", offer.card_id).with("atr", &offer.atr);
    let said = [("said_model", &device.model), ("said_firmware", &device.firmware), ("said_serial", &device.serial)];
    let said = said.into_iter().filter(|(_, text)| !text.is_empty());
    let entry = said.fold(entry, |entry, (name, text)| entry.with(name, text));
    let job = async move |tx: &mut Tx| assign::assigned(tx, uuid, offer, device, terms, entry).await;
    let card = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %uuid, smartcard = %card, caller = call.caller.name, "card assigned");
    Reply::created(&Created::Smartcard(card))
}

/// Answers `GET smartcards`: the caller's own cards.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let cards = call.app.store.smartcards_of(call.caller.uuid).await?;
    Reply::list(cards.into_iter().map(|card| shown(call.app, card)).collect())
}

/// Answers `GET smartcards?cardid=`: one object, as in Microsoft's sample.
pub async fn find(call: &Call<'_>, card_id: Uuid) -> Result<Reply, ApiError> {
    let card = call.app.store.smartcard_by_card_id(card_id).await?;
    let card = card.filter(|card| call.sees_smartcard(card));
    Reply::json(&shown(call.app, card.ok_or(ApiError::NotFound("smart card"))?))
}

/// Answers `GET smartcards/{id}`.
pub async fn get(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    Reply::json(&shown(call.app, card))
}

/// Answers `GET requests/{id}/smartcards/{id}`.
pub async fn of_request(call: &Call<'_>, request: Uuid, smartcard: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    Reply::json(&shown(call.app, card))
}

/// Answers `PUT requests/{id}/smartcards/{id}`: retires the card. There is nothing else to ask for, so that a body may be
/// left out, as Microsoft's example does.
pub async fn update(
    call: &Call<'_>,
    request: Uuid,
    smartcard: Uuid,
    body: Option<UpdateSmartcard>,
) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    request.for_execution(call, |request_type| request_type == RequestType::Retire)?;
    call.smartcard_of(&request.record, smartcard).await?;
    if body.is_some_and(|body| body.status != SmartcardStatus::Retired) {
        return Err(ApiError::OnlyRetired);
    }
    let (card, effects) = close::retire(call, &request).await?;
    if effects.outdate_list() {
        call.app.publication.outdate();
    }
    tracing::info!(id = %call.id, smartcard = %card.uuid, revoked = effects.revoked, caller = call.caller.name, "card retired");
    Reply::json(&shown(call.app, card))
}
