//! Is the server alive, and can it do its work? Answered to anybody; nothing is told that a caller could use.

use crate::server::call::app::App;
use crate::store;
use crate::store::ListKind;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// How long an answer is given again: nobody keeps the store busy by asking.
const KEPT: Duration = Duration::from_millis(500);

/// The last answer.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, Vec<Check>)>>);

/// One thing that must be so.
#[derive(Clone, Debug)]
struct Check {
    name: &'static str,
    /// A stable word.
    found: &'static str,
}

impl Health {
    /// Says whether calls can be answered, and which part fails.
    pub async fn ready(&self, app: &App) -> (bool, Value) {
        if app.stopping.load(Ordering::Relaxed) {
            return (false, json!({ "status": "stopping" }));
        }
        let mut kept = self.0.lock().await;
        let checks = match kept.take().filter(|(at, _)| at.elapsed() < KEPT) {
            Some((at, checks)) => kept.insert((at, checks)),
            None => kept.insert((Instant::now(), look(app).await)),
        };
        let good = checks.1.iter().all(|check| check.found == "ok");
        let parts: serde_json::Map<_, _> =
            checks.1.iter().map(|check| (check.name.to_owned(), check.found.into())).collect();
        (good, json!({ "status": if good { "ok" } else { "failing" }, "checks": parts }))
    }
}

async fn look(app: &App) -> Vec<Check> {
    let store = match app.store.audit_chains().await {
        Ok(_) => "ok",
        Err(store::Error::Closed) => "closed",
        Err(_) => "unreachable",
    };
    let now = OffsetDateTime::now_utc();
    let own = app.authority.chain().first();
    let ca = match own.map(|certificate| (certificate.not_before(), certificate.not_after())) {
        None => "no-certificate",
        Some((from, _)) if now < from => "not-yet-valid",
        Some((_, until)) if now > until => "expired",
        Some(_) => "ok",
    };
    // A list that is not fresh is made now, which shows whether the CA signs.
    let crl = if app.crl.list(app, ListKind::Base).await.is_ok() { "ok" } else { "cannot-be-made" };
    vec![Check { name: "store", found: store }, Check { name: "ca", found: ca }, Check { name: "crl", found: crl }]
}
