//! Who calls: from a bearer token to a person.

use super::error::ApiError;
use super::template::{Attributes, UserAttribute};
use crate::secret::BearerToken;
use crate::store::{Store, UserRecord};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

const TOKEN_BYTES: usize = 32;
/// Longer credentials are not ours; they are not even hashed.
const MAX_CREDENTIALS: usize = 512;

/// A person who has shown a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

/// Makes a new bearer token: 32 random bytes, base64url.
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

/// Finds the person behind the `Authorization` header (RFC 6750, 2.1).
pub async fn authenticate(store: &Store, headers: &HeaderMap, now: OffsetDateTime) -> Result<Caller, ApiError> {
    let credentials = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credentials = credentials.filter(|text| text.len() <= MAX_CREDENTIALS).ok_or(ApiError::NotAuthenticated)?;
    let (scheme, token) = credentials.split_once(' ').ok_or(ApiError::NotAuthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::NotAuthenticated);
    }
    // The token is looked up by its hash: how long that takes tells nothing about another token.
    let user = store.user_by_token_hash(&token_hash(token.trim())).await?.ok_or(ApiError::NotAuthenticated)?;
    if user.token_expires <= now {
        return Err(ApiError::TokenExpired);
    }
    Ok(Caller { uuid: user.uuid, name: user.name, groups: user.groups })
}

impl Attributes for UserRecord {
    fn attribute(&self, attribute: &UserAttribute) -> Option<&str> {
        match attribute {
            UserAttribute::Name => Some(&self.name),
            UserAttribute::Upn => self.upn.as_deref(),
            UserAttribute::Email => self.email.as_deref(),
            UserAttribute::Sid => self.sid.as_deref(),
            UserAttribute::Other(name) => self.attributes.get(name).map(String::as_str),
        }
    }
}
