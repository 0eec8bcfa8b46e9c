//! One-time passwords of a request: made, handed over, proven.
//!
//! A password is random, of the policy's alphabet; no more than PBKDF2-HMAC-SHA-256 over it and 16 bytes of salt is
//! kept ([`crate::server::mail::password`]). One that is mailed is made when it is sent
//! ([`crate::server::mail::one_time`]), so that the outbox holds none.

use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::check::FieldError;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::server::mail::one_time::notice;
use crate::server::mail::password::{is_right, password};
use crate::store::{AuditEntry, OneTimeRecord, RequestRecord, Tx};
use crate::template::{Delivery, OneTimePolicy, Recipient};
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds what the transaction remembers of new passwords; the passwords themselves stay outside.
pub struct OneTimeOrder {
    tries: u32,
    /// `None`: no password is made yet.
    expires: Option<OffsetDateTime>,
    /// Salt and hash.
    first: Option<Vec<u8>>,
    second: Option<Vec<u8>>,
    /// Which of the two passwords (1 or 2) is mailed to whom.
    mails: Vec<(u8, Recipient)>,
    entry: AuditEntry,
}

/// Makes the passwords that are handed over at once; returns what is remembered of them, and what is shown. `asked_for`
/// means that an approver wants them anew: those that the policy delivers to nobody are then shown to him.
pub fn make(
    call: &Call<'_>,
    policy: &OneTimePolicy,
    asked_for: bool,
) -> Result<(OneTimeOrder, OneTimePasswords), ApiError> {
    let mut order = OneTimeOrder {
        tries: policy.tries,
        expires: None,
        first: None,
        second: None,
        mails: Vec::new(),
        entry: call.entry(Deed::OneTimePasswordMade),
    };
    let mut answer = OneTimePasswords::default();
    for (part, delivery) in (1..).zip(&policy.deliver) {
        match delivery {
            Delivery::Smtp(recipient) => order.mails.push((part, *recipient)),
            Delivery::Nobody if !asked_for => {}
            Delivery::Display | Delivery::Nobody => {
                let (password, proof) = password(policy)?;
                order.expires = Some(call.now + policy.lifetime);
                let (kept, shown) = match part {
                    1 => (&mut order.first, &mut answer.first),
                    _ => (&mut order.second, &mut answer.second),
                };
                (*kept, *shown) = (Some(proof), Some(password));
            }
        }
    }
    Ok((order, answer))
}

/// Remembers the passwords made for a request, in place of earlier ones, and puts into the outbox what is to be mailed.
pub async fn remember(
    tx: &mut Tx,
    request: &RequestRecord,
    made: OneTimeOrder,
    approver: Option<Uuid>,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let before = tx.one_time(request.uuid).await?;
    let generation = before.map_or(1, |before| before.generation.saturating_add(1));
    let OneTimeOrder { tries, expires, first, second, mails, entry } = made;
    let record =
        OneTimeRecord { request: request.uuid, generation, tries_left: tries, expires, first, second, proven: None };
    tx.replace_one_time(&record, now).await?;
    let mailed = mails.len();
    for (part, recipient) in mails {
        let recipient = match recipient {
            Recipient::Target => request.target,
            Recipient::Originator => request.originator,
            Recipient::Approver => approver.ok_or(ApiError::Internal(Internal::Dangling("approver")))?,
        };
        let user = tx.user(recipient).await?.ok_or(ApiError::Internal(Internal::Dangling("user")))?;
        if user.email.is_none() {
            return Err(ApiError::NoAddress(user.name));
        }
        tx.insert_notice(&notice(request.uuid, part, generation, recipient, now)).await?;
    }
    let entry = entry.on(request).with("generation", generation).with("mailed", mailed);
    Ok(tx.audit(&entry).await?)
}

/// Refuses passwords that were tried too often, have expired, or are not made yet.
pub(super) fn check_provable(
    record: &OneTimeRecord,
    policy: &OneTimePolicy,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let lacking = record.first.is_none() || (policy.deliver.len() > 1 && record.second.is_none());
    let spent = match record.expires {
        _ if record.tries_left == 0 => "the one-time password was tried too often",
        _ if lacking => "the one-time password is not made yet",
        Some(expires) if expires <= now => "the one-time password has expired",
        Some(_) => return Ok(()),
        None => "the one-time password is not made yet",
    };
    Err(ApiError::PasswordSpent(spent))
}

/// Proves a request's passwords; proven ones stay proven. A wrong guess is counted in the transaction that judges it,
/// so that guesses made at one moment are no more than the policy allows.
pub async fn prove(
    call: &Call<'_>,
    request: &RequestRecord,
    policy: &OneTimePolicy,
    given: &OneTimePasswords,
) -> Result<(), ApiError> {
    let record = call.app.store.one_time(request.uuid).await?;
    let record = record.ok_or(ApiError::PasswordSpent("the one-time password is not made yet"))?;
    if record.proven.is_some() {
        return Ok(());
    }
    let second = policy.deliver.len() > 1;
    let first_given = given.first.as_ref().ok_or(FieldError::Missing { field: "OneTimePassword" })?;
    if second && given.second.is_none() {
        return Err(FieldError::Missing { field: "SecondOneTimePassword" }.into());
    }
    check_provable(&record, policy, call.now)?;
    let mut right = is_right(record.first.as_deref(), first_given);
    if let Some(given) = given.second.as_ref().filter(|_| second) {
        right &= is_right(record.second.as_deref(), given);
    }
    let (policy, now, judged) = (policy.clone(), call.now, record);
    let entry = call.entry(if right { Deed::OneTimePasswordProven } else { Deed::OneTimePasswordRefused }).on(request);
    let job = async move |tx: &mut Tx| {
        let mut record = tx.one_time(judged.request).await?.ok_or(ApiError::Conflict)?;
        if record.proven.is_some() {
            return Ok(None);
        }
        if (&record.first, &record.second) != (&judged.first, &judged.second) {
            return Err(ApiError::Conflict);
        }
        check_provable(&record, &policy, now)?;
        if right {
            record.proven = Some(now);
        } else {
            record.tries_left -= 1;
        }
        tx.update_one_time(&record).await?;
        tx.audit(&entry.with("tries_left", record.tries_left)).await?;
        // A refusal as an error would take the count back.
        Ok(Some(record.tries_left).filter(|_| !right))
    };
    match call.app.store.write(move |tx| Box::pin(job(tx))).await? {
        None => Ok(()),
        Some(left) => Err(ApiError::PasswordWrong(left)),
    }
}
