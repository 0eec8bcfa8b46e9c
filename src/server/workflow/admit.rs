//! Admits a new request within its job: checks the state of its card or profile, that no other request of its type is
//! open, the template's limits, the window of a renewal.

use super::holders::{OldHolder, asked_profile};
use super::people;
use crate::cm::eligibility::Asked;
use crate::cm::holder_role::Role;
use crate::cm::lifecycle::Narrowing;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::error::ApiError;
use crate::store::{AuditEntry, CertificateScope, RequestFilter, RequestRecord, Tx};
use crate::template::{Limits, ProfileTemplate};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Records a new request, or refuses it and writes nothing.
pub async fn admitted(
    tx: &mut Tx,
    request: &RequestRecord,
    template: &Arc<ProfileTemplate>,
    entry: &AuditEntry,
) -> Result<(), ApiError> {
    check(tx, request, template).await?;
    tx.insert_request(request).await?;
    Ok(tx.audit(entry).await?)
}

/// Refuses a new request that cannot be admitted; writes nothing.
pub async fn check(tx: &mut Tx, request: &RequestRecord, template: &Arc<ProfileTemplate>) -> Result<(), ApiError> {
    // Read first and by its key: where several servers share a database, others who count what this person has then
    // wait.
    people::check_enabled(tx, request).await?;
    let old = OldHolder::of(tx, request).await?;
    check_state(request, &old, &template.narrowing)?;
    check_no_twin(tx, request).await?;
    check_limits(tx, request, &template.limits, Standing::New).await?;
    check_window(tx, request, template).await
}

/// Refuses to approve what could not be carried out any more: card, person or template have changed since it was asked for;
/// writes nothing.
pub async fn check_still(tx: &mut Tx, request: &RequestRecord, template: &ProfileTemplate) -> Result<(), ApiError> {
    people::check_enabled(tx, request).await?;
    check_state_still(tx, request).await?;
    check_limits(tx, request, &template.limits, Standing::Pending).await
}

/// Says whether a request is being made, or waits for its approval.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Pending,
}

/// Refuses a request that the state of its card or profile does not allow, or no longer allows.
pub fn check_state(request: &RequestRecord, old: &OldHolder, narrowing: &Narrowing) -> Result<(), ApiError> {
    let request_type = request.request_type;
    let refused = |what: &'static str, asked: Asked| {
        Err(ApiError::NotAsked { request_type, what, status: asked.status, holder_role: asked.holder_role })
    };
    let Some(asked) = old.asked() else { return Ok(()) };
    let was_suspended = asked.status == SmartcardStatus::Suspended;
    let is_done = request_type == RequestType::Reinstate && request.terms.suspends == Some(was_suspended);
    if is_done || !asked.allows(request_type, narrowing) {
        return refused(old.what(), asked);
    }
    match old.profile.as_ref().map(asked_profile) {
        Some(profile) if !profile.allows_on_card(request_type) => refused("profile", profile),
        _ => Ok(()),
    }
}

/// Refuses to go on with a request whose card or profile has come into a state that does not allow it.
pub async fn check_state_still(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    check_state(request, &OldHolder::of(tx, request).await?, &Narrowing::NONE)?;
    let Some(card) = request.new_smartcard.filter(|card| request.old_smartcard != Some(*card)) else { return Ok(()) };
    match tx.smartcard(card).await? {
        Some(card) if matches!(card.status, SmartcardStatus::Assigned | SmartcardStatus::Active) => Ok(()),
        Some(card) => Err(ApiError::CardStatus(card.status)),
        None => Err(ApiError::NotFound("smart card")),
    }
}

/// Refuses a second open request of the same type on the same card or profile, and names the first.
async fn check_no_twin(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    let filter = match (request.old_smartcard, request.old_profile) {
        (Some(card), _) => RequestFilter { smartcard: Some(card), open: true, ..Default::default() },
        (None, Some(profile)) => RequestFilter { profile: Some(profile), open: true, ..Default::default() },
        (None, None) => return Ok(()),
    };
    let open = tx.requests(&filter).await?;
    // Keys may be recovered for several people, each by a request of his own.
    let twin = open.iter().find(|open| open.request_type == request.request_type && open.target == request.target);
    twin.map_or(Ok(()), |twin| Err(ApiError::AlreadyOpen(twin.uuid)))
}

/// Refuses a request that would give a person more than the template lets one have. What open requests will bring
/// counts; only what has a limit is read.
///
/// A request that waits was counted when it was made; of others that wait, none counts before it is approved.
async fn check_limits(
    tx: &mut Tx,
    request: &RequestRecord,
    limits: &Limits,
    standing: Standing,
) -> Result<(), ApiError> {
    let adds = request.request_type.adds_holder();
    let lent = request.request_type == RequestType::TemporaryCards;
    let (what, cards) = if lent { ("temporary cards", limits.temporary_cards) } else { ("cards", limits.cards) };
    let cards = cards.filter(|_| adds && request.is_smartcard);
    let profiles = limits.profiles.filter(|_| adds && !lent);
    let open_requests = limits.open_requests.filter(|_| standing == Standing::New);
    if [open_requests, cards, profiles].iter().all(Option::is_none) {
        return Ok(());
    }
    let filter = RequestFilter { target: Some(request.target), open: true, ..Default::default() };
    let mut open = tx.requests(&filter).await?;
    let counts = |open: &RequestRecord| standing == Standing::New || open.status != RequestStatus::Pending;
    open.retain(|open| open.profile_template == request.profile_template && open.uuid != request.uuid && counts(open));
    keep_within("open requests", open.len(), open_requests)?;
    let coming = |has: fn(&RequestRecord) -> Option<Uuid>| {
        let adds = |open: &&RequestRecord| {
            let lends = open.request_type == RequestType::TemporaryCards;
            open.request_type.adds_holder() && lends == lent && has(open).is_none()
        };
        open.iter().filter(adds).count()
    };
    if cards.is_some() {
        let mut present = tx.smartcards_of(request.target).await?;
        present.retain(|card| {
            card.status.lives()
                && card.profile_template == request.profile_template
                && !card.holder_role.superseded
                && (card.holder_role.role == Role::Temporary) == lent
        });
        keep_within(what, present.len() + coming(|open| open.new_smartcard), cards)?;
    }
    if profiles.is_some() {
        let mut present = tx.profiles_of(request.target).await?;
        present.retain(|profile| {
            let lives = matches!(
                SmartcardStatus::from(profile.status),
                SmartcardStatus::New | SmartcardStatus::Active | SmartcardStatus::Suspended
            );
            lives
                && profile.profile_template == request.profile_template
                && !profile.holder_role.superseded
                && profile.holder_role.role != Role::Temporary
        });
        keep_within("profiles", present.len() + coming(|open| open.new_profile), profiles)?;
    }
    Ok(())
}

/// Refuses one more where the limit is reached.
fn keep_within(what: &'static str, present: usize, limit: Option<usize>) -> Result<(), ApiError> {
    match limit {
        Some(limit) if present >= limit => Err(ApiError::Limit { what, limit }),
        _ => Ok(()),
    }
}

/// Refuses a renewal before the template's window opens: that is so long before the first certificate in use expires.
async fn check_window(tx: &mut Tx, request: &RequestRecord, template: &ProfileTemplate) -> Result<(), ApiError> {
    let window = template.workflow(request.request_type).and_then(|workflow| workflow.passage.window);
    let (Some(window), Some(profile)) = (window, request.old_profile) else { return Ok(()) };
    let certificates = tx.certificates(CertificateScope::Profile(profile)).await?;
    let in_use = certificates.iter().filter(|held| held.revocation.is_none() && !held.superseded);
    let expires: Option<OffsetDateTime> = in_use.map(|held| held.not_after).min();
    expires.map_or(Ok(()), |expires| check_opened(expires, window, request.submitted))
}

/// Refuses what is asked for before the window that ends with `expires` has opened.
fn check_opened(expires: OffsetDateTime, window: Duration, asked: OffsetDateTime) -> Result<(), ApiError> {
    let from = expires - window;
    if asked < from { Err(ApiError::TooEarly { expires, from }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_so_long_before_the_end_and_not_a_moment_earlier() {
        let (end, window, moment) = (OffsetDateTime::UNIX_EPOCH, Duration::days(30), Duration::microseconds(1));
        let opens = end - window;
        for asked in [opens, opens + moment, end, end + moment] {
            assert!(check_opened(end, window, asked).is_ok(), "{asked}");
        }
        for asked in [opens - moment, opens - window] {
            let refused = check_opened(end, window, asked);
            assert!(matches!(refused, Err(ApiError::TooEarly { expires, from }) if (expires, from) == (end, opens)));
        }
    }
}
