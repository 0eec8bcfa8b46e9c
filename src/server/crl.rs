//! The revocation list: made anew after each revocation and when it grows old, kept otherwise.

use super::app::App;
use super::audit::{self, Deed};
use super::error::ApiError;
use crate::ca::{Revocation, RevocationReason};
use crate::store::{RevokedCertificate, Tx};
use std::sync::atomic::{AtomicU64, Ordering};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// How long a list says it is good for, and after how long a new one is made.
const VALIDITY: Duration = Duration::days(7);
const REFRESH: Duration = Duration::days(1);

/// Keeps the latest list.
#[derive(Default)]
pub struct CrlCache {
    /// Counts revocations since the start.
    revocations: AtomicU64,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    der: Vec<u8>,
    revocations: u64,
    made: OffsetDateTime,
}

impl CrlCache {
    /// Something was revoked, and that is on disk: the kept list is no longer true.
    pub fn outdate(&self) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
    }

    /// The list, DER. While one caller makes it anew, the others wait for it.
    pub async fn get(&self, app: &App) -> Result<Vec<u8>, ApiError> {
        let mut kept = self.kept.lock().await;
        let now = OffsetDateTime::now_utc();
        // Counted before reading: a revocation in between makes the list count as outdated, never as fresh.
        let revocations = self.revocations.load(Ordering::SeqCst);
        if let Some(kept) = kept.as_ref()
            && kept.revocations == revocations
            && now - kept.made < REFRESH
        {
            return Ok(kept.der.clone());
        }
        let revoked = app.store.revoked(now).await?;
        let entries: Vec<_> = revoked.into_iter().map(entry).collect();
        let made = audit::own(Deed::RevocationListMade, now).with("entries", entries.len());
        let job = async move |tx: &mut Tx| {
            let number = tx.next_crl_number().await?;
            tx.audit(&made.with("number", number)).await?;
            Ok::<u64, ApiError>(number)
        };
        let number = app.store.write(move |tx| Box::pin(job(tx))).await?;
        let der = app.signing(|authority| authority.crl(&entries, number, now, now + VALIDITY))?;
        *kept = Some(Kept { der: der.clone(), revocations, made: now });
        tracing::info!(number, entries = entries.len(), "revocation list made");
        Ok(der)
    }
}

fn entry(revoked: RevokedCertificate) -> Revocation {
    // A number this release does not know stays a revocation.
    let reason = RevocationReason::from_number(revoked.revocation.reason).unwrap_or(RevocationReason::Unspecified);
    Revocation { serial: revoked.serial, at: revoked.revocation.at, reason }
}
