//! Reads what metrics tell of the store's records.

use crate::store::{self, ChainHead, ListKind, ListRecord, OutboxCount, Store};
use std::sync::Arc;
use time::OffsetDateTime;

/// Holds what only the store knows.
pub struct Stored {
    /// Requests that wait for approval, and since when the oldest does.
    pub pending: u64,
    pub oldest_pending: Option<OffsetDateTime>,
    pub heads: Vec<ChainHead>,
    pub delta: Option<ListRecord>,
    pub base: Option<ListRecord>,
    pub outbox: OutboxCount,
}

/// Reads it.
pub async fn read(store: &Store) -> Result<Arc<Stored>, store::Error> {
    let made = |list: Option<ListRecord>| list.filter(|list| list.number > 0);
    Ok(Arc::new(Stored {
        pending: store.pending_requests().await?.map_or(0, |count| count.0),
        oldest_pending: store.oldest_pending().await?,
        heads: store.audit_chains().await?,
        delta: made(store.list(ListKind::Delta).await?),
        base: made(store.list(ListKind::Base).await?),
        outbox: store.outbox_count().await?,
    }))
}
