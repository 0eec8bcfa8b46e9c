//! Ends what ends by itself: temporary cards whose time is over, requests that nobody finishes, keys of requests that have
//! ended.

use super::overdue::Ending;
use crate::cm::lifecycle::{HolderEvent, Narrowing};
use crate::cm::request::RequestStatus;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::{self, Deed};
use crate::server::call::app::App;
use crate::server::error::{ApiError, Internal};
use crate::server::workflow::closing::{card_to_end, closed_unfit};
use crate::server::workflow::holders::{move_card, move_profiles_on};
use crate::server::workflow::revocation::cessation;
use crate::store::{Holder, Reach, Touched, Tx};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Sets the time from one round to the next.
const INTERVAL: Duration = Duration::from_secs(60);

/// Limits how many cards one round ends, so that a server that was away for long serves others too.
const MOST_CARDS: u32 = 200;

/// Ends due cards, round after round, until told to end; the first round is at once.
pub async fn watch(app: Arc<App>, ending: CancellationToken) {
    let mut clock = tokio::time::interval(INTERVAL);
    let mut requests = Ending::default();
    while ending.run_until_cancelled(clock.tick()).await.is_some() {
        // What is due stays due: the next round finds it.
        let ended = end_due_cards(&app, OffsetDateTime::now_utc()).await;
        app.metrics.upkeep_ended("temporary-cards", ended.is_ok());
        if let Err(error) = ended {
            tracing::error!(%error, "what is due could not be read");
        }
        let ended = requests.round(&app, OffsetDateTime::now_utc()).await;
        app.metrics.upkeep_ended("open-requests", ended.is_ok());
        if let Err(error) = ended {
            tracing::error!(%error, "requests that nobody finishes could not be read");
        }
        let forgotten = forget_ended_requests(&app).await;
        app.metrics.upkeep_ended("request-keys", forgotten.is_ok());
        if let Err(error) = forgotten {
            tracing::error!(%error, "whether requests have ended for which keys are kept could not be read");
        }
    }
}

/// Ends the cards that are due, and has new revocation lists made where certificates were revoked.
async fn end_due_cards(app: &App, now: OffsetDateTime) -> Result<(), ApiError> {
    let mut outdated = false;
    for card in app.store.expired_smartcards(now, MOST_CARDS).await? {
        let (uuid, owner) = (card.uuid, card.assigned_user);
        // One that cannot be ended keeps no other from it.
        match app.store.write(move |tx| Box::pin(end_card(tx, uuid, owner, now))).await {
            Ok(revoked) => outdated |= revoked,
            Err(error) => tracing::error!(smartcard = %uuid, %error, "a temporary card could not be ended"),
        }
    }
    if outdated {
        app.publication.outdate();
    }
    Ok(())
}

/// Destroys the keys of requests that have ended otherwise than by a call that was answered here.
async fn forget_ended_requests(app: &App) -> Result<(), ApiError> {
    let Some(recovery) = &app.recovery else { return Ok(()) };
    let kept = recovery.kept_for().map_err(|error| ApiError::Internal(Internal::RequestKey(error.into())))?;
    for uuid in kept {
        let request = app.store.request(uuid).await?;
        if !request.is_some_and(|request| RequestStatus::OPEN.contains(&request.status)) {
            app.forget(uuid);
        }
    }
    Ok(())
}

/// Ends one temporary card, unless another server or a person was faster; returns whether certificates were revoked.
async fn end_card(tx: &mut Tx, uuid: Uuid, owner: Uuid, now: OffsetDateTime) -> Result<bool, ApiError> {
    let card = card_to_end(tx, uuid, owner).await?;
    let is_due = card.holder_role.expires.is_some_and(|expires| expires <= now);
    if card.status == SmartcardStatus::Retired || !is_due {
        return Ok(false);
    }
    let card = move_card(tx, card, HolderEvent::Retire, &Narrowing::NONE).await?;
    move_profiles_on(tx, card.uuid, HolderEvent::Retire).await?;
    let lent = Touched::Held(Holder::Smartcard(card.uuid), Reach::Unshared);
    let revoked = tx.revoke_certificates(lent, cessation(now)).await?;
    let entry = deed::own(Deed::TemporaryCardEnded, now).smartcard(card.uuid).user(owner).with("revoked", revoked);
    tx.audit(&entry).await?;
    let along = deed::own(Deed::RequestWithdrawn, now).with("ended_with", card.uuid);
    let closed = closed_unfit(tx, Some(Holder::Smartcard(card.uuid)), |_| false, &along, now).await?;
    tracing::info!(smartcard = %card.uuid, revoked, closed = closed.requests.len(), "temporary card ended");
    Ok(revoked + closed.revoked > 0)
}
