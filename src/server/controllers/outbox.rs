//! The outbox: administrators see what was told to whom, have it told again, or not at all.

use super::found::Names;
use super::proposals::check_manages_users;
use crate::cm::outbox::OutboxEntry;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::ApiError;
use crate::server::mail::outbox::LIFETIME;
use crate::store::{NoticeRecord, NoticeState, Tx};
use uuid::Uuid;

/// Answers `GET outbox`: notices, newest first.
pub async fn list(
    call: &Call<'_>,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: Option<u32>,
) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    let state = NoticeState::ALL.into_iter().find(|known| Some(known.name()) == state);
    let most = u32::try_from(MAX_LIST + 1).unwrap_or(u32::MAX);
    let limit = limit.map_or(most, |limit| limit.min(most));
    let mut names = Names::default();
    let mut entries = Vec::new();
    for notice in call.app.store.notices(state, before, limit).await? {
        let recipient_name = match notice.recipient {
            Some(recipient) => names.of(call, recipient).await?,
            None => String::new(),
        };
        entries.push(entry(notice, recipient_name));
    }
    Reply::list(entries)
}

fn entry(notice: NoticeRecord, recipient_name: String) -> OutboxEntry {
    let waits = notice.state == NoticeState::Waiting;
    OutboxEntry {
        uuid: notice.uuid,
        kind: notice.kind,
        way: notice.way,
        state: notice.state.name().to_owned(),
        recipient: notice.recipient,
        recipient_name,
        address: notice.address,
        request: notice.request,
        created: notice.created,
        due: Some(notice.due).filter(|_| waits),
        attempts: notice.attempts,
        doubtful: notice.doubtful,
        reason: notice.reason,
        settled: notice.settled,
    }
}

/// Answers `POST outbox/{notice}/retry`: it is sent now, even if it was given up. For one that is due already nothing
/// changes.
pub async fn retry(call: &Call<'_>, notice: Uuid) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    let (now, ends) = (call.now, call.now + LIFETIME);
    let entry = call.entry(Deed::NoticeRetried).with("notice", notice);
    let job = async move |tx: &mut Tx| {
        let found = tx.notice(notice).await?.ok_or(ApiError::NotFound("notice"))?;
        if found.state == NoticeState::Waiting && found.due <= now {
            return Ok(());
        }
        if !tx.retry_notice(notice, now, ends).await? {
            return Err(ApiError::NoticeSettled);
        }
        Ok(tx.audit(&entry.with("kind", found.kind)).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.outbox.wake();
    Ok(Reply::Empty)
}

/// Answers `POST outbox/{notice}/discard`: it is not sent any more.
pub async fn discard(call: &Call<'_>, notice: Uuid) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    let (now, by) = (call.now, format!("discarded by {}", call.caller.name));
    let entry = call.entry(Deed::NoticeDiscarded).with("notice", notice);
    let job = async move |tx: &mut Tx| {
        let by = by;
        let found = tx.notice(notice).await?.ok_or(ApiError::NotFound("notice"))?;
        if !tx.settle_notice(notice, NoticeState::Discarded, &by, now).await? {
            return Err(ApiError::NoticeSettled);
        }
        Ok(tx.audit(&entry.with("kind", found.kind)).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Ok(Reply::Empty)
}
