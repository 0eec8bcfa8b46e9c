//! Makes links by which a person signs in once, and spends them: for whoever has no other way in at hand.

use super::bearer::{bearer_hash, new_bearer};
use super::jobs::JobError;
use super::rules::{AccountRefusal, MAX_MINUTES};
use crate::secret::LinkCode;
use crate::store::{ActivationUse, AuditEntry, Error, LinkRecord, Owned, Tx};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Sets for how many minutes a link is good where nobody says otherwise.
pub const MINUTES: u32 = 15;

/// Holds the record of a link that is about to be written, and the code with which its owner signs in.
pub struct FreshLink {
    pub record: LinkRecord,
    pub code: LinkCode,
}

impl FreshLink {
    /// Makes a code, 32 random bytes in base64url, and its record; `None` when the system gives no random bytes.
    pub fn new(owner: Uuid, now: OffsetDateTime, ends: OffsetDateTime) -> Option<Self> {
        let bearer = new_bearer().ok()?;
        let hash = bearer_hash(bearer.expose());
        let record = LinkRecord { uuid: Uuid::now_v7(), owner, hash, created: now, ends, used: None };
        Some(Self { record, code: LinkCode::new(bearer.expose().to_owned()) })
    }
}

/// Returns when a link that is made now for this many minutes ends; refuses none and more than [`MAX_MINUTES`].
pub fn end(now: OffsetDateTime, minutes: u32) -> Result<OffsetDateTime, AccountRefusal> {
    match (1..=MAX_MINUTES).contains(&minutes) {
        true => Ok(now + Duration::minutes(minutes.into())),
        false => Err(AccountRefusal::LinkLifetime),
    }
}

/// Adds a link; those of the same person that nobody has used end. Refuses a person who is disabled.
pub async fn made(tx: &mut Tx, link: &LinkRecord, entry: &AuditEntry) -> Result<(), JobError> {
    let owner = tx.user(link.owner).await?.ok_or(Error::Missing { table: "users", record: link.owner })?;
    if owner.disabled {
        return Err(AccountRefusal::LinkOfDisabled(owner.name).into());
    }
    tx.insert_link(link).await?;
    Ok(tx.audit(entry).await?)
}

/// Spends the link whose code has this hash, for whoever shows the code, and returns whose it is. Refuses a code that is
/// unknown, over or used, and one of a person who is disabled.
pub async fn spent(
    tx: &mut Tx,
    hash: &[u8; 32],
    used: ActivationUse,
    entry: AuditEntry,
) -> Result<Owned<LinkRecord>, JobError> {
    let held = tx.link_by_hash(hash).await?.filter(|held| !held.holder.disabled);
    let held = held.ok_or(AccountRefusal::LinkUnknown)?;
    match &held.what.used {
        Some(ActivationUse { at, from }) => {
            return Err(AccountRefusal::LinkUsed { at: *at, from: from.clone() }.into());
        }
        None if held.what.ends <= used.at => return Err(AccountRefusal::LinkOver { ends: held.what.ends }.into()),
        None => {}
    }
    // Somebody may have shown the same code at another server meanwhile.
    if !tx.spend_link(held.what.uuid, &used).await? {
        return Err(AccountRefusal::LinkUnknown.into());
    }
    tx.audit(&entry.user(held.what.owner).with("link", held.what.uuid).with("from", &used.from)).await?;
    Ok(Owned { what: LinkRecord { used: Some(used), ..held.what }, holder: held.holder })
}
