//! Finds the person behind one of the server's own bearer tokens (RFC 6750): random, stored as a hash, looked up by it.

use super::kept::Kept;
use super::way::{Failure, Found, Until};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::server::users::bearer::bearer_hash;
use crate::store::{BearerRecord, Owned, Store};
use time::{Duration, OffsetDateTime};

/// Sets for how long after a use further ones are not noted.
const COARSE: Duration = Duration::HOUR;

/// Finds the person behind a bearer token; refuses one that is unknown, revoked or expired.
pub async fn find(
    store: &Store,
    kept: &Kept<BearerRecord>,
    bearer: &str,
    now: OffsetDateTime,
) -> Result<Found, Failure> {
    // It is looked up by its hash: how long that takes tells nothing about another bearer token.
    let lets_in = |held: &Owned<BearerRecord>| held.what.revoked.is_none() && now < held.what.expires;
    let held = kept.find(store, &bearer_hash(bearer), lets_in, async |hash| store.bearer_by_hash(hash).await).await;
    let held = held.map_err(ApiError::from)?.ok_or(ApiError::NotAuthenticated)?;
    if held.what.revoked.is_some() {
        return Err(Failure::of(ApiError::NotAuthenticated, &held.holder.name));
    }
    if held.what.expires <= now {
        return Err(ApiError::BearerExpired.into());
    }
    note(store, kept, &held.what, now);
    let until = Until::Moment(held.what.expires);
    Ok(Found { user: held.holder, shown: Shown::Bearer(held.what.uuid), bears_roles: true, answer: None, until })
}

/// Notes the use in the background, so that the call need not wait.
fn note(store: &Store, kept: &Kept<BearerRecord>, record: &BearerRecord, now: OffsetDateTime) {
    let since = now - COARSE;
    if record.last_used.is_some_and(|used| used > since) {
        return;
    }
    kept.note(&record.hash, |record| record.last_used = Some(now));
    let (store, uuid) = (store.clone(), record.uuid);
    tokio::spawn(async move {
        let noted = store.write(move |tx| Box::pin(async move { tx.touch_bearer(uuid, now, since).await })).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a token was not noted");
        }
    });
}
