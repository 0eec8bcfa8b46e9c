//! Users and their tokens: the rules of a record, and the write jobs of an administrator, of the issuer, and of oneself.

use super::error::ApiError;
use super::identity::{new_token, token_hash};
use crate::ca::is_sid;
use crate::secret::BearerToken;
use crate::store::{AuditEntry, Error, TokenRecord, Tx, UserRecord};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Bounds of a user's record.
const MAX_NAME: usize = 128;
const MAX_GROUPS: usize = 64;
const MAX_TEXT: usize = 256;
const MAX_ATTRIBUTES: usize = 32;
/// Tokens that hold at one time, of one user.
const MAX_TOKENS: usize = 32;
/// How long a token holds at most, and not less than.
pub const MAX_DAYS: u32 = 1096;
/// How long a renewed token goes on to hold: the answer with the new one may be lost.
const GRACE: Duration = Duration::minutes(10);

/// Why a user or token was not written.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefusal {
    #[error("there is a user of that name already")]
    UserExists,
    #[error(
        "\"{0}\" is no name for a user or group: up to {MAX_NAME} characters, none of them a control character or \":\""
    )]
    Name(String),
    #[error("a user is in at most {MAX_GROUPS} groups")]
    TooManyGroups,
    #[error("UPN, e-mail address, SID and label have up to {MAX_TEXT} characters, none of them a control character")]
    Text,
    #[error("\"{0}\" is no security identifier such as S-1-5-21-1-2-3-1104")]
    Sid(String),
    #[error(
        "an attribute is a name of a-z, 0-9 and -, and a value of up to {MAX_TEXT} characters; at most {MAX_ATTRIBUTES}"
    )]
    Attribute,
    #[error("a token holds for 1 to {MAX_DAYS} days")]
    Lifetime,
    #[error("a user has at most {MAX_TOKENS} tokens that hold; revoke one first")]
    TooManyTokens,
    #[error("this is for callers with a token of this server; come in with the one that is meant")]
    NotByToken,
}

/// Checks what is to be written of a user.
pub fn check(user: &UserRecord) -> Result<(), AccountRefusal> {
    if user.groups.len() > MAX_GROUPS {
        return Err(AccountRefusal::TooManyGroups);
    }
    if let Some(bad) = [&user.name].into_iter().chain(&user.groups).find(|name| !is_name(name)) {
        return Err(AccountRefusal::Name(bad.clone()));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let writable = |(name, value): (&String, &String)| {
        !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain) && is_text(value)
    };
    if user.attributes.len() > MAX_ATTRIBUTES || !user.attributes.iter().all(writable) {
        return Err(AccountRefusal::Attribute);
    }
    if let Some(sid) = user.sid.as_ref().filter(|sid| !is_sid(sid)) {
        return Err(AccountRefusal::Sid(sid.clone()));
    }
    let texts = [&user.upn, &user.email, &user.sid];
    if texts.into_iter().flatten().all(|text| !text.is_empty() && is_text(text)) {
        Ok(())
    } else {
        Err(AccountRefusal::Text)
    }
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=MAX_NAME).contains(&length)
        && name.trim() == name
        && !name.chars().any(|character| character.is_control() || character == ':')
}

fn is_text(text: &str) -> bool {
    text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// A token about to be written, and what its owner is told.
pub struct FreshToken {
    pub record: TokenRecord,
    pub token: BearerToken,
}

impl FreshToken {
    /// Makes a token; `None` when the system gives no random bytes.
    pub fn new(owner: Uuid, label: &str, now: OffsetDateTime, expires: OffsetDateTime) -> Option<Self> {
        let token = new_token().ok()?;
        let hash = token_hash(token.expose());
        let (uuid, label) = (Uuid::now_v7(), label.to_owned());
        let record = TokenRecord { uuid, owner, label, hash, created: now, expires, last_used: None, revoked: None };
        Some(Self { record, token })
    }
}

/// When a token made now for this many days ends.
pub fn expiry(now: OffsetDateTime, days: u32) -> Result<OffsetDateTime, AccountRefusal> {
    if (1..=MAX_DAYS).contains(&days) { Ok(now + Duration::days(days.into())) } else { Err(AccountRefusal::Lifetime) }
}

/// Adds a user, with a first token or without.
pub async fn added(
    tx: &mut Tx,
    user: &UserRecord,
    token: Option<&TokenRecord>,
    entry: &AuditEntry,
) -> Result<(), ApiError> {
    check(user)?;
    tx.insert_user(user).await.map_err(|error| match error {
        Error::Duplicate { .. } => AccountRefusal::UserExists.into(),
        other => ApiError::from(other),
    })?;
    if let Some(token) = token {
        tx.insert_token(token).await?;
    }
    Ok(tx.audit(entry).await?)
}

/// Replaces what is known of a user.
pub async fn changed(tx: &mut Tx, user: UserRecord, entry: AuditEntry) -> Result<UserRecord, ApiError> {
    check(&user)?;
    tx.update_user(&user).await?;
    tx.audit(&entry.with("groups", user.groups.join(" ")).with("disabled", user.disabled)).await?;
    Ok(user)
}

/// Adds a token of a user who has not too many.
pub async fn token_added(tx: &mut Tx, token: &TokenRecord, entry: &AuditEntry) -> Result<(), ApiError> {
    if !is_text(&token.label) {
        return Err(AccountRefusal::Text.into());
    }
    let holds = |other: &TokenRecord| other.revoked.is_none() && other.expires > token.created;
    if tx.tokens_of(token.owner).await?.iter().filter(|other| holds(other)).count() >= MAX_TOKENS {
        return Err(AccountRefusal::TooManyTokens.into());
    }
    tx.insert_token(token).await?;
    Ok(tx.audit(entry).await?)
}

/// Puts `fresh` in the place of a token, which ends within minutes.
pub async fn token_renewed(tx: &mut Tx, old: Uuid, fresh: &TokenRecord, entry: &AuditEntry) -> Result<(), ApiError> {
    token_added(tx, fresh, entry).await?;
    Ok(tx.shorten_token(old, fresh.created + GRACE).await?)
}

/// Revokes a token; one that is revoked already stays so, and is no second act.
pub async fn token_revoked(tx: &mut Tx, token: Uuid, at: OffsetDateTime, entry: &AuditEntry) -> Result<(), ApiError> {
    let holds = tx.token(token).await?.is_some_and(|token| token.revoked.is_none());
    if holds && tx.revoke_token(token, at).await? {
        tx.audit(entry).await?;
    }
    Ok(())
}
