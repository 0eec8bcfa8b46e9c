//! Tells when nobody is there any more: first a warning, with the offer of more time (WCAG 2.2.1), then the end.

use std::time::{Duration, Instant};

/// Counts the time since somebody did something.
pub struct Idle {
    patience: Duration,
    warned: Duration,
    last: Instant,
}

/// Says whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    There,
    /// Nothing was done for a while.
    Warned,
    Gone,
}

impl Idle {
    /// Begins to count; after `patience` a warning is due, which stands for so long as `warned` says.
    pub fn new(patience: Duration, warned: Duration, now: Instant) -> Self {
        Self { patience, warned, last: now }
    }

    /// Notes that somebody did something.
    pub fn touch(&mut self, now: Instant) {
        self.last = now;
    }

    /// Says whether somebody did something within this time.
    pub fn is_within(&self, time: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.last) < time
    }

    /// Says whether somebody is there.
    pub fn presence(&self, now: Instant) -> Presence {
        match now.saturating_duration_since(self.last) {
            past if past < self.patience => Presence::There,
            past if past < self.patience + self.warned => Presence::Warned,
            _ => Presence::Gone,
        }
    }

    /// Returns how long nothing need be done before the end.
    pub fn bound(&self) -> Duration {
        self.patience + self.warned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_after_a_warning_and_more_time_is_whole() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut idle = Idle::new(90 * second, 30 * second, start);
        let at = |idle: &Idle, seconds| idle.presence(start + seconds * second);
        assert_eq!([0, 89, 90, 119, 120].map(|it| at(&idle, it)), {
            use Presence::{Gone, There, Warned};
            [There, There, Warned, Warned, Gone]
        });
        idle.touch(start + 100 * second);
        assert_eq!([100, 189, 190].map(|it| at(&idle, it)), [Presence::There, Presence::There, Presence::Warned]);
    }
}
