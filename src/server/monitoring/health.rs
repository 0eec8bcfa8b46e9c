//! Says whether the server is alive and can do its work. Anybody is told, so the answer holds nothing that could be
//! misused.

use super::recent::Recent;
use axum::body::Bytes;
use serde_json::json;
use std::convert::Infallible;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Sets how long before its end the CA's own certificate is told of.
pub const CA_SOON: time::Duration = time::Duration::weeks(12);

/// Sets how old the complete revocation list may grow before it is told of; one is made every day.
pub const LIST_OLD: time::Duration = time::Duration::days(2);

/// Lists what is told, though the server still does its work.
const TOLERATED: [&str; 4] = ["ok", "ends-soon", "old", "failing"];

/// Keeps the last answer: whether all is good, and what is told of it.
#[derive(Default)]
pub struct Health(Recent<(bool, Bytes)>);

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
    /// Says whether calls can be answered, and which part fails, in JSON.
    ///
    /// `look` finds it out; it is awaited only where the last answer is too old.
    pub async fn ready(&self, stopping: bool, look: impl Future<Output = Findings>) -> (bool, Bytes) {
        if stopping {
            return (false, Bytes::from_static(br#"{"status":"stopping"}"#));
        }
        let Ok(found) = self.0.find(async { Ok::<_, Infallible>(told(&look.await)) }).await;
        found
    }
}

/// Writes what was found.
fn told(Findings { checks, failing }: &Findings) -> (bool, Bytes) {
    let good = checks.iter().all(|check| TOLERATED.contains(&check.found));
    let parts: serde_json::Map<_, _> = checks.iter().map(|check| (check.name.to_owned(), check.found.into())).collect();
    let mut body = json!({ "status": if good { "ok" } else { "failing" }, "checks": parts });
    if !failing.is_empty() {
        let since = |at: &OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
        let tasks: serde_json::Map<_, _> =
            failing.iter().map(|(task, at)| ((*task).to_owned(), since(at).into())).collect();
        body["failing_since"] = tasks.into();
    }
    (good, body.to_string().into())
}
