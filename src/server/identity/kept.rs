//! Keeps what the store says of bearer tokens and sessions, with their owners and those owners' groups.
//!
//! It counts as long as the store's version of callers has not changed: a change made on this server is heeded by the very next
//! call, one made by another program within [`HEEDED_WITHIN`](crate::store::HEEDED_WITHIN). What is kept only lets in: whoever is to
//! be refused is looked up once more. Only what the store has is kept, so a stranger fills nothing.

use crate::store::{self, Owned, Store};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bounds the records that are kept of each kind.
const MOST: usize = 2048;
/// Sets after which time a record is read again, whatever the version.
const LONGEST: Duration = Duration::from_secs(60);

/// Holds records by the SHA-256 of what is shown for them.
pub struct Kept<T>(Mutex<Records<T>>);

struct Records<T> {
    /// Of the store, which they were read after.
    version: u64,
    records: HashMap<[u8; 32], (Instant, Owned<T>)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Records { version: 0, records: HashMap::new() }))
    }
}

impl<T: Clone> Kept<T> {
    /// Returns the record for a hash: the one that is kept, as long as it holds and `lets_in`, or else what `ask` finds in the
    /// store.
    pub async fn find(
        &self,
        store: &Store,
        hash: &[u8; 32],
        lets_in: impl FnOnce(&Owned<T>) -> bool,
        ask: impl AsyncFnOnce(&[u8; 32]) -> Result<Option<Owned<T>>, store::Error>,
    ) -> Result<Option<Owned<T>>, store::Error> {
        // Known before the record is read: what is changed meanwhile makes it count as outdated.
        let version = store.versions().await?.callers;
        if let Some(kept) = self.known(version, hash).filter(|kept| lets_in(kept) && !kept.holder.disabled) {
            return Ok(Some(kept));
        }
        let found = ask(hash).await?;
        if let Some(found) = &found {
            self.keep(version, *hash, found.clone());
        }
        Ok(found)
    }

    fn known(&self, version: u64, hash: &[u8; 32]) -> Option<Owned<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, record) = kept.records.get(hash).filter(|_| kept.version == version)?;
        (read.elapsed() < LONGEST).then(|| record.clone())
    }

    fn keep(&self, version: u64, hash: [u8; 32], record: Owned<T>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.records.len() >= MOST {
            *kept = Records { version, records: HashMap::new() };
        }
        kept.records.insert(hash, (Instant::now(), record));
    }

    /// Changes a record that is kept, as the store's will be too: its last use.
    pub fn note(&self, hash: &[u8; 32], change: impl FnOnce(&mut T)) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, record)) = kept.records.get_mut(hash) {
            change(&mut record.what);
        }
    }
}
