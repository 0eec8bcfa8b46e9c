//! Ends requests that nobody finishes, template by template, unless the clock cannot be trusted.

use crate::server::call::app::App;
use crate::server::error::ApiError;
use crate::server::monitoring::clock::{self, Clock};
use crate::server::workflow::overdue;
use crate::store::IdleFilter;
use crate::template::ProfileTemplate;
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds how many requests of a template are looked at in one round.
const MOST_PAGES: usize = 10;
/// Bounds how many are read at a time.
const PAGE: u32 = 100;

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
                let last = clock::last_trusted(&app.store).await?;
                none.insert(Clock::new(last.unwrap_or(now), Instant::now()))
            }
        };
        let trusted = clock.trusts(now, Instant::now());
        app.metrics.clock_doubted(clock.doubted_for(Instant::now()).map(|left| now + left));
        if !trusted {
            return Ok(());
        }
        end_due(app, now).await?;
        // Not before it is trusted: or a second start would trust what the first one did not.
        Ok(clock::note_trusted(&app.store, now).await?)
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
