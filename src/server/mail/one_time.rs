//! Makes one-time passwords when they are mailed, so that the outbox holds none.
//!
//! One is claimed in the transaction that also stores the hash of the password about to be sent, so no password is out
//! before it can be proven. Each attempt has a new password, and the one before no longer holds; so each has a
//! Message-ID of its own, for a mailbox that drops repeated ones would keep the wrong one.

use super::password;
use super::shared::{self, LANGUAGE, MAIL, Shared};
use super::smtp::{Letter, MailServer};
use super::texts::Text;
use crate::cm::request::RequestStatus;
use crate::secret::OneTimePassword;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::{ApiError, Internal};
use crate::store::{NoticeRecord, NoticeState, RequestRecord, Tx, UserRecord};
use crate::template::OneTimePolicy;
use lettre::Message;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroize;

/// Bounds for how long one is tried.
const LIFETIME: time::Duration = time::Duration::hours(4);

/// Says what is to be done with one.
pub enum Prepared {
    Send(Message),
    /// It cannot be sent; why.
    Not(String),
    /// Another server has it, or it is settled.
    Taken,
}

/// Makes the notice of a one-time password that is to be mailed; it holds none.
pub fn notice(request: Uuid, part: u8, generation: u32, recipient: Uuid, now: OffsetDateTime) -> NoticeRecord {
    let notice = shared::due_now(NoticeKind::OneTimePassword, MAIL, now, LIFETIME);
    NoticeRecord { recipient: Some(recipient), request: Some(request), part, generation, ..notice }
}

/// Makes a password and the mail with it.
pub async fn prepared(outbox: &Shared, mail: &MailServer, notice: &NoticeRecord) -> Result<Prepared, ApiError> {
    let request = match notice.request {
        Some(request) => outbox.store.request(request).await?,
        None => None,
    };
    let recipient = match notice.recipient {
        Some(recipient) => outbox.store.user(recipient).await?,
        None => None,
    };
    let template = request.as_ref().and_then(|request| outbox.templates.get(request.profile_template));
    let policy = request.as_ref().zip(template).and_then(|(request, template)| {
        template.workflow(request.request_type).and_then(|workflow| workflow.one_time_password.as_ref())
    });
    let address = recipient.as_ref().and_then(|user| user.email.clone());
    let (Some(request), Some(recipient), Some(policy), Some(address), Some(template)) =
        (request, recipient, policy, address, template)
    else {
        return Ok(Prepared::Not("its request, recipient, address or policy is gone".into()));
    };
    let Some(password) = claim(outbox, notice, &request, policy).await? else { return Ok(Prepared::Taken) };
    let text = text(outbox, &recipient, &request, &template.name, policy, &password)?;
    drop(password);
    let id = format!("{}.{}", notice.uuid, notice.attempts + 1);
    let (kind, name) = (NoticeKind::OneTimePassword.word(), recipient.name.as_str());
    let letter = Letter { name, address: &address, id: &id, kind, repeated: notice.doubtful };
    Ok(match mail.written(&letter, text) {
        Ok(message) => Prepared::Send(message),
        Err(error) => Prepared::Not(error.to_string()),
    })
}

/// Takes the mail for this attempt and remembers what proves its password; `None`: it is not to be sent, or another
/// server was quicker.
async fn claim(
    outbox: &Shared,
    notice: &NoticeRecord,
    request: &RequestRecord,
    policy: &OneTimePolicy,
) -> Result<Option<OneTimePassword>, ApiError> {
    let (password, proof) = password::password(policy)?;
    let (notice, request, lifetime) = (notice.clone(), request.uuid, policy.lifetime);
    let job = async move |tx: &mut Tx| {
        let now = OffsetDateTime::now_utc();
        let request = tx.request(request).await?.ok_or(ApiError::Internal(Internal::Dangling("request")))?;
        let open = matches!(request.status, RequestStatus::Approved | RequestStatus::Executing);
        let record = tx.one_time(request.uuid).await?.filter(|record| record.generation == notice.generation);
        let Some(mut record) = record.filter(|record| open && record.proven.is_none()) else {
            if tx.settle_notice(notice.uuid, NoticeState::Discarded, "the request has gone on", now).await? {
                let entry = deed::own(Deed::OneTimePasswordUndelivered, now).on(&request);
                tx.audit(&entry.with("part", notice.part).with("status", request.status)).await?;
            }
            return Ok(false);
        };
        tx.claim_notice(&notice, now + shared::claim(notice.attempts)).await?;
        record.expires = Some(now + lifetime);
        *(if notice.part == 1 { &mut record.first } else { &mut record.second }) = Some(proof);
        tx.update_one_time(&record).await?;
        let entry = deed::own(Deed::OneTimePasswordMade, now).on(&request);
        tx.audit(&entry.with("part", notice.part).with("attempt", notice.attempts + 1)).await?;
        Ok::<_, ApiError>(true)
    };
    match outbox.store.write(move |tx| Box::pin(job(tx))).await {
        Ok(true) => Ok(Some(password)),
        // Another instance was quicker.
        Ok(false) | Err(ApiError::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes that one was sent, which is an act.
pub async fn delivered(outbox: &Shared, notice: &NoticeRecord) -> Result<(), ApiError> {
    let recipient = match notice.recipient {
        Some(recipient) => outbox.store.user(recipient).await?.map(|user| user.name),
        None => None,
    };
    let notice = notice.clone();
    let job = async move |tx: &mut Tx| {
        let now = OffsetDateTime::now_utc();
        if !tx.settle_notice(notice.uuid, NoticeState::Sent, "", now).await? {
            return Ok(());
        }
        let entry = of_request(tx, &notice, Deed::OneTimePasswordSent, now).await?;
        Ok::<_, ApiError>(tx.audit(&entry.with("to", recipient.unwrap_or_default())).await?)
    };
    outbox.store.write(move |tx| Box::pin(job(tx))).await
}

/// Ends one that was not sent, which is an act. An approver may have the password distributed anew.
pub async fn undelivered(
    outbox: &Shared,
    notice: &NoticeRecord,
    state: NoticeState,
    reason: &str,
) -> Result<(), ApiError> {
    tracing::error!(notice = %notice.uuid, part = notice.part, reason, "a one-time password could not be sent; have it distributed anew");
    let (notice, reason) = (notice.clone(), reason.to_owned());
    let job = async move |tx: &mut Tx| {
        let (notice, reason) = (notice, reason);
        let now = OffsetDateTime::now_utc();
        if !tx.settle_notice(notice.uuid, state, &reason, now).await? {
            return Ok(());
        }
        let entry = of_request(tx, &notice, Deed::OneTimePasswordUndelivered, now).await?;
        Ok::<_, ApiError>(tx.audit(&entry.with("attempts", notice.attempts)).await?)
    };
    outbox.store.write(move |tx| Box::pin(job(tx))).await
}

/// Begins the entry of an act about one.
async fn of_request(
    tx: &mut Tx,
    notice: &NoticeRecord,
    deed: Deed,
    now: OffsetDateTime,
) -> Result<crate::store::AuditEntry, ApiError> {
    let request = match notice.request {
        Some(request) => tx.request(request).await?,
        None => None,
    };
    let request = request.ok_or(ApiError::Internal(Internal::Dangling("request")))?;
    Ok(deed::own(deed, now).on(&request).with("part", notice.part))
}

/// Writes the text with the password.
fn text(
    outbox: &Shared,
    recipient: &UserRecord,
    request: &RequestRecord,
    template: &str,
    policy: &OneTimePolicy,
    password: &OneTimePassword,
) -> Result<Text, ApiError> {
    let mut facts = BTreeMap::from([
        ("request".to_owned(), request.uuid.to_string()),
        ("type".to_owned(), request.request_type.to_string()),
        ("template".to_owned(), template.to_owned()),
        ("hours".to_owned(), policy.lifetime.whole_hours().to_string()),
        ("tries".to_owned(), policy.tries.to_string()),
        ("password".to_owned(), password.expose().to_owned()),
    ]);
    let language = recipient.attributes.get(LANGUAGE).map(String::as_str);
    let text = outbox.texts.written(language, NoticeKind::OneTimePassword, &recipient.name, &facts);
    facts.values_mut().for_each(Zeroize::zeroize);
    text.ok_or(ApiError::Internal(Internal::Dangling("text")))
}
