//! Keeps the current revocation lists, and has new ones made when they are due.

use super::make::{ListMaker, times};
use super::ocsp;
use crate::server::audit::witness::Witness;
use crate::server::authority::authorities::Authorities;
use crate::server::data_directory::settings::publication::{PublicationSettings, ten};
use crate::server::error::ApiError;
use crate::server::monitoring::metrics::Metrics;
use crate::store::{ListKind, ListRecord, Store};
use axum::body::Bytes;
use std::sync::Arc;
use std::time::Instant;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

/// Bounds how often a caller looks whether another server has made the list.
const LOOKS: u32 = 50;
/// Sets the wait between two such looks.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(100);
/// Sets how often the lists are checked when nothing was revoked.
const ROUND: std::time::Duration = std::time::Duration::from_secs(20);
/// Sets for how long a list is served without a look whether another server has made one, as long as nothing is revoked.
const SERVED_FOR: std::time::Duration = std::time::Duration::from_secs(1);

/// Holds a list and the bytes that are served.
#[derive(Clone)]
pub struct Published {
    pub record: ListRecord,
    pub der: Bytes,
    /// When the store was asked last whether it is the current one.
    looked: Instant,
}

/// Serves the current lists, and has new ones made.
pub struct Publication {
    delta: bool,
    base_at_once: bool,
    /// The URL below which all is published; `None`: certificates name nothing of it.
    pub url: Option<String>,
    kept: Mutex<Vec<Published>>,
    outdated: Notify,
    maker: ListMaker,
    pub responder: ocsp::Responder,
}

impl Publication {
    /// Takes the settings, and the store and CA that lists and answers are made with; makes nothing yet.
    pub fn new(
        settings: Option<&PublicationSettings>,
        store: &Store,
        authorities: &Authorities,
        witness: &Arc<Witness>,
    ) -> Self {
        let delta = settings.is_some_and(|settings| settings.delta);
        let url = settings.map(|settings| settings.url.trim_end_matches('/').to_owned());
        let delta_url = url.as_ref().filter(|_| delta).map(|url| format!("{url}/pki/delta.crl"));
        let backdated = Duration::minutes(settings.map_or_else(ten, |settings| settings.backdate_minutes).into());
        let (store, authorities, witness) = (store.clone(), authorities.clone(), Arc::clone(witness));
        Self {
            delta,
            base_at_once: settings.is_none_or(|settings| settings.base_at_once),
            url,
            kept: Mutex::default(),
            outdated: Notify::new(),
            responder: ocsp::Responder::new(store.clone(), authorities.clone(), Arc::clone(&witness), backdated),
            maker: ListMaker { store, authorities, witness, delta_url, backdated },
        }
    }

    /// Returns the URL of the delta lists, if there are any.
    pub fn delta_url(&self) -> Option<&str> {
        self.maker.delta_url.as_deref()
    }

    /// Returns the URL of a published path.
    pub fn address(&self, path: &str) -> Option<String> {
        self.url.as_ref().map(|url| format!("{url}{path}"))
    }

    /// Has new lists made at once, after a revocation or release that is on disk.
    pub fn outdate(&self) {
        self.outdated.notify_one();
    }

    /// Lists the kinds of lists that are made here.
    fn kinds(&self) -> impl Iterator<Item = ListKind> {
        [ListKind::Base, ListKind::Delta].into_iter().filter(|kind| self.has(*kind))
    }

    /// Says whether lists of this kind are made here.
    fn has(&self, kind: ListKind) -> bool {
        kind == ListKind::Base || self.delta
    }

    /// Returns the current list, made anew where the last one is outdated; while one server makes it, the others wait
    /// for it. Where none can be made, the last one is returned as long as it is valid.
    pub async fn list(&self, kind: ListKind) -> Result<Published, ApiError> {
        if !self.has(kind) {
            return Err(ApiError::NotFound("file"));
        }
        if let Some(kept) = self.still(kind).await? {
            return Ok(kept);
        }
        let mut failure = ApiError::Busy;
        for _ in 0..LOOKS {
            let now = OffsetDateTime::now_utc();
            if let Some(record) = self.current(kind, now).await? {
                return self.served(record).await;
            }
            match self.maker.list(kind, now).await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
                Err(error) => {
                    failure = error;
                    break;
                }
            }
        }
        // An outdated list is better than none as long as it is valid.
        match self.maker.store.list(kind).await? {
            Some(record) if record.number > 0 && record.next_update > OffsetDateTime::now_utc() => {
                tracing::error!(%failure, "a revocation list could not be made; the one before is served");
                self.served(record).await
            }
            _ => Err(failure),
        }
    }

    /// Returns the list that was served last, where the store was asked for it just now, nothing was revoked since, and none is
    /// due by the time.
    async fn still(&self, kind: ListKind) -> Result<Option<Published>, ApiError> {
        let kept = self.kept.lock().await.iter().find(|kept| kept.record.kind == kind).cloned();
        let Some(kept) = kept.filter(|kept| kept.looked.elapsed() < SERVED_FOR) else { return Ok(None) };
        let (record, now) = (&kept.record, OffsetDateTime::now_utc());
        let counted = self.waits(kind) || record.revocations == self.maker.store.versions().await?.revocations;
        Ok((counted && self.is_young(record, now)).then_some(kept))
    }

    /// Says whether a list of this kind waits for its age alone, whatever is revoked.
    fn waits(&self, kind: ListKind) -> bool {
        kind == ListKind::Base && self.delta && !self.base_at_once
    }

    /// Says whether no newer list is due by the time: by this one's age, or by a revocation that was put off.
    fn is_young(&self, record: &ListRecord, now: OffsetDateTime) -> bool {
        let due = !self.waits(record.kind) && record.next_due.is_some_and(|due| due <= now);
        now - record.this_update < times(record.kind).1 && !due
    }

    /// Returns the last list unless a new one is due: after a revocation, for a new complete list, when a revocation
    /// that was put off comes due, or by its age. A complete list waits for its age alone where the settings say so.
    async fn current(&self, kind: ListKind, now: OffsetDateTime) -> Result<Option<ListRecord>, ApiError> {
        let Some(record) = self.maker.store.list(kind).await? else { return Ok(None) };
        let counted = self.waits(kind) || record.revocations == self.maker.store.revocations().await?;
        let based = kind == ListKind::Base
            || self.maker.store.list(ListKind::Base).await?.is_some_and(|base| base.number == record.base);
        Ok(Some(record).filter(|record| record.number > 0 && counted && based && self.is_young(record, now)))
    }

    /// Returns the list with its bytes, which are read from the store once.
    async fn served(&self, record: ListRecord) -> Result<Published, ApiError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.iter_mut().find(|kept| kept.record == record) {
            kept.looked = Instant::now();
            return Ok(kept.clone());
        }
        let (_, der) = self.maker.store.list_bytes(record.kind).await?.ok_or(ApiError::Busy)?;
        // Another server may have made it.
        self.maker.witness.saw_list(record.kind, record.number).await?;
        let published = Published { record, der: der.into(), looked: Instant::now() };
        kept.retain(|kept| kept.record.kind != record.kind);
        kept.push(published.clone());
        Ok(published)
    }

    /// Keeps the lists current until told to end; a list that was begun is finished, for others wait for it.
    pub async fn keep(self: Arc<Self>, metrics: Arc<Metrics>, ending: CancellationToken) {
        if let Err(error) = self.maker.heeding_settings().await {
            tracing::error!(%error, "the list of an earlier start could not be looked at");
        }
        loop {
            let mut good = true;
            for kind in self.kinds() {
                if let Err(error) = self.list(kind).await {
                    good = false;
                    tracing::error!(%error, ?kind, "no revocation list could be made");
                }
            }
            metrics.upkeep_ended("lists", good);
            let reason = tokio::time::timeout(ROUND, self.outdated.notified());
            if ending.run_until_cancelled(reason).await.is_none() {
                break;
            }
        }
    }
}
