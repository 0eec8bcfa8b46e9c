//! Keeps what metrics tell of the store's records for a second, so that nobody keeps the store busy by asking.

use crate::store::{self, ChainHead, ListKind, ListRecord, OutboxCount, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// Sets for how long it is told again.
const KEPT: Duration = Duration::from_secs(1);

/// Holds what was read last, and when.
#[derive(Default)]
pub struct KeptStored(Mutex<Option<(Instant, Arc<Stored>)>>);

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

impl KeptStored {
    /// Reads the records, unless that was done just now; one at a time does, for those who wait meanwhile too.
    pub async fn read(&self, store: &Store) -> Result<Arc<Stored>, store::Error> {
        let mut kept = self.0.lock().await;
        if let Some((_, young)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
            return Ok(Arc::clone(young));
        }
        let read = Arc::new(read(store).await?);
        *kept = Some((Instant::now(), Arc::clone(&read)));
        Ok(read)
    }
}

async fn read(store: &Store) -> Result<Stored, store::Error> {
    let made = |list: Option<ListRecord>| list.filter(|list| list.number > 0);
    Ok(Stored {
        pending: store.pending_requests().await?.map_or(0, |count| count.0),
        oldest_pending: store.oldest_pending().await?,
        heads: store.audit_chains().await?,
        delta: made(store.list(ListKind::Delta).await?),
        base: made(store.list(ListKind::Base).await?),
        outbox: store.outbox_count().await?,
    })
}
