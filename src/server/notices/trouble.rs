//! Tells administrators of what fails: once for each failure, whichever server has it and however often it is started
//! anew, and when it is over.
//!
//! While something fails a mark is kept fresh; the failure is over once nobody has done so for a while.

use super::acts::told_time;
use super::draft::{Draft, put};
use super::people::Concerned;
use super::teller::Teller;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::ApiError;
use crate::server::monitoring::health::{CA_SOON, LIST_OLD};
use crate::store::{ListKind, Tx, from_micros, micros};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

/// Begins the names of the marks.
const MARK: &str = "failing:";
/// Sets how long a mark stays fresh beyond the patience of the settings.
const FRESH: Duration = Duration::seconds(10);

impl Teller {
    /// Tells of what has begun to fail, and of what fails no more.
    pub async fn tell_trouble(&self, now: OffsetDateTime) -> Result<(), ApiError> {
        let failing = self.failing(now).await?;
        let marks: BTreeMap<String, i64> = self.store.told_of(MARK).await?.into_iter().collect();
        if failing.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let stale = self.patience() + FRESH;
        let mut drafts = Vec::new();
        for (what, since) in failing.iter().filter(|(what, _)| !marks.contains_key(&format!("{MARK}{what}"))) {
            tracing::error!(what, %since, "this fails; administrators are told, if there is a way");
            drafts.push((what.clone(), self.of_trouble(NoticeKind::Failing, what, Some(*since)).await?));
        }
        for (name, _) in marks.iter().filter(|(_, mark)| is_stale(**mark, now, stale)) {
            let what = name.strip_prefix(MARK).unwrap_or(name);
            if !failing.contains_key(what) {
                tracing::info!(what, "this fails no more");
                drafts.push((what.to_owned(), self.of_trouble(NoticeKind::Recovered, what, None).await?));
            }
        }
        let bounds = self.bounds();
        let fresh: Vec<String> = failing.into_keys().collect();
        let job = async move |tx: &mut Tx| {
            tx.lock_telling().await?;
            let mut kept = Vec::new();
            for (what, draft) in drafts {
                let name = format!("{MARK}{what}");
                // Another server may have told it meanwhile.
                let told = tx.told(&name).await?;
                match draft.kind {
                    NoticeKind::Failing if told.is_none() => kept.push(draft),
                    NoticeKind::Recovered if told.is_some_and(|mark| is_stale(mark, now, stale)) => {
                        tx.untell(&name).await?;
                        kept.push(draft);
                    }
                    _ => {}
                }
            }
            for what in fresh {
                tx.tell_until(&format!("{MARK}{what}"), micros(now)).await?;
            }
            put(tx, &bounds, &kept, now).await
        };
        let too_many = self.store.write(move |tx| Box::pin(job(tx))).await?;
        self.full(too_many);
        self.outbox.wake();
        Ok(())
    }

    /// Lists what fails by now, and since when: tasks whose rounds have failed for as long as the settings bear it, a CA
    /// certificate that ends soon, a revocation list that is not made anew.
    async fn failing(&self, now: OffsetDateTime) -> Result<BTreeMap<String, OffsetDateTime>, ApiError> {
        let mut failing: BTreeMap<_, _> = self
            .metrics
            .failing()
            .into_iter()
            .filter(|(_, since)| now - *since >= self.patience())
            .map(|(task, since)| (task.to_owned(), since))
            .collect();
        let end = self.authorities.own().own().not_after();
        if end - now < CA_SOON {
            failing.insert("ca-ends-soon".to_owned(), end - CA_SOON);
        }
        if let Some(list) = self.store.list(ListKind::Base).await?.filter(|list| list.number > 0)
            && now - list.this_update > LIST_OLD
        {
            failing.insert("revocation-list-old".to_owned(), list.this_update + LIST_OLD);
        }
        Ok(failing)
    }

    fn patience(&self) -> Duration {
        Duration::minutes(self.settings.failing_minutes.into())
    }

    async fn of_trouble(&self, kind: NoticeKind, what: &str, since: Option<OffsetDateTime>) -> Result<Draft, ApiError> {
        let mut draft = Draft::new(kind, None).with("what", what).with("server", &self.host);
        if let Some(since) = since {
            draft = draft.with("since", told_time(since));
        }
        draft.readers = self.readers(kind, Concerned::default()).await?;
        Ok(draft)
    }
}

/// Says that nobody has kept a mark fresh.
fn is_stale(mark: i64, now: OffsetDateTime, stale: Duration) -> bool {
    from_micros(mark).is_none_or(|at| now - at > stale || at > now + stale)
}
