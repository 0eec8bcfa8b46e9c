//! Offline unblock: answers the code that a user has read out. A request answers one code, and only of its own card.

use super::card_secrets::present_key;
use super::puks::present_puk;
use crate::cm::card_secrets::PukState;
use crate::cm::offline::{
    CODE_BYTES, CodeKind, NO_CHECK_DIGITS, OfflineChallenge, OfflineResponse, card_of, puk_answer, read_heard,
};
use crate::cm::request::RequestType;
use crate::secret::Puk;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::keys::diversify;
use crate::server::workflow::execute;
use crate::store::{OfflineAnswerRecord, SmartcardRecord, Tx};
use crate::template::ProfileTemplate;
use aws_lc_rs::digest::{SHA256, digest};
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Answers a card's challenge, or gives the PUK of a card that has no challenge.
pub async fn unblock(call: &Call<'_>, request: Uuid, body: OfflineChallenge) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = Arc::clone(request.for_execution(call, |request_type| request_type == RequestType::OfflineUnblock)?);
    let smartcard = request.record.new_smartcard.ok_or(ApiError::SmartcardNotAssigned)?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    let heard = read_heard(&body.challenge)?;
    let (kind, code) = (heard.kind, heard.code);
    if kind == CodeKind::Challenge && card.puk_state != PukState::Default {
        // A card with a PUK has no challenge: this one is another card's, or a wrong digit turned this card's code into
        // it.
        return Err(ApiError::CodeOfOtherCard);
    }
    if kind == CodeKind::PukRequest && !comes_from(code, &card) {
        return Err(ApiError::CodeOfOtherCard);
    }
    let response = answer_to(call.app, &template, &card, kind, code)?;
    let answer =
        OfflineAnswerRecord { request: request.record.uuid, smartcard, challenge: code.to_vec(), at: call.now };
    let entry = call.entry(Deed::OfflineUnblockAnswered).on(&request.record);
    let card_id = card.card_id;
    let job = async move |tx: &mut Tx| {
        remember_answer(tx, answer, kind).await?;
        // What is computed here could be the answer that the card is to give.
        tx.close_presences(card_id).await?;
        Ok::<_, ApiError>(tx.audit(&entry).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %request.record.uuid, smartcard = %smartcard, caller = call.caller.name, "offline unblock answered");
    let warning = if heard.checked { String::new() } else { NO_CHECK_DIGITS.to_owned() };
    Reply::json(&OfflineResponse { response: heard.write_answer(*response), warning })
}

/// Names the PUK that PIV cards come with; no other kind of card has one.
const FACTORY_PUK: &str = "12345678";

/// Says whether a code that asks for a PUK comes from this card: it holds the first bytes of the card id's SHA-256.
fn comes_from(code: [u8; CODE_BYTES], card: &SmartcardRecord) -> bool {
    digest(&SHA256, card.card_id.as_bytes()).as_ref().starts_with(&card_of(code))
}

/// Returns what the card expects: the response to its challenge under its admin key, or its PUK as a code.
fn answer_to(
    app: &App,
    template: &ProfileTemplate,
    card: &SmartcardRecord,
    kind: CodeKind,
    code: [u8; CODE_BYTES],
) -> Result<Zeroizing<[u8; CODE_BYTES]>, ApiError> {
    if kind == CodeKind::PukRequest {
        let factory = template.smartcard.as_ref().and_then(|config| config.named_puk()).unwrap_or(FACTORY_PUK);
        let puk = present_puk(app, card)?.unwrap_or_else(|| Puk::new(factory.to_owned()));
        return puk_answer(&puk).ok_or(ApiError::NotDiversified);
    }
    let key = present_key(app, template, card)?;
    let response = diversify::respond(&key, &code).map_err(ApiError::Challenge)?;
    let response = <[u8; CODE_BYTES]>::try_from(response.as_slice()).map(Zeroizing::new);
    response.map_err(|_| ApiError::Challenge(diversify::KeyError::ChallengeLength(code.len())))
}

/// Remembers the code before its answer is let out, and a PUK as spoken; refuses a second code on the same request.
async fn remember_answer(tx: &mut Tx, answer: OfflineAnswerRecord, kind: CodeKind) -> Result<(), ApiError> {
    let mut request = tx.request(answer.request).await?.ok_or(ApiError::NotFound("request"))?;
    execute::executable(&request)?;
    match tx.offline_answer(answer.request).await? {
        Some(earlier) if earlier.challenge != answer.challenge => return Err(ApiError::OtherChallenge),
        Some(_) => {}
        None => {
            tx.insert_offline_answer(&answer).await?;
            execute::execute(tx, &mut request).await?;
        }
    }
    let mut card = tx.smartcard(answer.smartcard).await?.ok_or(ApiError::NotFound("smart card"))?;
    if kind == CodeKind::PukRequest && card.puk_state == PukState::Active {
        card.puk_state = PukState::Spoken;
        tx.update_smartcard(&card, card.status).await?;
    }
    Ok(())
}
