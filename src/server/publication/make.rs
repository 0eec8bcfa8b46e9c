//! Makes a list: claims it, reads its entries in pages, has it signed outside of any transaction, and puts it in place.

use crate::ca::{Entries, ListOrder, Revocation, RevocationReason, has_freshest};
use crate::server::audit::deed::{self, Deed};
use crate::server::audit::witness::Witness;
use crate::server::authority::authorities::Authorities;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, ListKind, ListRecord, ListedCertificate, Store, Tx};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Sets how long a claim holds when its server dies.
const CLAIM: Duration = Duration::seconds(30);
/// Sets by how much a delta list reaches back behind its complete list. A revocation is dated when its call began, so
/// it may be older than a list that was made before the revocation was stored.
const OVERLAP: Duration = Duration::minutes(10);

/// Returns how long a list of this kind is valid, and after how long a new one is made.
pub fn times(kind: ListKind) -> (Duration, Duration) {
    match kind {
        ListKind::Base => (Duration::days(7), Duration::days(1)),
        ListKind::Delta => (Duration::days(1), Duration::hours(6)),
    }
}

/// Makes lists: reads revocations from the store and has this server's CA sign.
pub struct ListMaker {
    pub store: Store,
    pub authorities: Authorities,
    pub witness: Arc<Witness>,
    /// The URL of the delta lists, if there are any.
    pub delta_url: Option<String>,
    /// By how much lists are dated back. The store has the time at which a list was made.
    pub backdated: Duration,
}

impl ListMaker {
    /// Makes the list; false while another server makes it.
    pub async fn list(&self, kind: ListKind, now: OffsetDateTime) -> Result<bool, ApiError> {
        let claimed_number = self
            .store
            .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(tx.claim_list(kind, now, now + CLAIM).await?) }));
        let Some(number) = claimed_number.await? else { return Ok(false) };
        let made = self.make_claimed(kind, number, now).await;
        if made.is_err() {
            let given_back = self
                .store
                .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(tx.drop_claim(kind, number).await?) }));
            given_back.await?;
        }
        made
    }

    /// Has the list of an earlier start made anew where it names another URL of delta lists than the settings do.
    pub async fn heeding_settings(&self) -> Result<(), ApiError> {
        let Some((number, der)) = self.store.list_bytes(ListKind::Base).await? else { return Ok(()) };
        let heeds = match &self.delta_url {
            Some(url) => der.windows(url.len()).any(|part| part == url.as_bytes()),
            None => !has_freshest(&der),
        };
        if heeds {
            return Ok(());
        }
        let entry = deed::own(Deed::RevocationListOutdated, OffsetDateTime::now_utc()).with("number", number);
        self.store.write(move |tx| Box::pin(async move { outdated(tx, &entry).await })).await
    }

    /// Makes the list whose number was claimed; false where the claim was lost meanwhile.
    async fn make_claimed(&self, kind: ListKind, number: u64, now: OffsetDateTime) -> Result<bool, ApiError> {
        // Counted before reading: a revocation in between makes the list count as outdated, never as current.
        let revocations = self.store.revocations().await?;
        let next_due = self.store.next_due(now).await?;
        let base = match kind {
            ListKind::Base => None,
            ListKind::Delta => self.store.list(ListKind::Base).await?.filter(|base| base.number > 0),
        };
        if kind == ListKind::Delta && base.is_none() {
            return Err(ApiError::Busy);
        }
        let entries = self.entries(kind, base.as_ref(), now).await?;
        let next_update = now + times(kind).0;
        let freshest = self.delta_url.clone().filter(|_| kind == ListKind::Base);
        let order = ListOrder {
            number,
            base: base.map(|base| base.number),
            this_update: now - self.backdated,
            next_update,
            freshest_url: freshest.as_deref(),
        };
        self.witness.may_sign_list(&self.store, kind, number).await?;
        let der = self.authorities.signing_here(|authority| authority.sign_list(&order, &entries))?;
        let base = base.map_or(0, |base| base.number);
        let record = ListRecord { kind, number, base, this_update: now, next_update, revocations, next_due };
        let entry = deed::own(Deed::RevocationListMade, now)
            .with("number", number)
            .with("base", base)
            .with("entries", entries.len());
        let published =
            self.store.write(move |tx| Box::pin(async move { put_in_place(tx, &record, &der, &entry).await })).await?;
        if published {
            self.witness.saw_list(kind, number).await?;
        }
        tracing::info!(number, base, entries = entries.len(), published, "revocation list made");
        Ok(published)
    }

    /// Reads the entries of a list; those of a delta list since its complete list, releases included.
    async fn entries(
        &self,
        kind: ListKind,
        base: Option<&ListRecord>,
        now: OffsetDateTime,
    ) -> Result<Entries, ApiError> {
        let (store, mut entries) = (&self.store, Entries::default());
        let since = base.map_or(OffsetDateTime::UNIX_EPOCH, |base| base.this_update - OVERLAP);
        // RFC 5280, 3.3: an entry stays until a list was made after its certificate expired.
        let before = store.list(kind).await?.map_or(now, |list| list.this_update);
        let valid_after = before.min(now - times(kind).1);
        let mut after = 0;
        loop {
            let page = store.revoked_page(after, valid_after, since, now).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            add(&mut entries, &page, |number| {
                // A number this release does not know stays a revocation.
                Some(RevocationReason::from_number(number).unwrap_or(RevocationReason::Unspecified))
            })?;
            tokio::task::yield_now().await;
        }
        if kind == ListKind::Base {
            return Ok(entries);
        }
        let mut after = 0;
        loop {
            let page = store.released_page(after, valid_after, since).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            add(&mut entries, &page, |_| None)?;
        }
        Ok(entries)
    }
}

/// Marks the lists as outdated, with the act.
async fn outdated(tx: &mut Tx, entry: &AuditEntry) -> Result<(), ApiError> {
    tx.outdate_lists().await?;
    Ok(tx.audit(entry).await?)
}

/// Puts a list in place, with the act; false where the claim was lost meanwhile.
async fn put_in_place(tx: &mut Tx, list: &ListRecord, der: &[u8], entry: &AuditEntry) -> Result<bool, ApiError> {
    let published = tx.publish_list(list, der).await?;
    if published {
        tx.audit(entry).await?;
    }
    Ok(published)
}

/// Adds a page to the entries; without a reason it is a release.
fn add(
    entries: &mut Entries,
    page: &[ListedCertificate],
    reason: impl Fn(u8) -> Option<RevocationReason>,
) -> Result<(), ApiError> {
    for listed in page {
        let (at, reason) = (listed.revocation.at, reason(listed.revocation.reason));
        entries.add(&Revocation { serial: listed.serial.clone(), at, reason })?;
    }
    Ok(())
}
