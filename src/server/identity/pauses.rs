//! Makes whoever tries in vain wait, each time longer, and forgets it with time: nobody is ever locked out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bounds the keys that are remembered.
const MOST_KEYS: usize = 4096;
/// Bounds a pause.
const LONGEST: Duration = Duration::from_secs(60);
/// Sets after how long one try in vain is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// Holds how many tries in vain count for a key, and when the last one was.
#[derive(Clone, Copy)]
struct Tried {
    count: u32,
    at: Instant,
}

/// Holds the tries in vain of one kind of key.
pub struct Pauses<K> {
    /// So many are made without a pause; at least one.
    free: u32,
    tried: Mutex<HashMap<K, Tried>>,
}

impl<K: Eq + Hash + Clone> Pauses<K> {
    /// Lets so many tries in vain be made without a pause.
    pub fn new(free: u32) -> Self {
        Self { free, tried: Mutex::default() }
    }

    /// Counts a try before it is made, so that none made at the same moment goes by; fails with the time to wait, and then
    /// counts none.
    pub fn begin(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tried.get(&key).map_or(Tried { count: 0, at: now }, |tried| tried.at_present(now));
        let wait = self.pause(known.count).saturating_sub(now.saturating_duration_since(known.at));
        if !wait.is_zero() {
            return Err(wait);
        }
        if tried.len() >= MOST_KEYS && !tried.contains_key(&key) {
            tried.retain(|_, tried| tried.at_present(now).count > 0);
            let least = tried.iter().min_by_key(|(_, tried)| tried.at_present(now).count);
            if let Some(key) = least.filter(|_| tried.len() >= MOST_KEYS).map(|(key, _)| key.clone()) {
                tried.remove(&key);
            }
        }
        tried.insert(key, Tried { count: known.count.saturating_add(1), at: now });
        Ok(())
    }

    /// Takes back what [`Pauses::begin`] has counted: the try was not in vain.
    pub fn succeeded(&self, key: &K) {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tried.get_mut(key) {
            known.count = known.count.saturating_sub(1);
        }
    }

    /// Returns how long to wait after so many tries in vain: a second after those that are free, then twice as long each.
    fn pause(&self, count: u32) -> Duration {
        match count.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(more) => Duration::from_secs(1 << more.min(6)).min(LONGEST),
        }
    }
}

impl Tried {
    /// Returns what still counts now.
    fn at_present(self, now: Instant) -> Self {
        let past = now.saturating_duration_since(self.at).as_secs() / FORGOTTEN.as_secs();
        Self { count: self.count.saturating_sub(u32::try_from(past).unwrap_or(u32::MAX)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_twice_as_long_up_to_a_minute_and_time_forgets() {
        let pauses = Pauses::new(2);
        let mut now = Instant::now();
        let mut waited = Vec::new();
        for _ in 0..11 {
            if let Err(wait) = pauses.begin("kiosk", now) {
                waited.push(wait.as_secs());
                assert!(pauses.begin("kiosk", now + wait - Duration::from_millis(1)).is_err());
                assert!(pauses.begin("other", now).is_ok(), "others do not wait");
                pauses.succeeded(&"other");
                now += wait;
                assert!(pauses.begin("kiosk", now).is_ok());
            }
        }
        assert_eq!(waited, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        // Eleven count; each is forgotten after two minutes.
        now += FORGOTTEN * 9;
        assert!(pauses.begin("kiosk", now).is_ok());
        assert!(pauses.begin("kiosk", now).is_err());
        assert!(pauses.begin("kiosk", now + FORGOTTEN * 12).is_ok());
    }

    #[test]
    fn a_try_that_is_not_in_vain_does_not_count() {
        let pauses = Pauses::new(1);
        let now = Instant::now();
        for _ in 0..10 {
            assert_eq!(pauses.begin(1, now), Ok(()));
            pauses.succeeded(&1);
        }
        // Two at one moment: the second one waits, as nobody knows yet what becomes of the first.
        assert_eq!((pauses.begin(1, now), pauses.begin(1, now)), (Ok(()), Err(Duration::from_secs(1))));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_stays_remembered() {
        let pauses = Pauses::new(1);
        let now = Instant::now();
        assert!(pauses.begin(u32::MAX, now).is_ok());
        assert!(pauses.begin(u32::MAX, now).is_err());
        assert!(pauses.begin(u32::MAX, now + Duration::from_secs(1)).is_ok());
        for key in 0..5_000 {
            assert_eq!(pauses.begin(key, now + Duration::from_secs(1)), Ok(()));
        }
        assert_eq!(pauses.tried.lock().unwrap().len(), MOST_KEYS);
        assert!(pauses.begin(u32::MAX, now + Duration::from_secs(2)).is_err());
    }
}
