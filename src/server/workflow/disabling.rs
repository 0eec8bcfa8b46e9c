//! Disables people and enables them again: what a disabled person has begun ends, and by template what is theirs is held.

use super::closing::closed_with;
use super::effects::Effects;
use super::people::stopped_with;
use super::withdraw::ended_along;
use crate::server::audit::deed::Deed;
use crate::server::error::ApiError;
use crate::server::users::domains::Domains;
use crate::server::users::jobs::{self, Changed};
use crate::server::users::rules::{UserChange, check_email};
use crate::store::{AuditEntry, RequestFilter, RequestRecord, Tx, UserRecord};
use crate::template::Templates;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the pages of a person's open requests.
const MOST_PAGES: usize = 100;

/// Holds what a change of a person goes by.
pub struct Rules<'a> {
    pub domains: &'a Domains,
    /// The templates that have the certificates of disabled people held.
    pub holding: Vec<Uuid>,
    pub now: OffsetDateTime,
}

/// Lists the templates that have the certificates of disabled people held.
pub fn holding(templates: &Templates) -> Vec<Uuid> {
    templates.iter().filter(|template| template.holds_of_disabled).map(|template| template.uuid).collect()
}

/// Changes what is known of a person, for an administrator.
pub async fn changed(
    tx: &mut Tx,
    user: Uuid,
    change: UserChange,
    rules: Rules<'_>,
    entry: AuditEntry,
) -> Result<(UserRecord, Effects), ApiError> {
    if let Some(record) = tx.user(user).await? {
        change.check_source(&record)?;
        check_email(&change.clone().applied(record.clone()), Some(&record))?;
    }
    let disables = change.disabled == Some(true);
    changed_by(tx, user, disables, |record| change.applied(record), rules, entry).await
}

/// Changes what is known of a person; `disables` where that may disable him. One who is disabled has no session any more
/// and no open request; by template the person's certificates are on hold, until the person is enabled again.
pub async fn changed_by(
    tx: &mut Tx,
    user: Uuid,
    disables: bool,
    changing: impl FnOnce(UserRecord) -> UserRecord,
    rules: Rules<'_>,
    entry: AuditEntry,
) -> Result<(UserRecord, Effects), ApiError> {
    if disables {
        // Whoever carries one out has read it before the person: so does this, or each would wait for the other.
        for request in open_requests(tx, user).await? {
            tx.request(request.uuid).await?;
        }
    }
    let act = |deed: Deed| AuditEntry { act: deed.name(), ..entry.clone() };
    let Changed { before, user } = jobs::changed(tx, user, changing, rules.domains, entry.clone()).await?;
    let mut effects = Effects { publish: true, ..Effects::default() };
    match (before.disabled, user.disabled) {
        (false, true) => {
            for request in open_requests(tx, user.uuid).await? {
                effects.revoked += ended(tx, &request, &user, &act, rules.now).await?;
            }
            effects.held = tx.hold_certificates_of(user.uuid, &rules.holding, rules.now).await?;
            if effects.held > 0 {
                tx.audit(&act(Deed::CertificatesHeld).with("held", effects.held)).await?;
            }
        }
        (true, false) => {
            effects.released = tx.release_certificates_of(user.uuid, rules.now).await?;
            if effects.released > 0 {
                tx.audit(&act(Deed::CertificatesReleased).with("released", effects.released)).await?;
            }
        }
        (true, true) | (false, false) => {}
    }
    Ok((user, effects))
}

/// Ends an open request of a person who is disabled; returns how many certificates were revoked with it. A card that was
/// retired already stays retired, and its request open.
async fn ended(
    tx: &mut Tx,
    request: &RequestRecord,
    user: &UserRecord,
    act: &impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<usize, ApiError> {
    if !stopped_with(request, user.uuid) {
        return Ok(0);
    }
    let Some((request, mut effects)) = ended_along(tx, request.uuid, now).await? else { return Ok(0) };
    let entry = act(Deed::RequestWithdrawn).on(&request).with("type", request.request_type);
    tx.audit(&effects.added_to(entry.with("disabled", &user.name))).await?;
    closed_with(tx, &request, &act(Deed::RequestWithdrawn), now).await?.added_to(&mut effects);
    Ok(effects.revoked)
}

/// Lists the open requests that a person has made or is the target of, each once.
pub async fn open_requests(tx: &mut Tx, user: Uuid) -> Result<Vec<RequestRecord>, ApiError> {
    let target = RequestFilter { target: Some(user), open: true, ..Default::default() };
    let originator = RequestFilter { originator: Some(user), open: true, ..Default::default() };
    let mut found: Vec<RequestRecord> = Vec::new();
    for mut filter in [target, originator] {
        // Those for oneself were among the first.
        let is_first = filter.originator.is_none();
        for _ in 0..MOST_PAGES {
            let page = tx.requests(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.before = Some(last.uuid);
            found.extend(page.into_iter().filter(|request| is_first || request.target != user));
        }
    }
    Ok(found)
}
