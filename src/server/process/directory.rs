//! Keeps people as the directory has them, round after round. A directory that is away stops nothing: people stay as they
//! were, and the log, `/healthz` and `/metrics` say so.

use crate::server::call::app::App;
use crate::server::monitoring::metrics::DirectoryRound;
use crate::server::provisioning::keep::Memory;
use crate::server::provisioning::pass::{Pass, PassError};
use crate::server::provisioning::report::{Reason, Report, Standing};
use crate::server::provisioning::source::Source;
use crate::server::workflow::disabling;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Bounds the people of one round whom the log names, besides the acts.
const MOST_TOLD: usize = 20;

/// Reads what has changed, round after round, until told to end; the first round is at once, and reads everybody.
pub async fn watch(app: Arc<App>, source: Source, ending: CancellationToken) {
    let mut clock = tokio::time::interval(source.refresh);
    // A round that took long is not made up for.
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut memory = Memory::default();
    let mut refused_before = None;
    while ending.run_until_cancelled(clock.tick()).await.is_some() {
        let now = OffsetDateTime::now_utc();
        let pass = Pass {
            store: app.store.clone(),
            domains: Arc::clone(&app.domains),
            holding: disabling::holding(&app.templates),
            now,
            at: None,
            asker: None,
            apply: true,
            add: source.add,
            adopt: false,
            many_gone: false,
        };
        // What is written is written whole; the rest of the round is left to the next start.
        let Some(done) = ending.run_until_cancelled(memory.round(&source, &pass)).await else { return };
        match done {
            Ok(report) => {
                app.metrics.directory_read(now);
                app.metrics.upkeep_ended("directory", true);
                if let Some(report) = report {
                    if report.everybody {
                        app.metrics.directory_came_to(round(&report));
                    }
                    if report.outdate_list {
                        app.publication.outdate();
                    }
                    tell(&report, &mut refused_before);
                }
            }
            Err(error) => {
                app.metrics.upkeep_ended("directory", false);
                tell_failure(&error);
            }
        }
    }
}

/// Counts what a reading of everybody has come to.
fn round(report: &Report) -> DirectoryRound {
    let Report { new, changed, adopted, same, refused, missing_groups, rows, .. } = report;
    let kept_gone = rows.iter().find_map(|row| match &row.standing {
        Standing::Refused(Reason::ManyGone { gone, .. }) => Some(*gone),
        _ => None,
    });
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    // That they are kept is a row of its own, and nobody who was read.
    let refused = refused.saturating_sub(kept_gone.iter().len());
    DirectoryRound {
        people: number(new + changed + adopted + same + refused),
        refused: number(refused),
        missing_groups: number(missing_groups.len()),
        kept_gone: number(kept_gone.unwrap_or_default()),
    }
}

/// Says what a round has changed; who is refused is named again only when the number of them has changed.
fn tell(report: &Report, refused_before: &mut Option<usize>) {
    let Report { new, changed, same, gone, refused, .. } = report;
    if new + changed + gone > 0 {
        tracing::info!(new, changed, same, gone, refused, "people are as the directory has them");
    }
    for group in &report.missing_groups {
        tracing::warn!(group, "the directory has no such group: nobody is in what [directory] maps it to");
    }
    if *refused_before == Some(*refused) {
        return;
    }
    *refused_before = Some(*refused);
    for row in report.rows.iter().take(MOST_TOLD) {
        if let Standing::Refused(reason) = &row.standing {
            tracing::warn!(dn = row.dn, %reason, "somebody is not taken over as the directory has him");
        }
    }
}

fn tell_failure(error: &PassError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "the directory could not be read: people stay as they were, and the next round tries again");
}
