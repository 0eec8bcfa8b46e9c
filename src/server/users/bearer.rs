//! Makes bearer tokens and their records: random bytes, their hash, and how long they hold.

use super::rules::{AccountRefusal, MAX_DAYS};
use crate::secret::BearerToken;
use crate::store::BearerRecord;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Counts the random bytes of a bearer token.
const BEARER_BYTES: usize = 32;

/// Holds a bearer record that is about to be written, and the bearer token that its owner is shown once.
pub struct FreshBearer {
    pub record: BearerRecord,
    pub token: BearerToken,
}

impl FreshBearer {
    /// Makes a bearer token and its record; `None` when the system gives no random bytes.
    pub fn new(owner: Uuid, label: &str, now: OffsetDateTime, expires: OffsetDateTime) -> Option<Self> {
        let bearer = new_bearer().ok()?;
        let hash = bearer_hash(bearer.expose());
        let (uuid, label) = (Uuid::now_v7(), label.to_owned());
        let record = BearerRecord { uuid, owner, label, hash, created: now, expires, last_used: None, revoked: None };
        Some(Self { record, token: bearer })
    }
}

/// Returns when a bearer token that is made now for this many days ends; refuses none and more than [`MAX_DAYS`].
pub fn expiry(now: OffsetDateTime, days: u32) -> Result<OffsetDateTime, AccountRefusal> {
    if (1..=MAX_DAYS).contains(&days) { Ok(now + Duration::days(days.into())) } else { Err(AccountRefusal::Lifetime) }
}

/// Makes a new bearer token, or the value of a session's cookie: 32 random bytes, base64url.
pub fn new_bearer() -> Result<BearerToken, aws_lc_rs::error::Unspecified> {
    let mut bytes = Zeroizing::new([0; BEARER_BYTES]);
    rand::fill(bytes.as_mut_slice())?;
    Ok(BearerToken::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Returns what is stored of a bearer token: its SHA-256. It is random, so that a slow hash would protect nothing.
pub fn bearer_hash(bearer: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bearer.as_bytes()).as_ref());
    hash
}
