//! Slows wrong inputs down, for each card and each person; locks nobody out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Sets the pause after the first wrong input; each further one doubles it.
const FIRST: Duration = Duration::from_secs(3);
/// Bounds a pause.
const LONGEST: Duration = Duration::from_secs(60);
/// Sets after how long without a wrong input all is forgiven.
const FORGIVEN: Duration = Duration::from_secs(900);
/// Bounds how many are remembered; beyond, the one is forgotten whose last wrong input is longest ago.
const MOST: usize = 1000;

/// Remembers who was wrong, and how often.
#[derive(Default)]
pub struct Pauses(HashMap<String, Wrong>);

struct Wrong {
    times: u32,
    last: Instant,
}

impl Wrong {
    fn until(&self) -> Instant {
        self.last + FIRST.saturating_mul(1 << (self.times - 1).min(16)).min(LONGEST)
    }
}

impl Pauses {
    /// Remembers a wrong input.
    pub fn was_wrong(&mut self, whose: &str, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(whose) {
            let oldest = self.0.iter().min_by_key(|(_, wrong)| wrong.last).map(|(whose, _)| whose.clone());
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        let wrong = self.0.entry(whose.to_owned()).or_insert(Wrong { times: 0, last: now });
        wrong.times = if now.duration_since(wrong.last) > FORGIVEN { 1 } else { wrong.times.saturating_add(1) };
        wrong.last = now;
    }

    /// Forgets what was wrong before a right input.
    pub fn was_right(&mut self, whose: &str) {
        self.0.remove(whose);
    }

    /// Returns how many seconds nothing is tried yet; `None` where it may be.
    pub fn left(&self, whose: &str, now: Instant) -> Option<u64> {
        let left = self.0.get(whose)?.until().checked_duration_since(now)?;
        (!left.is_zero()).then(|| left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_end_and_are_each_ones_own() {
        let mut pauses = Pauses::default();
        let mut now = Instant::now();
        let mut seen = Vec::new();
        for _ in 0..7 {
            pauses.was_wrong("a card", now);
            let left = pauses.left("a card", now).unwrap();
            seen.push(left);
            assert_eq!(pauses.left("another", now), None);
            now += Duration::from_secs(left);
            assert_eq!(pauses.left("a card", now), None);
        }
        assert_eq!(seen, [3, 6, 12, 24, 48, 60, 60]);
        pauses.was_wrong("a card", now + FORGIVEN + Duration::from_secs(1));
        assert_eq!(pauses.left("a card", now + FORGIVEN + Duration::from_secs(1)), Some(3));
        pauses.was_right("a card");
        assert_eq!(pauses.left("a card", now), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pauses = Pauses::default();
        let now = Instant::now();
        for at in 0..2 * MOST {
            pauses.was_wrong(&at.to_string(), now + Duration::from_millis(at as u64));
        }
        assert_eq!(pauses.0.len(), MOST);
        assert!(pauses.left("0", now).is_none() && pauses.left(&(2 * MOST - 1).to_string(), now).is_some());
    }
}
