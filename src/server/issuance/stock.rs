//! Holds what a card attests of itself against the stock that its template demands: any id can be said, and a maker's
//! signature over a serial cannot be made.

use super::judge::Judged;
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::store::RequestRecord;
use crate::template::ProfileTemplate;

/// Names the kind of card in stock whose printed serial is the one that its attestations have.
const ATTESTED_KIND: &str = "yubikey";

/// Refuses keys that were attested by another device than the request's card is in stock, and, where the template demands
/// attestations, by one that hides its serial. Nothing is compared for a card that is in stock without a serial.
pub async fn check_device(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    judged: &[Judged],
) -> Result<(), ApiError> {
    let Some(card) = request.new_smartcard.filter(|_| template.stock_only) else { return Ok(()) };
    let card = call.app.store.smartcard(card).await?.ok_or(ApiError::Internal(Internal::Dangling("smart card")))?;
    let known = call.app.store.stock_card(card.card_id).await?;
    let Some(known) = known.filter(|known| known.kind == ATTESTED_KIND) else { return Ok(()) };
    for attested in judged.iter().filter_map(|judged| judged.attestation.as_ref()) {
        let fits = match attested.attestation.serial {
            Some(serial) => serial.to_string() == known.serial,
            None => !attested.proven,
        };
        if !fits {
            return Err(ApiError::CardOfOtherSerial);
        }
    }
    Ok(())
}
