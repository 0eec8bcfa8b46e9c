//! Tells pages that stay open of what has come since.

use crate::cm::review::Waiting;
use crate::cm::route::Route;
use crate::console::visit::{Shown, Visit};
use crate::server::{Door, Visiting};
use crate::web::events::{Teller, stream};
use axum::http::HeaderMap;
use std::time::Duration;

/// Says how often is looked.
const LOOK: Duration = Duration::from_secs(10);
/// Sets how long nothing is sent: so long may the server wait for this stream when it ends.
const PAUSE: Duration = Duration::from_secs(1);
/// Bounds how long a stream is open; a browser opens the next by itself.
const OPEN: Duration = Duration::from_secs(300);

/// Tells once that a request has come into the queue since what the address says.
pub fn of_queue(visit: &Visit<'_>) -> Shown {
    let (door, headers) = (visit.door.clone(), visit.headers.clone());
    let since = visit.query.one("since").parse().unwrap_or_default();
    Shown::Stream(stream(|teller| async move { watch(&door, &headers, since, teller).await }))
}

async fn watch(door: &Door, headers: &HeaderMap, since: u64, mut teller: Teller) {
    let rounds = OPEN.as_secs() / LOOK.as_secs();
    for _ in 0..rounds {
        // Whoever has signed out, or lost a right meanwhile, is told nothing more.
        let Ok(Visiting::Here(visitor)) = door.onlooker(headers).await else { return };
        let Ok(waiting) = door.one::<Waiting>(&visitor, Route::CountWaiting).await else { return };
        if waiting.newest > since {
            teller.tell("news").await;
            return;
        }
        for _ in 0..LOOK.as_secs() {
            if door.is_closing() || !teller.wait(PAUSE).await {
                return;
            }
        }
    }
}
