//! Has a card show that it is there: opens an authentication of it, and takes what it says.
//!
//! In: an approved request that the caller executes, and its card. Out: the server's side of a mutual authentication;
//! the client that relays it learns no key. Each counts once, for one request and card, within [`LIFETIME`].

use super::card_secrets::{administered_card, diversifies};
use crate::cm::presence::{PresenceAnswer, PresenceChallenge, PresenceOpening, PresenceProtocol, PresenceStep};
use crate::cm::request::RequestType;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::diversify::{CHALLENGE_LENS, KeyError};
use crate::server::keys::presence::{self as keys, MutualAuthentication};
use crate::server::requests::presence::{Presence, brings};
use crate::server::workflow::execute;
use crate::store::{PresenceRecord, RequestRecord, Tx};
use aws_lc_rs::rand;
use time::Duration;
use uuid::Uuid;

/// Says how long an answer is waited for.
const LIFETIME: Duration = Duration::minutes(2);
/// Bounds the authentications that are opened for one request.
const MOST_OPENED: u32 = 32;

/// Says whether a card may have to show for a request of this type that it is there: where its secrets are told, or its
/// holder lifts its suspension.
fn shows(request_type: RequestType) -> bool {
    request_type.administers_card() || request_type == RequestType::Reinstate
}

fn key_error(error: KeyError) -> ApiError {
    ApiError::Internal(Internal::Key(error))
}

/// Opens an authentication of the request's card, in place of any other of that card. A second one is by the other key
/// where two may hold.
pub async fn open(call: &Call<'_>, request: Uuid, smartcard: Uuid, body: PresenceOpening) -> Result<Reply, ApiError> {
    body.check()?;
    let (request, card, template) = administered_card(call, shows, request, smartcard, Some(body.card_id)).await?;
    if !diversifies(&template) {
        return Err(ApiError::NotDiversified);
    }
    if Presence::of(call, &request, &card, &template).await? == Presence::Shown {
        return Reply::json(&PresenceChallenge { witness: None, challenge: Vec::new(), another: false, shown: true });
    }
    let witness = body.witness.filter(|_| body.protocol == PresenceProtocol::Piv);
    let length = witness.as_ref().map_or(0, Vec::len);
    if body.protocol == PresenceProtocol::Piv && !CHALLENGE_LENS.contains(&length) {
        return Err(ApiError::Challenge(KeyError::ChallengeLength(length)));
    }
    let (sent, protocol, nonce, ends) = (witness.clone(), body.protocol, Uuid::new_v4(), call.now + LIFETIME);
    let (uuid, brings) = (request.uuid, brings(&request));
    let entry = call.entry(Deed::PresenceAsked).on(&request).smartcard(smartcard).with("protocol", protocol.name());
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, uuid).await?;
        let card = tx.smartcard(smartcard).await?.ok_or(ApiError::NotFound("smart card"))?;
        let made = tx.presence(uuid, smartcard).await?.map_or(0, |kept| kept.made);
        if made >= MOST_OPENED {
            return Err(ApiError::PresenceExhausted(MOST_OPENED));
        }
        let candidates = keys::keys_to_show(&card, brings);
        let turn = (made as usize).checked_rem(candidates.len()).unwrap_or_default();
        let from = *candidates.get(turn).ok_or(ApiError::PresenceNothing)?;
        let opened = PresenceRecord {
            request: uuid,
            smartcard,
            card_id: card.card_id,
            protocol,
            from,
            nonce,
            card: sent,
            answer: None,
            open: true,
            ends,
            made: made + 1,
        };
        tx.close_presences(card.card_id).await?;
        tx.open_presence(&opened).await?;
        tx.audit(&entry.with("nonce", nonce)).await?;
        Ok((opened, candidates.len() > 1))
    };
    let (opened, another) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    let authentication = MutualAuthentication::of(&call.app.master_keys, &opened).map_err(key_error)?;
    let witness = witness.map(|witness| authentication.reveal(&witness)).transpose().map_err(ApiError::Challenge)?;
    let challenge = authentication.challenge().to_vec();
    Reply::json(&PresenceChallenge {
        witness: witness.map(|witness| witness.to_vec()),
        challenge,
        another,
        shown: false,
    })
}

/// Takes what the card has said: its own challenge, which is answered, or its answer to the server's.
pub async fn show(call: &Call<'_>, request: Uuid, smartcard: Uuid, body: PresenceStep) -> Result<Reply, ApiError> {
    body.check()?;
    let (request, _, _) = administered_card(call, shows, request, smartcard, Some(body.card_id)).await?;
    let kept = call.app.store.presence(request.uuid, smartcard).await?;
    let opened = kept.filter(|kept| kept.open && call.now < kept.ends).ok_or(ApiError::PresenceOver)?;
    let authentication = MutualAuthentication::of(&call.app.master_keys, &opened).map_err(key_error)?;
    match (body.challenge, body.answer) {
        (Some(challenge), None) => answer_card(call, &request, opened, &authentication, challenge).await,
        (None, Some(answer)) => take_answer(call, &request, opened, &authentication, answer).await,
        (Some(_), Some(_)) | (None, None) => Err(ApiError::PresenceOver),
    }
}

/// Answers the challenge of a GIDS card, once.
async fn answer_card(
    call: &Call<'_>,
    request: &RequestRecord,
    opened: PresenceRecord,
    authentication: &MutualAuthentication,
    challenge: Vec<u8>,
) -> Result<Reply, ApiError> {
    if opened.protocol != PresenceProtocol::Gids || opened.card.is_some() {
        return Err(ApiError::PresenceOver);
    }
    let mut half = [0; 7];
    rand::fill(&mut half).map_err(|_| ApiError::Internal(Internal::Random))?;
    let answer = authentication.answer(&challenge, half).ok_or(ApiError::PresenceWrong)?;
    let entry = call.entry(Deed::ChallengeAnswered).on(request).smartcard(opened.smartcard);
    let uuid = request.uuid;
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, uuid).await?;
        if !tx.challenge_presence(&opened, &challenge).await? {
            return Err(ApiError::PresenceOver);
        }
        let entry = entry.with("diversified", true).with("nonce", opened.nonce);
        Ok(tx.audit(&entry).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Reply::json(&PresenceAnswer { answer: Some(answer.to_vec()), shown: false })
}

/// Judges the card's answer; right or wrong, no other one counts.
async fn take_answer(
    call: &Call<'_>,
    request: &RequestRecord,
    opened: PresenceRecord,
    authentication: &MutualAuthentication,
    answer: Vec<u8>,
) -> Result<Reply, ApiError> {
    let right = authentication.is_answered_by(&opened, &answer);
    let deed = if right { Deed::PresenceShown } else { Deed::PresenceRefused };
    let entry = call.entry(deed).on(request).smartcard(opened.smartcard).with("protocol", opened.protocol.name());
    let uuid = request.uuid;
    let job = async move |tx: &mut Tx| {
        execute::executing(tx, uuid).await?;
        if !tx.end_presence(&opened, Some(answer.as_slice()).filter(|_| right)).await? {
            return Err(ApiError::PresenceOver);
        }
        Ok(tx.audit(&entry.with("nonce", opened.nonce).with("answer", hex::encode(&answer))).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call.id, request = %request.uuid, right, caller = call.caller.name, "presence");
    if right { Reply::json(&PresenceAnswer { answer: None, shown: true }) } else { Err(ApiError::PresenceWrong) }
}
