//! Says when certificates end, and from when on they may be renewed.

use time::{Duration, OffsetDateTime};

/// Bounds for how long before the end a renewal is due, where the template has no window; shorter lives are renewed in
/// their last third.
const LONGEST: Duration = Duration::days(30);

/// Is what a certificate is for, and how long it lasts.
#[derive(Clone, Debug)]
pub struct Life {
    pub purpose: String,
    pub from: OffsetDateTime,
    pub till: OffsetDateTime,
}

/// Says how long a card is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub till: OffsetDateTime,
    pub from: OffsetDateTime,
    pub is_due: bool,
    pub is_over: bool,
}

impl Due {
    /// Judges certificates by what they are for and when they end: of each purpose the latest counts, and the first of
    /// those to end decides. `None` where there is none.
    pub fn of(lives: &[Life], window_days: Option<u32>, now: OffsetDateTime) -> Option<Self> {
        let is_latest =
            |life: &&Life| lives.iter().all(|other| other.purpose != life.purpose || other.till <= life.till);
        let first = lives.iter().filter(is_latest).min_by_key(|life| life.till)?;
        let usual = LONGEST.min((first.till - first.from) / 3);
        let window = window_days.map_or(usual, |days| Duration::days(days.into()));
        let (till, from) = (first.till, first.till.checked_sub(window).unwrap_or(first.from));
        Some(Self { till, from, is_due: now >= from, is_over: now >= till })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_each_purpose_counts_and_the_first_of_those_decides() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let day = |days: i64| now + Duration::days(days);
        let due = |rows: &[(&str, i64)], window| {
            let life = |(purpose, till): &(&str, i64)| Life {
                purpose: (*purpose).to_owned(),
                from: day(till - 300),
                till: day(*till),
            };
            let lives: Vec<Life> = rows.iter().map(life).collect();
            Due::of(&lives, window, now).map(|due| (due.till, due.is_due, due.is_over))
        };
        assert_eq!(due(&[], None), None);
        // A key for old mail whose certificate has ended stays on the card.
        assert_eq!(due(&[("logon", 100), ("mail", -5), ("mail", 90)], None), Some((day(90), false, false)));
        assert_eq!(due(&[("logon", 30)], None), Some((day(30), true, false)));
        assert_eq!(due(&[("logon", 31)], None), Some((day(31), false, false)));
        assert_eq!(due(&[("logon", 30)], Some(29)), Some((day(30), false, false)));
        assert_eq!(due(&[("logon", 0)], Some(1)), Some((day(0), true, true)));
    }

    #[test]
    fn a_short_life_is_renewed_in_its_last_third() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let life = |till: i64| {
            let (from, till) = (now - Duration::hours(24 - till), now + Duration::hours(till));
            Due::of(&[Life { purpose: String::new(), from, till }], None, now).unwrap().is_due
        };
        assert!(life(8) && !life(9));
    }
}
