//! Keeps the current revocation lists, and has new ones made when they are due.

use super::{make, ocsp};
use crate::server::call::app::App;
use crate::server::data_directory::settings::publication::PublicationSettings;
use crate::server::error::ApiError;
use crate::store::{ListKind, ListRecord};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

/// How long a caller waits for another instance that makes a list, and how often it looks.
const LOOKS: u32 = 50;
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(100);
/// How often lists are looked at without a reason.
const ROUND: std::time::Duration = std::time::Duration::from_secs(20);

/// A list as it is served.
#[derive(Clone)]
pub struct Published {
    pub record: ListRecord,
    pub der: Arc<[u8]>,
}

/// What is published, and what was last served.
pub struct Publication {
    delta: bool,
    base_at_once: bool,
    /// Below it lies all that is published; `None` when nothing is published for certificates to name.
    pub url: Option<String>,
    kept: Mutex<Vec<Published>>,
    untrue: Notify,
    pub responder: ocsp::Responder,
}

/// How long a list says it is good for, and after how long a new one is made.
pub(super) fn times(kind: ListKind) -> (Duration, Duration) {
    match kind {
        ListKind::Base => (Duration::days(7), Duration::days(1)),
        ListKind::Delta => (Duration::days(1), Duration::hours(6)),
    }
}

impl Publication {
    /// Takes the settings; nothing is made yet.
    pub fn new(settings: Option<&PublicationSettings>) -> Self {
        Self {
            delta: settings.is_some_and(|settings| settings.delta),
            base_at_once: settings.is_none_or(|settings| settings.base_at_once),
            url: settings.map(|settings| settings.url.trim_end_matches('/').to_owned()),
            kept: Mutex::default(),
            untrue: Notify::new(),
            responder: ocsp::Responder::default(),
        }
    }

    /// Where delta lists are to be had, if there are any.
    pub fn delta_url(&self) -> Option<String> {
        self.address("/pki/delta.crl").filter(|_| self.delta)
    }

    /// The URL of something published.
    pub fn address(&self, path: &str) -> Option<String> {
        self.url.as_ref().map(|url| format!("{url}{path}"))
    }

    /// Something was revoked or released, and that is on disk: new lists are made at once.
    pub fn outdate(&self) {
        self.untrue.notify_one();
    }

    fn kinds(&self) -> impl Iterator<Item = ListKind> {
        [ListKind::Base, ListKind::Delta].into_iter().filter(|kind| self.has(*kind))
    }

    fn has(&self, kind: ListKind) -> bool {
        kind == ListKind::Base || self.delta
    }

    /// The list, made anew if it is not true any more; while one instance makes it, the others wait for it.
    pub async fn list(&self, app: &App, kind: ListKind) -> Result<Published, ApiError> {
        if !self.has(kind) {
            return Err(ApiError::NotFound("file"));
        }
        let mut failure = ApiError::Busy;
        for _ in 0..LOOKS {
            let now = OffsetDateTime::now_utc();
            if let Some(record) = self.current(app, kind, now).await? {
                return self.served(app, record).await;
            }
            match make::list(app, kind, now).await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
                Err(error) => {
                    failure = error;
                    break;
                }
            }
        }
        // An untrue list is better than none as long as it says itself that it is good.
        match app.store.list(kind).await? {
            Some(record) if record.number > 0 && record.next_update > OffsetDateTime::now_utc() => {
                tracing::error!(%failure, "a revocation list could not be made; the one before is served");
                self.served(app, record).await
            }
            _ => Err(failure),
        }
    }

    async fn current(&self, app: &App, kind: ListKind, now: OffsetDateTime) -> Result<Option<ListRecord>, ApiError> {
        let Some(record) = app.store.list(kind).await? else { return Ok(None) };
        let waits = kind == ListKind::Base && self.delta && !self.base_at_once;
        let counted = waits || record.revocations == app.store.revocations().await?;
        let due = !waits && record.next_due.is_some_and(|due| due <= now);
        let based = kind == ListKind::Base
            || app.store.list(ListKind::Base).await?.is_some_and(|base| base.number == record.base);
        let young = now - record.this_update < times(kind).1;
        Ok(Some(record).filter(|record| record.number > 0 && counted && based && young && !due))
    }

    async fn served(&self, app: &App, record: ListRecord) -> Result<Published, ApiError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.iter().find(|kept| kept.record == record) {
            return Ok(kept.clone());
        }
        let (_, der) = app.store.list_bytes(record.kind).await?.ok_or(ApiError::Busy)?;
        let published = Published { record, der: der.into() };
        kept.retain(|kept| kept.record.kind != record.kind);
        kept.push(published.clone());
        Ok(published)
    }

    /// Keeps the lists true until told to end; a list that was begun is finished, for others wait for it.
    pub async fn keep(app: Arc<App>, ending: CancellationToken) {
        if let Err(error) = make::heeding_settings(&app).await {
            tracing::error!(%error, "the list of an earlier start could not be looked at");
        }
        loop {
            let publication = &app.crl;
            for kind in publication.kinds() {
                if let Err(error) = publication.list(&app, kind).await {
                    tracing::error!(%error, ?kind, "no revocation list could be made");
                }
            }
            let reason = tokio::time::timeout(ROUND, publication.untrue.notified());
            if ending.run_until_cancelled(reason).await.is_none() {
                break;
            }
        }
    }
}
