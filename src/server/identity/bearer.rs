//! Finds the person behind one of the server's own bearer tokens (RFC 6750): random, stored as a hash, looked up by it.

use super::way::{Failure, Found, Until};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::server::users::bearer::bearer_hash;
use crate::store::{BearerRecord, Store};
use time::{Duration, OffsetDateTime};

/// Sets for how long after a use further ones are not noted.
const COARSE: Duration = Duration::HOUR;

/// Finds the person behind a bearer token; refuses one that is unknown, revoked or expired.
pub async fn find(store: &Store, bearer: &str, now: OffsetDateTime) -> Result<Found, Failure> {
    // It is looked up by its hash: how long that takes tells nothing about another bearer token.
    let held = store.bearer_by_hash(&bearer_hash(bearer)).await.map_err(ApiError::from)?;
    let held = held.ok_or(ApiError::NotAuthenticated)?;
    if held.what.revoked.is_some() {
        return Err(Failure::of(ApiError::NotAuthenticated, &held.holder.name));
    }
    if held.what.expires <= now {
        return Err(ApiError::BearerExpired.into());
    }
    note(store, &held.what, now);
    let until = Until::Moment(held.what.expires);
    Ok(Found { user: held.holder, shown: Shown::Bearer(held.what.uuid), bears_roles: true, answer: None, until })
}

/// Notes the use in the background, so that the call need not wait.
fn note(store: &Store, record: &BearerRecord, now: OffsetDateTime) {
    let since = now - COARSE;
    if record.last_used.is_some_and(|used| used > since) {
        return;
    }
    let (store, uuid) = (store.clone(), record.uuid);
    tokio::spawn(async move {
        let noted = store.write(move |tx| Box::pin(async move { tx.touch_bearer(uuid, now, since).await })).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a token was not noted");
        }
    });
}
