//! Says in the log, once a day, what will end within weeks: the CA's own certificate, and a revocation list that is not
//! made anew.

use crate::server::call::app::App;
use crate::server::monitoring::health::{CA_SOON, LIST_OLD};
use crate::store::ListKind;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Sets the time from one round to the next.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Looks once a day, and at once, until told to end.
pub async fn watch(app: Arc<App>, ending: CancellationToken) {
    let mut clock = tokio::time::interval(DAY);
    while ending.run_until_cancelled(clock.tick()).await.is_some() {
        tell(&app, OffsetDateTime::now_utc()).await;
    }
}

/// Says what ends soon.
async fn tell(app: &App, now: OffsetDateTime) {
    let end = app.authorities.own().own().not_after();
    if end - now < CA_SOON {
        tracing::warn!(%end, "the CA's own certificate ends soon: nothing that it issues lasts longer");
    }
    match app.store.list(ListKind::Base).await {
        Ok(Some(list)) if list.number > 0 && now - list.this_update > LIST_OLD => {
            let (made, end) = (list.this_update, list.next_update);
            tracing::warn!(%made, %end, "the revocation list is old: none was made since");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the age of the revocation list is not known"),
    }
}
