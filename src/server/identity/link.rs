//! Finds the person behind a link that an administrator has made, and spends the link: it lets its owner in once.

use super::way::{Failure, Found, Until};
use crate::secret::LinkCode;
use crate::server::audit::deed::{self, Deed};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::server::users::bearer::bearer_hash;
use crate::server::users::link;
use crate::store::{ActivationUse, AuditEntry, Store, Tx};
use std::net::IpAddr;
use time::OffsetDateTime;
use uuid::Uuid;

/// Finds the person behind a link's code, and spends the link in the same transaction; the log has when and from where.
/// Refuses a code that is unknown, over or used. `call` is the correlation id.
pub async fn find(
    store: &Store,
    code: &LinkCode,
    address: Option<IpAddr>,
    (now, call): (OffsetDateTime, Uuid),
) -> Result<Found, Failure> {
    // It is looked up by its hash: how long that takes tells nothing about another link.
    let hash = bearer_hash(code.expose());
    let from = address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
    let used = ActivationUse { at: now, from };
    let entry = AuditEntry { correlation: Some(call), ..deed::own(Deed::LinkUsed, now) };
    let job = async move |tx: &mut Tx| Ok::<_, ApiError>(link::spent(tx, &hash, used, entry).await?);
    let held = store.write(move |tx| Box::pin(job(tx))).await?;
    tracing::info!(id = %call, link = %held.what.uuid, user = %held.holder.uuid, ?address, "a link was used");
    let shown = Shown::Link(held.what.uuid);
    Ok(Found { user: held.holder, shown, bears_roles: true, answer: None, until: Until::Itself })
}
