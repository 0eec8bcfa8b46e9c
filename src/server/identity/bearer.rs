//! The server's own bearer tokens: random, stored by their hash, looked up by it (RFC 6750).

use super::{Failure, Found, Shown};
use crate::secret::BearerToken;
use crate::server::error::ApiError;
use crate::store::{Store, TokenRecord};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

const TOKEN_BYTES: usize = 32;
/// How long a use is not noted again.
const COARSE: Duration = Duration::HOUR;

/// Makes a new token: 32 random bytes, base64url.
pub fn new_token() -> Result<BearerToken, aws_lc_rs::error::Unspecified> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    rand::fill(bytes.as_mut_slice())?;
    Ok(BearerToken::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// What is stored of a token: its SHA-256. A token is random, so that a slow hash would protect nothing.
pub fn token_hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

/// Finds the person behind a token.
pub async fn find(store: &Store, token: &str, now: OffsetDateTime) -> Result<Found, Failure> {
    // The token is looked up by its hash: how long that takes tells nothing about another token.
    let held = store.token_by_hash(&token_hash(token)).await.map_err(ApiError::from)?;
    let held = held.ok_or(ApiError::NotAuthenticated)?;
    if held.what.revoked.is_some() {
        return Err(Failure::of(ApiError::NotAuthenticated, &held.holder.name));
    }
    if held.what.expires <= now {
        return Err(ApiError::TokenExpired.into());
    }
    note(store, &held.what, now);
    Ok(Found { user: held.holder, shown: Shown::Token(held.what.uuid), answer: None })
}

/// Notes the use, outside the call's way.
fn note(store: &Store, token: &TokenRecord, now: OffsetDateTime) {
    let since = now - COARSE;
    if token.last_used.is_some_and(|used| used > since) {
        return;
    }
    let (store, uuid) = (store.clone(), token.uuid);
    tokio::spawn(async move {
        let noted = store.write(move |tx| Box::pin(async move { tx.touch_token(uuid, now, since).await })).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a token was not noted");
        }
    });
}
