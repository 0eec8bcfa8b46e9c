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
/// Sets after which time a record is read again, whatever the version: for what somebody writes past every server.
const LONGEST: Duration = Duration::from_secs(10);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::users::rules::local_user;
    use uuid::Uuid;

    #[test]
    fn memory_is_bounded_and_another_version_counts_for_nothing() {
        let kept = Kept::<u32>::default();
        let record =
            |what| Owned { what, holder: local_user(Uuid::nil(), "alice".into(), Vec::new(), [None, None, None]) };
        let hash = |number: u32| {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            hash
        };
        for number in 0..u32::try_from(MOST).unwrap() * 2 {
            kept.keep(1, hash(number), record(number));
            assert!(kept.0.lock().unwrap().records.len() <= MOST);
        }
        let last = hash(u32::try_from(MOST).unwrap() * 2 - 1);
        assert!(kept.known(1, &last).is_some());
        assert!(kept.known(2, &last).is_none() && kept.known(0, &last).is_none());
        kept.note(&last, |what| *what = 7);
        assert_eq!(kept.known(1, &last).unwrap().what, 7);
        kept.keep(2, hash(0), record(0));
        assert!(kept.known(1, &last).is_none() && kept.known(2, &last).is_none(), "what was read before is gone");
    }
}
