//! Binds a card to the request that brings it.

use super::add::Lineage;
use super::execute::{executable, execute};
use super::holders::{self, OldHolder};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::holder_role::HolderRole;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{self, AuditEntry, DeviceRecord, RequestFilter, RequestRecord, SmartcardRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Says under which terms of the template a card is assigned.
#[derive(Clone, Copy, Debug)]
pub struct AssignTerms {
    /// Whether a card that was in use and retired may be assigned again.
    pub reuse: bool,
    /// Whether the card must be in stock.
    pub stock_only: bool,
    /// When the card ends, if it is a temporary one.
    pub expires: OffsetDateTime,
}

impl AssignTerms {
    /// Reads the terms of cards that are assigned now.
    pub fn new(template: &ProfileTemplate, now: OffsetDateTime) -> Self {
        let lifetime = template.workflow(RequestType::TemporaryCards).map(|workflow| workflow.passage.lifetime);
        let reuse = template.smartcard.as_ref().is_some_and(|config| config.allow_smartcard_reuse);
        Self { reuse, stock_only: template.stock_only, expires: now + lifetime.unwrap_or_default() }
    }
}

/// Binds a card to a request, whose execution begins; returns the card's UUID. Repeated with the same card, it changes
/// nothing. What `device` says is kept and trusted by nobody.
pub async fn assigned(
    tx: &mut Tx,
    request: Uuid,
    mut offer: SmartcardRecord,
    device: DeviceRecord,
    terms: AssignTerms,
    entry: AuditEntry,
) -> Result<Uuid, ApiError> {
    let mut request = holders::request(tx, request).await?;
    executable(&request)?;
    if let Some(card) = request.new_smartcard {
        let card = holders::smartcard(tx, card).await?;
        return if card.card_id == offer.card_id { Ok(card.uuid) } else { Err(ApiError::WrongCard) };
    }
    if !request.request_type.may_bring_card() {
        return Err(ApiError::WrongType(request.request_type));
    }
    check_stock(tx, offer.card_id, terms).await?;
    if let Some(known) = tx.smartcard_by_card_id(offer.card_id).await? {
        take_over(tx, &mut offer, known, terms.reuse).await?;
    }
    set_lineage(tx, &mut offer, &request, terms).await?;
    tx.insert_smartcard(&offer).await.map_err(|error| match error {
        // Another server was faster.
        store::Error::Duplicate { .. } => ApiError::CardAssigned,
        other => other.into(),
    })?;
    tx.insert_device(&device).await?;
    request.new_smartcard = Some(offer.uuid);
    execute(tx, &mut request).await?;
    tx.audit(&entry.on(&request)).await?;
    Ok(offer.uuid)
}

/// Refuses a card that cannot be assigned anew; writes nothing.
pub async fn check_card(tx: &mut Tx, card_id: Uuid, terms: AssignTerms) -> Result<(), ApiError> {
    check_stock(tx, card_id, terms).await?;
    match tx.smartcard_by_card_id(card_id).await? {
        Some(known) => may_be_assigned(tx, &known, terms.reuse).await.map(drop),
        None => Ok(()),
    }
}

/// Refuses a card that is not in stock, where the template demands that.
async fn check_stock(tx: &mut Tx, card_id: Uuid, terms: AssignTerms) -> Result<(), ApiError> {
    match terms.stock_only && tx.stock_card(card_id).await?.is_none() {
        true => Err(ApiError::NotInStock(card_id)),
        false => Ok(()),
    }
}

/// Refuses a card that is not retired, and one that was in use unless the template lets cards be used again; says
/// whether it was in use.
async fn may_be_assigned(tx: &mut Tx, known: &SmartcardRecord, reuse: bool) -> Result<bool, ApiError> {
    if known.status != SmartcardStatus::Retired {
        return Err(ApiError::CardAssigned);
    }
    let was_in_use = was_in_use(tx, known.uuid).await?;
    if !reuse && was_in_use {
        return Err(ApiError::CardRetired);
    }
    Ok(was_in_use)
}

/// Takes over what is remembered of a card that was assigned before: the secrets that it was given are still in it, until
/// those of this assignment's generation take their place.
async fn take_over(
    tx: &mut Tx,
    offer: &mut SmartcardRecord,
    known: SmartcardRecord,
    reuse: bool,
) -> Result<(), ApiError> {
    let was_in_use = may_be_assigned(tx, &known, reuse).await?;
    offer.holder_role.reused = was_in_use;
    if offer.atr.is_empty() {
        // A token without an answer to reset need not show that it is there; nobody makes a card one by leaving it out.
        offer.atr = known.atr;
    }
    offer.admin_key = known.admin_key;
    (offer.puk_state, offer.puk_before) = (known.puk_state, known.puk_before);
    offer.puk_version = known.puk_version;
    (offer.puk_from, offer.puk_before_from) = (known.puk_from, known.puk_before_from);
    if known.admin_key != AdminKeyState::Default {
        (offer.own_key, offer.next_key) = (known.own_key, known.next_key);
    }
    Ok(())
}

/// Says whether a card was ever in use. One whose enrollment was canceled was not: it may be enrolled again under any
/// template.
async fn was_in_use(tx: &mut Tx, smartcard: Uuid) -> Result<bool, ApiError> {
    let completed = RequestFilter {
        smartcard: Some(smartcard),
        status: Some(RequestStatus::Completed),
        limit: Some(1),
        ..Default::default()
    };
    Ok(!tx.requests(&completed).await?.is_empty())
}

/// Sets what the card is to its user, and which card it comes from.
async fn set_lineage(
    tx: &mut Tx,
    offer: &mut SmartcardRecord,
    request: &RequestRecord,
    terms: AssignTerms,
) -> Result<(), ApiError> {
    let old = OldHolder::of(tx, request).await?;
    let lineage = Lineage::of_card(request.request_type, old.card.as_ref());
    let lends = request.request_type == RequestType::TemporaryCards;
    offer.permanent = lineage.parent.filter(|_| lends);
    offer.parent = lineage.parent.filter(|_| !lends);
    offer.primary = lineage.primary;
    offer.holder_role = HolderRole { role: lineage.role, expires: lends.then_some(terms.expires), ..offer.holder_role };
    Ok(())
}
