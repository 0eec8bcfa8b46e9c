//! One-time passwords: made, hashed, handed over, proven.
//!
//! A password is random, of the policy's alphabet; PBKDF2-HMAC-SHA-256 over it and 16 bytes of salt is all that is
//! kept. One that is mailed is made when it is sent ([`super::mail`]), so the outbox holds none.

use super::audit::Deed;
use super::error::{ApiError, Internal};
use super::router::Call;
use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::check::FieldError;
use crate::secret::OneTimePassword;
use crate::store::{AuditEntry, MailRecord, OneTimeRecord, RequestRecord, Tx};
use crate::template::{Delivery, OneTimePolicy, Recipient};
use aws_lc_rs::{constant_time, pbkdf2, rand};
use std::num::NonZeroU32;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// At least 24 bits of chance and few tries are the protection; this makes a stolen hash slow to search as well.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// What goes into the transaction; the passwords themselves stay outside.
pub struct OneTimeOrder {
    tries: u32,
    expires: Option<OffsetDateTime>,
    first: Option<Vec<u8>>,
    second: Option<Vec<u8>>,
    mails: Vec<(u8, Recipient)>,
    entry: AuditEntry,
}

/// Makes what is handed over at once; gives what is remembered and what is shown. `asked_for`: an approver wants them
/// anew, so those that go out to nobody by themselves are shown to him.
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

/// A new password and what proves it. It takes some hundredths of a second.
pub fn password(policy: &OneTimePolicy) -> Result<(OneTimePassword, Vec<u8>), ApiError> {
    let random = |_| ApiError::Internal(Internal::Random);
    let alphabet = policy.alphabet.as_bytes();
    let length = policy.length as usize;
    // Bytes beyond a multiple of the alphabet's length would favour its beginning.
    let fair = 256 - 256 % alphabet.len().max(1);
    let mut text = Zeroizing::new(String::with_capacity(length));
    const MOST_ROUNDS: usize = 64;
    for _ in 0..MOST_ROUNDS {
        let mut bytes = Zeroizing::new([0; 64]);
        rand::fill(bytes.as_mut_slice()).map_err(random)?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let characters = fair.filter_map(|byte| alphabet.get(byte % alphabet.len())).map(|byte| char::from(*byte));
        let lacking = length - text.len();
        text.extend(characters.take(lacking));
        if text.len() == length {
            let mut salt = [0; SALT_LEN];
            rand::fill(&mut salt).map_err(random)?;
            let proof = [salt.as_slice(), hash(&salt, &text).as_slice()].concat();
            return Ok((OneTimePassword::new(std::mem::take(&mut *text)), proof));
        }
    }
    Err(ApiError::Internal(Internal::Random))
}

fn hash(salt: &[u8], password: &str) -> [u8; HASH_LEN] {
    let mut hash = [0; HASH_LEN];
    let work = || pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut hash);
    tokio::task::block_in_place(work);
    hash
}

/// Remembers passwords that were made for a request, and has mailed what is to be mailed; those before hold no longer.
pub async fn begin(
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
    tx.replace_one_time(&record).await?;
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
        let mail = MailRecord { request: request.uuid, part, generation, recipient, attempts: 0, due: now };
        tx.insert_mail(&mail).await?;
    }
    let entry = entry.on(request).with("generation", generation).with("mailed", mailed);
    Ok(tx.audit(&entry).await?)
}

/// Refuses what cannot be proven any more, or not yet.
fn provable(record: &OneTimeRecord, policy: &OneTimePolicy, now: OffsetDateTime) -> Result<(), ApiError> {
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

/// Proves a request's passwords. Each wrong guess is counted in the transaction that judged it, so that no number of
/// guesses at one moment is more than the policy allows.
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
    provable(&record, policy, call.now)?;
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
        provable(&record, &policy, now)?;
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

/// Blanks, hyphens and letter case do not count: passwords are read out and typed.
fn is_right(proof: Option<&[u8]>, given: &OneTimePassword) -> bool {
    let Some((salt, expected)) = proof.and_then(|proof| proof.split_at_checked(SALT_LEN)) else { return false };
    let mut typed = Zeroizing::new(String::with_capacity(given.expose().len()));
    let significant = given.expose().chars().filter(|character| !character.is_whitespace() && *character != '-');
    typed.extend(significant.map(|character| character.to_ascii_uppercase()));
    constant_time::verify_slices_are_equal(&hash(salt, &typed), expected).is_ok()
}
