//! Ends requests that nobody finishes, template by template, unless the clock cannot be trusted.

use crate::server::call::app::App;
use crate::server::error::ApiError;
use crate::server::notices::ends::{from_micros, micros};
use crate::server::workflow::overdue;
use crate::store::IdleFilter;
use crate::template::ProfileTemplate;
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds how many requests of a template are looked at in one round.
const MOST_PAGES: usize = 10;
/// Bounds how many are read at a time.
const PAGE: u32 = 100;

/// Names the mark of when requests were ended last by a clock that was trusted.
const MARK: &str = "requests-ended";

/// Ends requests that are due, round after round.
#[derive(Default)]
pub struct Ending {
    /// `None` before the first round.
    clock: Option<Clock>,
}

impl Ending {
    /// Ends what is due, if the clock can be trusted: one that was set while no server ran parts from the last round too.
    pub async fn round(&mut self, app: &App, now: OffsetDateTime) -> Result<(), ApiError> {
        let clock = match &mut self.clock {
            Some(clock) => clock,
            none => {
                let last = app.store.told_until(MARK).await?.and_then(from_micros);
                none.insert(Clock::new(last.unwrap_or(now), Instant::now()))
            }
        };
        if !clock.trusts(now, Instant::now()) {
            return Ok(());
        }
        end_due(app, now).await?;
        // Not before it is trusted: or a second start would trust what the first one did not.
        Ok(app.store.write(move |tx| Box::pin(async move { tx.tell_until(MARK, micros(now)).await })).await?)
    }
}

/// Ends the requests that are due, each in a job of its own, so that of several servers one does it. One that cannot be ended
/// keeps no other from it.
async fn end_due(app: &App, now: OffsetDateTime) -> Result<(), ApiError> {
    let mut outdated = false;
    for template in app.templates.iter() {
        outdated |= end_of(app, &[template.uuid], Some(template), now).await?;
    }
    let known: Vec<Uuid> = app.templates.iter().map(|template| template.uuid).collect();
    outdated |= end_of(app, &known, None, now).await?;
    if outdated {
        app.publication.outdate();
    }
    Ok(())
}

/// Ends those of one template, or of all templates that are gone; says whether revocation lists are to be made.
async fn end_of(
    app: &App,
    templates: &[Uuid],
    template: Option<&Arc<ProfileTemplate>>,
    now: OffsetDateTime,
) -> Result<bool, ApiError> {
    let Some(until) = overdue::time_of(template.map(Arc::as_ref)).and_then(|time| now.checked_sub(time)) else {
        return Ok(false);
    };
    let (mut outdated, mut beyond) = (false, None);
    for _ in 0..MOST_PAGES {
        let filter = IdleFilter { templates, others: template.is_none(), until, beyond, limit: PAGE };
        let page = app.store.idle_requests(&filter).await?;
        let Some(last) = page.last() else { break };
        beyond = Some(last.uuid);
        for uuid in page.iter().map(|request| request.uuid) {
            let of = template.cloned();
            let job =
                app.store.write(move |tx| Box::pin(async move { overdue::ended(tx, uuid, of.as_deref(), now).await }));
            match job.await {
                Ok(Some(effects)) => {
                    app.forget(uuid);
                    outdated |= effects.outdate_list();
                    tracing::info!(request = %uuid, revoked = effects.revoked, "request ended: nobody had finished it");
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(request = %uuid, %error, "a request that nobody finishes could not be ended")
                }
            }
        }
    }
    Ok(outdated)
}

/// Bounds how far the two clocks may part between two rounds.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// Sets how long nothing is ended after the clock was set.
const CAUTION: Duration = Duration::from_secs(3600);

/// Notices that the clock was set: by what passes meanwhile on one that nobody sets.
struct Clock {
    wall: OffsetDateTime,
    steady: Instant,
    /// Until then nothing is ended.
    cautious_until: Option<Instant>,
}

impl Clock {
    /// Takes the time of the last round.
    fn new(wall: OffsetDateTime, steady: Instant) -> Self {
        Self { wall, steady, cautious_until: None }
    }

    /// Says whether what is due by this time may be ended. For an hour after the clock was set it may not, so that whoever
    /// has set it wrongly can set it right.
    fn trusts(&mut self, wall: OffsetDateTime, steady: Instant) -> bool {
        let passed = steady.saturating_duration_since(self.steady);
        let parted = ((wall - self.wall) - passed).unsigned_abs();
        (self.wall, self.steady) = (wall, steady);
        if parted > TOLERANCE {
            tracing::warn!(
                seconds = parted.as_secs(),
                "the clock was set, or no server ran: requests that nobody finishes are ended only in an hour"
            );
            self.cautious_until = steady.checked_add(CAUTION);
        }
        self.cautious_until.is_none_or(|until| steady >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_an_hour_after_the_clock_was_set_nothing_is_ended() {
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
}
