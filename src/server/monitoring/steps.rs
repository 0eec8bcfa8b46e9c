//! Notices at once that the wall clock was set, by what passes meanwhile on one that nobody sets: sessions rely on it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Bounds how far the wall clock may stay behind unnoticed.
const SLACK: Duration = Duration::from_secs(1);
/// Bounds how far it may hurry ahead unnoticed.
const LEAP: Duration = Duration::from_secs(60);
/// Sets for how long a leap is told as the reason of what it has ended.
const TOLD: Duration = Duration::from_secs(3600);
/// Bounds how far apart two clocks may be read that are compared.
const TOGETHER: Duration = Duration::from_millis(100);
/// Bounds how often they are read again.
const TRIES: usize = 3;

/// Watches the wall clock.
pub struct Steps(Mutex<Seen>);

/// Holds what both clocks said last, and the steps since.
struct Seen {
    wall: OffsetDateTime,
    steady: Instant,
    /// How often it was set back.
    back: u64,
    /// Up to which of these times what follows from it was done.
    settled: u64,
    /// When it was set ahead last.
    ahead: Option<Instant>,
}

impl Default for Steps {
    fn default() -> Self {
        Self::new(OffsetDateTime::now_utc(), Instant::now())
    }
}

impl Steps {
    fn new(wall: OffsetDateTime, steady: Instant) -> Self {
        Self(Mutex::new(Seen { wall, steady, back: 0, settled: 0, ahead: None }))
    }

    /// Looks at both clocks.
    pub fn look(&self) {
        for _ in 0..TRIES {
            let steady = Instant::now();
            let wall = OffsetDateTime::now_utc();
            // A thread that stood still between the two would see a step that there was not.
            if steady.elapsed() < TOGETHER {
                return self.saw(wall, steady);
            }
        }
    }

    fn saw(&self, wall: OffsetDateTime, steady: Instant) {
        self.with(|seen| {
            // Another thread may have looked later and been here sooner.
            let Some(passed) = steady.checked_duration_since(seen.steady) else { return };
            let expected = seen.wall + passed;
            if wall + SLACK < expected {
                seen.back += 1;
            } else if wall > expected + LEAP {
                seen.ahead = Some(steady);
            }
            (seen.wall, seen.steady) = (wall, steady);
        });
    }

    /// Notes that the clock was set back while nobody looked.
    pub fn set_back(&self) {
        self.with(|seen| seen.back += 1);
    }

    /// Names the last time that it was set back, until [`Self::settle`] is told that name.
    pub fn back(&self) -> Option<u64> {
        self.with(|seen| (seen.settled < seen.back).then_some(seen.back))
    }

    /// Notes that what follows from a step back was done.
    pub fn settle(&self, back: u64) {
        self.with(|seen| seen.settled = seen.settled.max(back));
    }

    /// Says whether the clock was set ahead not long ago, or stood still before.
    pub fn leapt(&self) -> bool {
        self.with(|seen| seen.ahead.is_some_and(|at| at.elapsed() < TOLD))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_told_until_it_is_settled_and_a_leap_for_a_while() {
        let (wall, steady) = (OffsetDateTime::UNIX_EPOCH, Instant::now());
        let second = Duration::from_secs(1);
        let steps = Steps::new(wall, steady);
        // Both go on alike, or nearly so.
        steps.saw(wall + second * 60, steady + second * 60);
        steps.saw(wall + second * 62, steady + second * 63);
        steps.saw(wall + second * 100, steady + second * 64);
        assert_eq!((steps.back(), steps.leapt()), (None, false));
        steps.saw(wall + second * 99, steady + second * 65);
        assert_eq!((steps.back(), steps.leapt()), (Some(1), false));
        steps.saw(wall + second * 100, steady + second * 66);
        assert_eq!(steps.back(), Some(1), "nothing was done about it yet");
        steps.saw(wall, steady + second * 67);
        steps.settle(1);
        assert_eq!(steps.back(), Some(2), "it was set back once more meanwhile");
        steps.settle(2);
        assert_eq!(steps.back(), None);
        // An older look of another thread is none.
        steps.saw(wall - second * 1000, steady);
        assert_eq!(steps.back(), None);
        steps.saw(wall + second * 3600, steady + second * 68);
        assert_eq!((steps.back(), steps.leapt()), (None, true));
    }
}
