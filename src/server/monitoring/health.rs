//! Says whether the server is alive and can do its work. Anybody is told, so the answer holds nothing that could be
//! misused.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Sets for how long an answer is given again, so that nobody keeps the store busy by asking.
const KEPT: Duration = Duration::from_millis(500);

/// Keeps the last answer.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, Vec<Check>)>>);

/// Names a thing that is checked, and what was found.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    /// A stable word; "ok" where nothing is wrong.
    pub found: &'static str,
}

impl Health {
    /// Says whether calls can be answered, and which part fails.
    ///
    /// `look` finds it out; it is awaited only where the last answer is too old.
    pub async fn ready(&self, stopping: bool, look: impl Future<Output = Vec<Check>>) -> (bool, Value) {
        if stopping {
            return (false, json!({ "status": "stopping" }));
        }
        let mut kept = self.0.lock().await;
        let checks = match kept.take().filter(|(at, _)| at.elapsed() < KEPT) {
            Some((at, checks)) => kept.insert((at, checks)),
            None => kept.insert((Instant::now(), look.await)),
        };
        let good = checks.1.iter().all(|check| check.found == "ok");
        let parts: serde_json::Map<_, _> =
            checks.1.iter().map(|check| (check.name.to_owned(), check.found.into())).collect();
        (good, json!({ "status": if good { "ok" } else { "failing" }, "checks": parts }))
    }
}
