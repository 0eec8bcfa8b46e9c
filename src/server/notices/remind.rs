//! Has the holder of a card told again that its certificates end, because somebody who looks after cards wants it.

use super::draft::Draft;
use super::ends::line;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::ApiError;
use crate::server::mail::outbox::{LIFETIME, Outbox};
use crate::server::mail::shared::{MAIL, due_now};
use crate::store::{AuditEntry, CertificateRecord, NoticeRecord, Tx, UserRecord, from_micros, micros};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Begins the names of the marks; the card's uuid follows.
const MARK: &str = "reminded:";
/// Sets how long after one reminder no other is sent for the same card.
const PAUSE: Duration = Duration::days(1);

/// Makes the notices by which a holder is told of certificates that end, one for each way on which that can be; none where
/// there is no way.
pub fn notices(
    outbox: &Outbox,
    holder: &UserRecord,
    certificates: &[CertificateRecord],
    now: OffsetDateTime,
) -> Vec<NoticeRecord> {
    let first = certificates.iter().map(|certificate| certificate.not_after).min().unwrap_or(now);
    let lines: Vec<String> = certificates.iter().map(|certificate| line(certificate, "")).collect();
    let draft = Draft::new(NoticeKind::CertificateEnds, None)
        .with("days", (first - now).whole_days() + 1)
        .with("holder", &holder.name)
        .with_list(&lines);
    let notice = |way: &str, recipient| NoticeRecord {
        recipient,
        facts: draft.facts.clone(),
        ..due_now(NoticeKind::CertificateEnds, way, now, LIFETIME)
    };
    let mailed = outbox.mail.is_some() && holder.email.is_some() && !holder.disabled;
    let mut notices: Vec<NoticeRecord> = mailed.then(|| notice(MAIL, Some(holder.uuid))).into_iter().collect();
    let hooks = outbox.webhooks.iter().filter(|webhook| webhook.takes(NoticeKind::CertificateEnds));
    notices.extend(hooks.map(|webhook| notice(&webhook.way(), None)));
    notices
}

/// Puts the notices about a card into the outbox; refuses a second time within a day.
pub async fn reminded(
    tx: &mut Tx,
    smartcard: Uuid,
    notices: &[NoticeRecord],
    now: OffsetDateTime,
    entry: &AuditEntry,
) -> Result<(), ApiError> {
    tx.lock_telling().await?;
    let mark = format!("{MARK}{smartcard}");
    if let Some(at) = tx.told(&mark).await?.and_then(from_micros).filter(|at| *at <= now && now - *at < PAUSE) {
        return Err(ApiError::RemindedAlready { at });
    }
    // Marks that keep nobody from anything any more are not kept themselves.
    tx.untell_before(MARK, micros(now - PAUSE)).await?;
    tx.tell_until(&mark, micros(now)).await?;
    for notice in notices {
        tx.insert_notice(notice).await?;
    }
    Ok(tx.audit(entry).await?)
}
