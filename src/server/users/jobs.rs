//! Writes users and their bearer records, each job with its act for the log; called for an administrator, for an
//! issuer, and for the user himself.

use super::domains::Domains;
use super::rules::{AccountRefusal, MAX_BEARERS, MAX_IDENTITIES, check, check_identity, is_text};
use crate::store::{
    Activation, ActivationUse, AuditEntry, BearerRecord, Error, IdentityRecord, NameKind, Tx, UserRecord, folded,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Sets for how long a renewed bearer token goes on to hold: the answer with the new one may be lost.
const GRACE: Duration = Duration::minutes(10);

/// Says why a write job changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Refused(#[from] AccountRefusal),
    #[error("the store failed")]
    Store(#[from] Error),
}

/// Adds a user, with a first bearer record or without.
pub async fn added(
    tx: &mut Tx,
    user: &UserRecord,
    bearer: Option<&BearerRecord>,
    domains: &Domains,
    entry: &AuditEntry,
) -> Result<(), JobError> {
    check(user, None)?;
    domains.check(user, None)?;
    tx.lock_names().await?;
    check_unique(tx, user, None).await?;
    tx.insert_user(user).await.map_err(|error| match error {
        Error::Duplicate { .. } => JobError::Refused(AccountRefusal::UserExists),
        other => JobError::Store(other),
    })?;
    if let Some(bearer) = bearer {
        tx.insert_bearer(bearer).await?;
    }
    Ok(tx.audit(entry).await?)
}

/// Refuses a name, UPN, e-mail address or security identifier that another user has, in whatever letter case and
/// Unicode form. What the user had `before` may stay.
async fn check_unique(tx: &mut Tx, user: &UserRecord, before: Option<&UserRecord>) -> Result<(), JobError> {
    for kind in NameKind::ALL {
        let Some(text) = kind.of(user) else { continue };
        let had = before.and_then(|before| kind.of(before)).is_some_and(|had| folded(had) == folded(text));
        if !had && tx.users_named(kind, text).await?.iter().any(|other| other.uuid != user.uuid) {
            return Err(match kind {
                NameKind::Name => AccountRefusal::UserExists,
                NameKind::Upn | NameKind::Email | NameKind::Sid => AccountRefusal::NotUnique(kind.told()),
            }
            .into());
        }
    }
    Ok(())
}

/// Holds a user's record as it was, and as it is now.
pub struct Changed {
    pub before: UserRecord,
    pub user: UserRecord,
}

/// Changes what is known of a user, as it is at this moment; what is not changed is not judged again.
pub async fn changed(
    tx: &mut Tx,
    user: Uuid,
    change: impl FnOnce(UserRecord) -> UserRecord,
    domains: &Domains,
    entry: AuditEntry,
) -> Result<Changed, JobError> {
    let before = tx.user(user).await?.ok_or(Error::Missing { table: "users", record: user })?;
    let user = change(before.clone());
    if user == before {
        return Ok(Changed { before, user });
    }
    tx.lock_names().await?;
    check(&user, Some(&before))?;
    domains.check(&user, Some(&before))?;
    check_unique(tx, &user, Some(&before)).await?;
    tx.update_user(&user).await?;
    if user.disabled {
        // They are not to come back to life with their user.
        tx.remove_sessions_of(user.uuid).await?;
        tx.end_links_of(user.uuid).await?;
        tx.end_visits_of(user.uuid).await?;
    }
    tx.audit(&entry.with("groups", user.groups.join(" ")).with("disabled", user.disabled)).await?;
    Ok(Changed { before, user })
}

/// Has an identity stand for its owner, in place of whomever it stood for, whose sessions end.
pub async fn linked(tx: &mut Tx, identity: &IdentityRecord, entry: AuditEntry) -> Result<(), JobError> {
    let IdentityRecord { issuer, subject, owner, .. } = identity;
    if let Some(former) = tx.user_by_identity(issuer, subject).await?.filter(|former| former.uuid != *owner) {
        tx.remove_sessions_of(former.uuid).await?;
    }
    if !tx.move_identity(issuer, subject, *owner).await? {
        tx.insert_identity(identity).await?;
    }
    Ok(tx.audit(&entry.with("issuer", issuer).with("subject", subject)).await?)
}

/// Likewise, but refuses an identity that stands for somebody else, and one more than [`MAX_IDENTITIES`] of a user.
/// Returns it as it is kept.
pub async fn linked_anew(
    tx: &mut Tx,
    identity: &IdentityRecord,
    entry: AuditEntry,
) -> Result<IdentityRecord, JobError> {
    let IdentityRecord { issuer, subject, owner, .. } = identity;
    check_identity(issuer, subject)?;
    let stands = tx.identity_named(issuer, subject).await?.filter(|known| known.unlinked.is_none());
    match stands {
        Some(known) if known.owner == *owner => return Ok(known),
        Some(_) => return Err(AccountRefusal::IdentityTaken.into()),
        None => {}
    }
    let held = tx.identities_of(*owner).await?;
    if held.iter().filter(|held| held.unlinked.is_none()).count() >= MAX_IDENTITIES {
        return Err(AccountRefusal::TooManyIdentities.into());
    }
    linked(tx, identity, entry).await?;
    let kept = tx.identity_named(issuer, subject).await?;
    kept.ok_or(JobError::Store(Error::Missing { table: "identities", record: identity.uuid }))
}

/// Has an identity stand for nobody, and ends the sessions of whom it stood for; one that stands for nobody stays so.
pub async fn unlinked(
    tx: &mut Tx,
    identity: IdentityRecord,
    at: OffsetDateTime,
    entry: AuditEntry,
) -> Result<(), JobError> {
    let IdentityRecord { uuid, owner, issuer, subject, .. } = identity;
    if tx.unlink_identity(uuid, at).await? {
        tx.remove_sessions_of(owner).await?;
        tx.audit(&entry.user(owner).with("issuer", issuer).with("subject", subject)).await?;
    }
    Ok(())
}

/// Adds a bearer record; refuses a user who has [`MAX_BEARERS`] that hold.
pub async fn bearer_added(tx: &mut Tx, bearer: &BearerRecord, entry: &AuditEntry) -> Result<(), JobError> {
    if !is_text(&bearer.label) {
        return Err(AccountRefusal::Text.into());
    }
    held(tx, bearer, entry).await
}

/// Adds a bearer record whose label was judged already.
async fn held(tx: &mut Tx, bearer: &BearerRecord, entry: &AuditEntry) -> Result<(), JobError> {
    let awaits = |other: &BearerRecord| match &other.activation {
        Some(Activation { ends, used: None, .. }) => *ends > bearer.created,
        _ => true,
    };
    let holds = |other: &BearerRecord| other.revoked.is_none() && other.expires > bearer.created && awaits(other);
    // Read by its key, so that jobs of other servers that count this user's records wait.
    tx.user(bearer.owner).await?.ok_or(Error::Missing { table: "users", record: bearer.owner })?;
    if tx.bearers_of(bearer.owner).await?.iter().filter(|other| holds(other)).count() >= MAX_BEARERS {
        return Err(AccountRefusal::TooManyBearers.into());
    }
    tx.insert_bearer(bearer).await?;
    Ok(tx.audit(entry).await?)
}

/// Adds `fresh` in the place of an old bearer record, which ends ten minutes later; [`Error::Changed`] where that was
/// revoked meanwhile.
pub async fn bearer_renewed(tx: &mut Tx, old: Uuid, fresh: &BearerRecord, entry: &AuditEntry) -> Result<(), JobError> {
    if tx.bearer(old).await?.is_none_or(|old| old.revoked.is_some()) {
        return Err(Error::Changed { table: "tokens", record: old, expected: "one that holds" }.into());
    }
    held(tx, fresh, entry).await?;
    Ok(tx.shorten_bearer(old, fresh.created + GRACE).await?)
}

/// Makes a bearer token of the record whose activation code has this hash, for whoever shows the code; returns when it
/// ends. Refuses a code that is unknown, over or used, and one of a user who is disabled.
pub async fn bearer_activated(
    tx: &mut Tx,
    code: &[u8; 32],
    token: &[u8; 32],
    used: ActivationUse,
    entry: AuditEntry,
) -> Result<BearerRecord, JobError> {
    let held = tx.bearer_by_activation(code).await?.filter(|held| !held.holder.disabled);
    let held = held.ok_or(AccountRefusal::CodeUnknown)?.what;
    // Read by its key it stays as it is, whoever shows the code at another server.
    let record = tx.bearer(held.uuid).await?.filter(|record| record.revoked.is_none());
    let record = record.ok_or(AccountRefusal::CodeUnknown)?;
    let activation = record.activation.clone().ok_or(AccountRefusal::CodeUnknown)?;
    match activation.used {
        Some(ActivationUse { at, from }) => return Err(AccountRefusal::CodeUsed { at, from }.into()),
        None if activation.ends <= used.at => return Err(AccountRefusal::CodeOver { ends: activation.ends }.into()),
        None => {}
    }
    let expires = used.at + (record.expires - record.created);
    if !tx.activate_bearer(record.uuid, (token, expires), &used).await? {
        return Err(AccountRefusal::CodeUnknown.into());
    }
    tx.audit(&entry.user(record.owner).with("token", record.uuid).with("from", used.from)).await?;
    Ok(BearerRecord { expires, ..record })
}

/// Revokes a bearer record; one that is revoked already stays so, without a second act.
pub async fn bearer_revoked(tx: &mut Tx, bearer: Uuid, at: OffsetDateTime, entry: &AuditEntry) -> Result<(), JobError> {
    let holds = tx.bearer(bearer).await?.is_some_and(|bearer| bearer.revoked.is_none());
    if holds && tx.revoke_bearer(bearer, at).await? {
        tx.audit(entry).await?;
    }
    Ok(())
}
