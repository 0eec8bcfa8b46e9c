//! Gives what was found a moment ago to whoever asks again, so that nobody keeps the store busy by asking.

use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Sets for how long it is given again.
const KEPT: Duration = Duration::from_secs(1);

/// Holds what was found last, and when.
pub struct Recent<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Recent<T> {
    /// Returns what was found last, unless that is too old; then `look` finds it out, for one at a time and for those who wait
    /// meanwhile too. What it fails by is not kept.
    pub async fn find<E>(&self, look: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut kept = self.0.lock().await;
        if let Some((_, young)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
            return Ok(young.clone());
        }
        let found = look.await?;
        *kept = Some((Instant::now(), found.clone()));
        Ok(found)
    }
}
