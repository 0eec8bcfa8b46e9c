//! Whether the clock was set: told by what passes meanwhile on one that nobody sets, and over a restart by a mark.

use crate::store::{self, Store, from_micros, micros};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Bounds how far the two clocks may part between two rounds.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// Sets for how long the clock is not trusted after it was set.
const CAUTION: Duration = Duration::from_secs(3600);
/// Names the mark of when requests were ended last by a clock that was trusted.
const MARK: &str = "requests-ended";

/// Notices that the clock was set.
pub struct Clock {
    wall: OffsetDateTime,
    steady: Instant,
    /// Until then it is not trusted.
    cautious_until: Option<Instant>,
}

impl Clock {
    /// Takes the time of the last round.
    pub fn new(wall: OffsetDateTime, steady: Instant) -> Self {
        Self { wall, steady, cautious_until: None }
    }

    /// Takes the time of a round; returns by how much the clock was set since the last one, if it was.
    pub fn was_set(&mut self, wall: OffsetDateTime, steady: Instant) -> Option<Duration> {
        let passed = steady.saturating_duration_since(self.steady);
        let parted = ((wall - self.wall) - passed).unsigned_abs();
        (self.wall, self.steady) = (wall, steady);
        (parted > TOLERANCE).then_some(parted)
    }

    /// Takes the time of a round; says whether what is due by it may be ended. For an hour after the clock was set it may
    /// not, so that whoever has set it wrongly can set it right.
    pub fn trusts(&mut self, wall: OffsetDateTime, steady: Instant) -> bool {
        if let Some(parted) = self.was_set(wall, steady) {
            tracing::warn!(
                seconds = parted.as_secs(),
                "the clock was set, or no server ran: requests that nobody finishes are ended, and notices given up, only \
                 in an hour"
            );
            self.cautious_until = steady.checked_add(CAUTION);
        }
        self.doubted_for(steady).is_none()
    }

    /// Says for how long the clock is not trusted any more; `None`: it is.
    pub fn doubted_for(&self, steady: Instant) -> Option<Duration> {
        self.cautious_until.filter(|until| steady < *until).map(|until| until.saturating_duration_since(steady))
    }
}

/// Returns when a server of this database has trusted its clock last.
pub async fn last_trusted(store: &Store) -> Result<Option<OffsetDateTime>, store::Error> {
    Ok(store.told_until(MARK).await?.and_then(from_micros))
}

/// Notes that a server trusts its clock, which says this.
pub async fn note_trusted(store: &Store, now: OffsetDateTime) -> Result<(), store::Error> {
    store.write(move |tx| Box::pin(async move { tx.tell_until(MARK, micros(now)).await })).await
}

/// Says whether a clock that says this agrees with one that was trusted just before.
pub async fn is_trusted(store: &Store, now: OffsetDateTime) -> Result<bool, store::Error> {
    Ok(last_trusted(store).await?.is_some_and(|last| (now - last).unsigned_abs() <= TOLERANCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_an_hour_after_it_was_set_the_clock_is_not_trusted() {
        let (wall, steady) = (OffsetDateTime::UNIX_EPOCH, Instant::now());
        let mut clock = Clock::new(wall, steady);
        let minute = Duration::from_secs(60);
        assert!(clock.trusts(wall, steady) && clock.trusts(wall + minute, steady + minute));
        for year in [365, -365] {
            let mut clock = Clock::new(wall, steady);
            let set = wall + time::Duration::days(year);
            for round in 0..60 {
                assert!(!clock.trusts(set + minute * round, steady + minute * round), "{year} {round}");
            }
            assert!(clock.trusts(set + minute * 60, steady + minute * 60), "{year}");
            // Set right again before the hour is over, it is not trusted sooner.
            let back = wall + minute * 61;
            assert!(!clock.trusts(back, steady + minute * 61), "{year}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_told_once_whichever_way_and_one_that_is_a_little_wrong_is_not() {
        let (wall, steady) = (OffsetDateTime::UNIX_EPOCH, Instant::now());
        let second = Duration::from_secs(1);
        for set in [TOLERANCE + second, TOLERANCE] {
            for ahead in [true, false] {
                let mut clock = Clock::new(wall, steady);
                let now = if ahead { wall + second + set } else { wall + second - set };
                assert_eq!(clock.was_set(now, steady + second), (set > TOLERANCE).then_some(set), "{set:?} {ahead}");
                assert_eq!(clock.was_set(now + second, steady + second * 2), None, "it was told");
            }
        }
    }
}
