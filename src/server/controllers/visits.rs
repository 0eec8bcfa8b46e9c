//! `visits`: a kiosk, an unattended workstation with an account of its own, lets people in for a short time.

use crate::cm::smartcard::SmartcardStatus;
use crate::cm::visit::{
    CHALLENGE, CardShown, Visit, VisitChallenge, VisitOrder, VisitWay, VisitingUser, Whom, signed_text,
};
use crate::pkix::{Certificate, SignatureAlgorithm};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::controllers::handover;
use crate::server::error::{ApiError, Internal};
use crate::server::identity::certificate;
use crate::server::identity::visit::FreshVisit;
use crate::server::permission::caller::{Duty, Shown};
use crate::server::permission::has;
use crate::server::requests::visited::{self, Sought};
use crate::store::{Tx, UserRecord};
use aws_lc_rs::rand;
use time::Duration;
use zeroize::Zeroizing;

/// Sets for how long a card may take to sign.
const CHALLENGE_LASTS: Duration = Duration::minutes(2);

/// Refuses whoever is no kiosk.
fn check_kiosk(call: &Call<'_>) -> Result<(), ApiError> {
    if has(&call.caller, Duty::LetIn) { Ok(()) } else { Err(ApiError::Forbidden("let people in")) }
}

/// Answers `POST visits`: lets a person in by a request's one-time password, by what the person's card has signed, or by a code.
pub async fn begin(call: &Call<'_>, order: VisitOrder) -> Result<Reply, ApiError> {
    check_kiosk(call)?;
    let way = order.way()?;
    let limits = &call.app.identity.limits;
    let who = match &way {
        VisitWay::Password(Whom::Person(name), _) => Some(name.to_lowercase()),
        VisitWay::Password(Whom::Card(card), _) => Some(card.to_string()),
        VisitWay::Card(_) | VisitWay::Code(_) => None,
    };
    limits.visit(call.caller.uuid, who.as_deref())?;
    let begun = match way {
        VisitWay::Password(whom, passwords) => {
            let sought = Sought::by(call, &whom).await?;
            visited::begin(call, &sought, &passwords).await?
        }
        VisitWay::Card(shown) => by_card(call, shown).await?,
        VisitWay::Code(code) => handover::taken(call, &code).await?,
    };
    limits.visited(call.caller.uuid, who.as_deref());
    let (FreshVisit { record, bearer }, user) = begun;
    tracing::info!(id = %call.id, visit = %record.uuid, user = user.name, kiosk = call.caller.name, "let in at a kiosk");
    Reply::json(&Visit {
        bearer: Zeroizing::new(bearer.expose().to_owned()),
        expires: record.ends,
        user: VisitingUser { uuid: user.uuid, name: user.name },
        request: record.request,
    })
}

/// Answers `POST visits/challenge`: what a card is to sign. It replaces the kiosk's earlier one.
pub async fn challenge(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_kiosk(call)?;
    let mut challenge = vec![0; CHALLENGE];
    rand::fill(&mut challenge).map_err(|_| ApiError::Internal(Internal::Random))?;
    let (kiosk, expires, kept) = (call.caller.uuid, call.now + CHALLENGE_LASTS, challenge.clone());
    let job = call.app.store.write(move |tx| {
        Box::pin(async move { Ok::<_, ApiError>(tx.replace_visit_challenge(kiosk, &kept, expires).await?) })
    });
    job.await?;
    Reply::json(&VisitChallenge { challenge, expires })
}

/// Answers `POST visits/end`: ends the visit that the call is made in, or all that the calling kiosk has begun.
pub async fn end(call: &Call<'_>) -> Result<Reply, ApiError> {
    let now = call.now;
    let (kiosk, entry) = (call.caller.uuid, call.entry(Deed::VisitEnded));
    match call.caller.shown {
        Shown::Visit { visit, .. } => {
            let entry = entry.user(call.caller.uuid).with("visit", visit);
            let job = call.app.store.write(move |tx| {
                Box::pin(async move {
                    let under_way = tx.end_visit(visit, now).await?;
                    if under_way { Ok::<_, ApiError>(tx.audit(&entry).await?) } else { Ok(()) }
                })
            });
            job.await?;
        }
        _ => {
            check_kiosk(call)?;
            let job = call.app.store.write(move |tx| {
                Box::pin(async move {
                    match tx.end_visits_at(kiosk, now).await? {
                        0 => Ok::<_, ApiError>(()),
                        ended => Ok(tx.audit(&entry.with("visits", ended)).await?),
                    }
                })
            });
            job.await?;
        }
    }
    Ok(Reply::Empty)
}

/// Lets the owner of a card in that has signed the kiosk's challenge.
async fn by_card(call: &Call<'_>, shown: CardShown) -> Result<(FreshVisit, UserRecord), ApiError> {
    if !call.app.public_names.iter().any(|name| name.eq_ignore_ascii_case(&shown.server)) {
        return Err(ApiError::PossessionElsewhere(shown.server));
    }
    take_challenge(call, &shown.challenge).await?;
    let found = owner(call, &shown).await;
    let user = match found {
        Ok(user) => user,
        Err((error, user)) => {
            let (_, code) = error.status_and_code();
            visited::refused(call, user.as_ref(), call.entry(Deed::VisitRefused).with("way", "card").with("why", code))
                .await?;
            return Err(error);
        }
    };
    let certificate = Certificate::from_der(&shown.certificate).map_err(|_| ApiError::VisitRefused)?;
    let serial = hex::encode_upper(certificate.serial_bytes());
    let entry = call.entry(Deed::VisitBegun).with("way", "card").with("serial", serial);
    let fresh = FreshVisit::new((user.uuid, call.caller.uuid), None, (call.now, call.app.visit_lasts))?;
    let fresh = fresh.while_holds(&certificate);
    let record = fresh.record.clone();
    let job = async move |tx: &mut Tx| visited::written(tx, &record, entry).await;
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Ok((fresh, user))
}

/// Takes the challenge that a card has signed, once, at whichever server of the database.
async fn take_challenge(call: &Call<'_>, challenge: &[u8]) -> Result<(), ApiError> {
    let (kiosk, now, challenge) = (call.caller.uuid, call.now, challenge.to_vec());
    let entry = call.entry(Deed::VisitRefused).with("way", "card").with("why", "challenge");
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            let taken = tx.take_visit_challenge(kiosk, &challenge, now).await?;
            if !taken {
                tx.audit(&entry).await?;
            }
            Ok::<_, ApiError>(taken)
        })
    });
    match job.await? {
        true => Ok(()),
        false => Err(ApiError::VisitChallengeOver),
    }
}

/// Returns the owner of the certificate whose key has signed, as at the client-certificate way in; or why nobody is let in, and
/// whose certificate it is where that may be told. Nothing is said of a certificate whose key is not there.
async fn owner(call: &Call<'_>, shown: &CardShown) -> Result<UserRecord, (ApiError, Option<UserRecord>)> {
    let refused = |error| (error, None);
    let text = signed_text(&shown.server, &shown.challenge);
    let key = Certificate::from_der(&shown.certificate).and_then(|certificate| certificate.public_key());
    let signed = key.is_ok_and(|key| {
        key.verify(SignatureAlgorithm::usual_for(key.kind()), text.as_bytes(), &shown.signature).is_ok()
    });
    if !signed {
        return Err(refused(ApiError::VisitRefused));
    }
    let authority = call.app.authorities.own();
    let rules = (authority.own(), &*call.app.templates);
    let found = certificate::own(&call.app.store, rules, &shown.certificate, call.now).await;
    match found {
        Ok(found) if !is_in_use(call, &shown.certificate).await.map_err(refused)? => {
            Err((ApiError::VisitRefused, Some(found.user)))
        }
        Ok(found) if found.user.disabled => Err((ApiError::UserDisabled, Some(found.user))),
        Ok(found) => Ok(found.user),
        Err(failure) if matches!(failure.error, ApiError::NotAuthenticated) => Err(refused(ApiError::VisitRefused)),
        Err(failure) => Err(refused(failure.error)),
    }
}

/// Says whether the card that a certificate was issued on is in use, if it was issued on one.
async fn is_in_use(call: &Call<'_>, certificate: &[u8]) -> Result<bool, ApiError> {
    let serial = Certificate::from_der(certificate).map_err(|_| ApiError::VisitRefused)?.serial_bytes();
    let issued_on = call.app.store.certificate(&serial).await?.and_then(|record| record.smartcard);
    let Some(smartcard) = issued_on else { return Ok(true) };
    let card = call.app.store.smartcard(smartcard).await?;
    Ok(card.is_some_and(|card| matches!(card.status, SmartcardStatus::Assigned | SmartcardStatus::Active)))
}
