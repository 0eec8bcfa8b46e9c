//! `serverproposedpin`: the PIN that a card is to be given, for whoever executes a request on that very card.

use super::card_secrets::keep_atr;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::template::UserPinOption;
use crate::cm::wire::PinText;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::diversify::KeyError;
use crate::server::keys::proposed_pin;
use crate::server::requests::seen::SeenRequest;
use crate::server::workflow::execute;
use crate::store::{RequestFilter, Tx};
use uuid::Uuid;

/// Limits how many requests on one card are looked through, for each status.
const MOST_REQUESTS: u32 = 16;

/// Holds what the query says of the card.
pub struct NamedCard {
    pub card_id: Option<Uuid>,
    /// Its answer to reset, in hexadecimal.
    pub atr: Option<String>,
    /// The card's challenge; its length is checked, and the PIN does not depend on it.
    pub challenge: Option<Vec<u8>>,
}

/// Answers `serverproposedpin` in both spellings: with a request, or for the one that is being executed on the card.
pub async fn proposed(
    call: &Call<'_>,
    request: Option<Uuid>,
    smartcard: Uuid,
    named: NamedCard,
) -> Result<Reply, ApiError> {
    if let Some(challenge) = named.challenge.filter(|challenge| !matches!(challenge.len(), 8 | 16)) {
        let length = KeyError::ChallengeLength(challenge.len());
        return Err(ApiError::Challenge(length));
    }
    let request = match request {
        Some(request) => call.request(request).await?,
        None => request_on(call, smartcard).await?,
    };
    let template = request.for_execution(call, RequestType::may_prepare_card)?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    if named.card_id.is_some_and(|card_id| card_id != card.card_id) {
        return Err(ApiError::WrongCard);
    }
    let config = template.smartcard.as_ref().ok_or(ApiError::PinNotProposed)?;
    if !matches!(config.user_pin_option, UserPinOption::ServerDistributed | UserPinOption::Randomized) {
        return Err(ApiError::PinNotProposed);
    }
    let (uuid, card_id, version) = (request.record.uuid, card.card_id, card.own_key.master);
    let pin = proposed_pin::derive(&call.app.master_keys, version, uuid, card_id, &config.user_pin_policy)
        .map_err(|error| ApiError::Internal(Internal::Key(error)))?;
    let entry = call.entry(Deed::PinProposed).on(&request.record).smartcard(card.uuid);
    let (shown, atr) = (card.uuid, named.atr);
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, uuid).await?;
        keep_atr(tx, &card, atr.as_ref()).await?;
        Ok::<_, ApiError>(tx.audit(&entry.with("card_id", card_id)).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %uuid, smartcard = %shown, caller = call.caller.name, "PIN proposed");
    Reply::json(&PinText(pin))
}

/// Finds the latest request on the card that the caller may see: one that is being executed, else an approved one.
async fn request_on(call: &Call<'_>, smartcard: Uuid) -> Result<SeenRequest, ApiError> {
    for status in [RequestStatus::Executing, RequestStatus::Approved] {
        let filter = RequestFilter {
            smartcard: Some(smartcard),
            status: Some(status),
            limit: Some(MOST_REQUESTS),
            ..RequestFilter::default()
        };
        for request in call.app.store.requests(&filter).await? {
            match call.request(request.uuid).await {
                Ok(seen) if seen.record.request_type.may_prepare_card() => return Ok(seen),
                Ok(_) | Err(ApiError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(ApiError::NotFound("smart card with a request that is being executed"))
}
