//! Says whether the server is alive and can do its work. Anybody is told, so the answer holds nothing that could be
//! misused.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;

/// Sets for how long an answer is given again, so that nobody keeps the store busy by asking.
const KEPT: Duration = Duration::from_millis(500);

/// Sets how long before its end the CA's own certificate is told of.
pub const CA_SOON: time::Duration = time::Duration::weeks(12);

/// Sets how old the complete revocation list may grow before it is told of; one is made every day.
pub const LIST_OLD: time::Duration = time::Duration::days(2);

/// Lists what is told, though the server still does its work.
const TOLERATED: [&str; 4] = ["ok", "ends-soon", "old", "failing"];

/// Keeps the last answer.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, Findings)>>);

/// Holds what was found: the checks, and since when which tasks beside the calls fail.
pub struct Findings {
    pub checks: Vec<Check>,
    pub failing: Vec<(&'static str, OffsetDateTime)>,
}

/// Names a thing that is checked, and what was found.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    /// A stable word; "ok" where nothing is wrong, "ends-soon" or "old" where something will be, "failing" where a task
    /// beside the calls is.
    pub found: &'static str,
}

impl Health {
    /// Says whether calls can be answered, and which part fails.
    ///
    /// `look` finds it out; it is awaited only where the last answer is too old.
    pub async fn ready(&self, stopping: bool, look: impl Future<Output = Findings>) -> (bool, Value) {
        if stopping {
            return (false, json!({ "status": "stopping" }));
        }
        let mut kept = self.0.lock().await;
        let (_, Findings { checks, failing }) = match kept.take().filter(|(at, _)| at.elapsed() < KEPT) {
            Some(young) => kept.insert(young),
            None => kept.insert((Instant::now(), look.await)),
        };
        let good = checks.iter().all(|check| TOLERATED.contains(&check.found));
        let parts: serde_json::Map<_, _> =
            checks.iter().map(|check| (check.name.to_owned(), check.found.into())).collect();
        let mut body = json!({ "status": if good { "ok" } else { "failing" }, "checks": parts });
        if !failing.is_empty() {
            let since = |at: &OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
            let tasks: serde_json::Map<_, _> =
                failing.iter().map(|(task, at)| ((*task).to_owned(), since(at).into())).collect();
            body["failing_since"] = tasks.into();
        }
        (good, body)
    }
}
