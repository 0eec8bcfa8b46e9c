//! Tells of certificates that will end: each holder once at each step before, and whoever looks after all of them by a
//! list a day.
//!
//! For each step a mark says up to which end was told; it moves in the transaction that puts the notices into the outbox.
//! A mark that a clock which went ahead has left far beyond is taken back, so that what it hides is told in its time.

use super::acts::told_time;
use super::draft::{Draft, Reader, put};
use super::people::Concerned;
use super::teller::Teller;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::data_directory::settings::notices::{Audience, NoticeKind};
use crate::server::error::ApiError;
use crate::store::{CertificateRecord, Tx, from_micros, micros};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Bounds the certificates that are told of at one time.
const PAGE: u32 = 500;
/// Bounds the pages that one round tells of at each step; the next round goes on.
const MOST_PAGES: usize = 40;
/// Sets how far a mark may be beyond what the clock says before it is taken for that of a clock which went ahead.
const SLACK: Duration = Duration::days(2);
/// Names the mark of when the list was sent last.
const LISTED: &str = "ends-listed";

/// Holds how far one step was told of, as it was found.
struct Step {
    days: u16,
    mark: String,
    before: Option<i64>,
}

impl Teller {
    /// Tells of what ends at any step, once an hour; the list only when a day has passed.
    pub async fn tell_ends(&self, now: OffsetDateTime) -> Result<(), ApiError> {
        let wanted = self.settings.mail.of(NoticeKind::CertificateEnds);
        let holders = wanted.contains(&Audience::Holder) || !self.outbox.webhooks.is_empty();
        let others = wanted.iter().any(|audience| *audience != Audience::Holder);
        let listed = self.marked(LISTED).await?;
        let list_due = listed.and_then(from_micros).is_none_or(|at| now - at >= Duration::days(1) || at > now + SLACK);
        for (index, days) in self.settings.days.iter().enumerate() {
            let next = self.settings.days.get(index + 1).copied().unwrap_or(0);
            if holders {
                self.step("ends", (*days, next), now, false).await?;
            }
            if others && list_due {
                self.step("list", (*days, next), now, true).await?;
            }
        }
        if others && list_due {
            let at = micros(now);
            self.store.write(move |tx| Box::pin(async move { tx.tell_until(LISTED, at).await })).await?;
        }
        Ok(())
    }

    async fn marked(&self, name: &str) -> Result<Option<i64>, ApiError> {
        Ok(self.store.told_until(name).await?)
    }

    /// Tells of the certificates that have come within one step of their end since it was told last, page by page.
    async fn step(&self, of: &str, (days, next): (u16, u16), now: OffsetDateTime, list: bool) -> Result<(), ApiError> {
        for _ in 0..MOST_PAGES {
            if !self.page(of, (days, next), now, list).await? {
                break;
            }
        }
        Ok(())
    }

    /// Tells of one page of them; says whether there may be more.
    async fn page(
        &self,
        of: &str,
        (days, next): (u16, u16),
        now: OffsetDateTime,
        list: bool,
    ) -> Result<bool, ApiError> {
        let mark = format!("{of}:{days}");
        let before = self.marked(&mark).await?;
        let horizon = now + Duration::days(days.into());
        // At first each certificate is told of once, at the step that it is in.
        let first = now + Duration::days(next.into());
        let mut after = before.and_then(from_micros).unwrap_or(first);
        let ahead = after > horizon + SLACK;
        if ahead {
            tracing::warn!(days, %after, "the clock went back: ends of certificates are told of anew in their time");
            after = horizon;
        } else if after >= horizon {
            return Ok(false);
        }
        let step = Step { days, mark, before };
        let (found, until) = self.found(after.max(now), horizon).await?;
        let drafts = if list { self.listed(&step, &found).await? } else { self.of_holders(&step, &found).await? };
        self.note(step, drafts, until, now).await?;
        Ok(until < horizon)
    }

    /// Lists what ends after one time and until another, and until when the list is whole.
    async fn found(
        &self,
        after: OffsetDateTime,
        horizon: OffsetDateTime,
    ) -> Result<(Vec<CertificateRecord>, OffsetDateTime), ApiError> {
        let (mut all, mut until) = (Vec::new(), horizon);
        for on_card in [true, false] {
            let found = self.store.ends_between(on_card, after, horizon, PAGE).await?;
            let full = usize::try_from(PAGE).is_ok_and(|page| found.len() >= page);
            if let (true, Some(first), Some(last)) = (full, found.first(), found.last()) {
                // What ends in the moment of the last one comes with the next page, unless the whole page does.
                let one_moment = first.not_after == last.not_after;
                let whole = if one_moment { last.not_after } else { last.not_after - Duration::microseconds(1) };
                until = until.min(whole);
            }
            all.extend(found);
        }
        all.retain(|certificate| certificate.not_after <= until);
        all.sort_by_key(|certificate| certificate.not_after);
        Ok((all, until))
    }

    /// Puts notices into the outbox and notes how far was told, unless another server was quicker.
    async fn note(
        &self,
        step: Step,
        drafts: Vec<Draft>,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), ApiError> {
        let bounds = self.bounds();
        let job = async move |tx: &mut Tx| {
            let (step, drafts) = (step, drafts);
            tx.lock_telling().await?;
            if tx.told(&step.mark).await? != step.before {
                return Ok(0);
            }
            tx.tell_until(&step.mark, micros(until)).await?;
            put(tx, &bounds, &drafts, now).await
        };
        let too_many = self.store.write(move |tx| Box::pin(job(tx))).await?;
        self.full(too_many);
        self.outbox.wake();
        Ok(())
    }

    /// Groups what ends by its holder.
    async fn of_holders(&self, step: &Step, found: &[CertificateRecord]) -> Result<Vec<Draft>, ApiError> {
        let mut lines: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for certificate in found {
            if self.matters(step, certificate).await? {
                lines.entry(certificate.user).or_default().push(line(certificate, ""));
            }
        }
        let mut drafts = Vec::new();
        for (holder, lines) in lines {
            let name = self.name(holder).await?;
            let mut draft = Draft::new(NoticeKind::CertificateEnds, None)
                .with("days", step.days)
                .with("holder", name)
                .with_list(&lines);
            let concerned = Concerned { request: None, holder: Some(holder) };
            let only_holder = |reader: &Reader| *reader == Reader::Person(holder);
            draft.readers = self.readers(draft.kind, concerned).await?.into_iter().filter(only_holder).collect();
            drafts.push(draft);
        }
        Ok(drafts)
    }

    /// Makes one list of what ends, for those who look after all.
    async fn listed(&self, step: &Step, found: &[CertificateRecord]) -> Result<Vec<Draft>, ApiError> {
        let mut lines = Vec::new();
        for certificate in found {
            if self.matters(step, certificate).await? {
                lines.push(line(certificate, &self.name(certificate.user).await?));
            }
        }
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let mut draft = Draft::new(NoticeKind::CertificatesEnd, None).with("days", step.days).with_list(&lines);
        draft.hooks = false;
        draft.readers = self.readers(draft.kind, Concerned::default()).await?;
        Ok(vec![draft])
    }

    /// Says whether somebody should be told: not in the first half of a certificate's life, and not for a card that is
    /// retired.
    async fn matters(&self, step: &Step, certificate: &CertificateRecord) -> Result<bool, ApiError> {
        let life = certificate.not_after - certificate.not_before;
        if Duration::days(step.days.into()) * 2 > life {
            return Ok(false);
        }
        let Some(card) = certificate.smartcard else { return Ok(true) };
        let card = self.store.smartcard(card).await?;
        Ok(card.is_some_and(|card| card.status != SmartcardStatus::Retired))
    }
}

/// Writes one certificate on a line.
pub fn line(certificate: &CertificateRecord, holder: &str) -> String {
    let serial = hex::encode_upper(&certificate.serial);
    let (end, name) = (told_time(certificate.not_after), &certificate.template_common_name);
    if holder.is_empty() { format!("{end}  {name}  {serial}") } else { format!("{end}  {holder}  {name}  {serial}") }
}
