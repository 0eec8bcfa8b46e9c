//! Lets a person in at a kiosk by the one-time password of a request, for that request alone.
//!
//! Whoever stands at a kiosk learns of nobody whether he exists: an unknown person, one without such a request and a wrong
//! password are answered alike, after the same work.

use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::request::RequestStatus;
use crate::cm::visit::Whom;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::identity::visit::FreshVisit;
use crate::server::mail::password::{NOBODYS, is_right};
use crate::server::permission;
use crate::server::requests::one_time::check_provable;
use crate::server::workflow::execute::executable;
use crate::store::{AuditEntry, NameKind, OneTimeRecord, RequestFilter, RequestRecord, Tx, UserRecord, VisitRecord};
use crate::template::OneTimePolicy;
use std::sync::Arc;
use uuid::Uuid;

/// Bounds the requests of a person of which a password is tried, the newest first. So many hashes are made for every try.
const MOST_TRIED: usize = 4;
/// Bounds the requests that are looked through for them, in each status.
const MOST_SEEN: u32 = 32;

/// Holds who wants in, as far as he is known, and at which card.
pub struct Sought {
    user: Option<UserRecord>,
    card: Option<Uuid>,
}

/// Is a request whose password may be the given one.
struct Candidate {
    request: RequestRecord,
    policy: OneTimePolicy,
    record: OneTimeRecord,
}

impl Sought {
    /// Finds whoever is named. Nobody is where nobody, more than one, or a disabled person is.
    pub async fn by(call: &Call<'_>, whom: &Whom) -> Result<Self, ApiError> {
        let store = &call.app.store;
        let (user, card) = match whom {
            Whom::Card(card_id) => {
                let card = store.smartcard_by_card_id(*card_id).await?;
                let owner = card.as_ref().map_or(Uuid::nil(), |card| card.assigned_user);
                (store.user(owner).await?, Some(card.map_or(Uuid::nil(), |card| card.uuid)))
            }
            Whom::Person(name) => {
                let mut found: Vec<UserRecord> = Vec::new();
                for kind in [NameKind::Name, NameKind::Upn, NameKind::Email] {
                    found.extend(store.users_named(kind, name).await?);
                }
                found.sort_by_key(|user| user.uuid);
                found.dedup_by_key(|user| user.uuid);
                (found.pop().filter(|_| found.is_empty()), None)
            }
        };
        Ok(Self { user: user.filter(|user| !user.disabled), card })
    }

    /// Lists the newest requests that the person executes without an agent, with a password.
    async fn candidates(&self, call: &Call<'_>) -> Result<Vec<Candidate>, ApiError> {
        let store = &call.app.store;
        let target = Some(self.user.as_ref().map_or(Uuid::nil(), |user| user.uuid));
        let mut requests = Vec::new();
        for status in [RequestStatus::Approved, RequestStatus::Executing] {
            let (status, limit) = (Some(status), Some(MOST_SEEN));
            let filter = RequestFilter { target, status, smartcard: self.card, limit, ..RequestFilter::default() };
            requests.extend(store.requests(&filter).await?);
        }
        requests.sort_by_key(|request| std::cmp::Reverse(request.submitted));
        let policy = |request: &RequestRecord| {
            let template = call.app.templates.get(request.profile_template).map(Arc::as_ref);
            let workflow = permission::enabled(template, request.request_type)?;
            workflow.one_time_password.clone().filter(|_| !workflow.enrollment_agent_required)
        };
        let concerned = requests.into_iter().filter_map(|request| policy(&request).map(|policy| (request, policy)));
        let mut candidates = Vec::new();
        for (request, policy) in concerned.take(MOST_TRIED) {
            if let Some(record) = store.one_time(request.uuid).await? {
                candidates.push(Candidate { request, policy, record });
            }
        }
        for _ in candidates.len()..MOST_TRIED {
            store.one_time(Uuid::nil()).await?;
        }
        Ok(candidates)
    }
}

/// Finds the request whose password was given, proves it and begins the visit; else counts the try for each request whose
/// password it could have been.
pub async fn begin(
    call: &Call<'_>,
    sought: &Sought,
    given: &OneTimePasswords,
) -> Result<(FreshVisit, UserRecord), ApiError> {
    let candidates = sought.candidates(call).await?;
    let mut right = None;
    for place in 0..MOST_TRIED {
        let candidate = candidates.get(place);
        if is_given(candidate, given) {
            right = right.or(candidate);
        }
    }
    if let (Some(candidate), Some(user)) = (right, &sought.user) {
        return proven(call, candidate, user.clone()).await;
    }
    let refused = naming(call.entry(Deed::VisitRefused).with("way", "one-time-password"), sought.user.as_ref());
    let tried: Vec<_> = candidates
        .into_iter()
        .map(|candidate| (candidate.record, call.entry(Deed::OneTimePasswordRefused).on(&candidate.request)))
        .collect();
    let job = async move |tx: &mut Tx| {
        for (judged, entry) in tried {
            let record = tx.one_time(judged.request).await?;
            let same = |record: &OneTimeRecord| (&record.first, &record.second) == (&judged.first, &judged.second);
            let Some(mut record) = record.filter(|record| same(record) && record.tries_left > 0) else { continue };
            record.tries_left -= 1;
            tx.update_one_time(&record).await?;
            tx.audit(&entry.with("tries_left", record.tries_left)).await?;
        }
        Ok::<_, ApiError>(tx.audit(&refused).await?)
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Err(ApiError::VisitRefused)
}

/// Says whether the given passwords are those of a request; as much work is done where there is none.
fn is_given(candidate: Option<&Candidate>, given: &OneTimePasswords) -> bool {
    let record = candidate.map(|candidate| &candidate.record);
    let two = candidate.is_some_and(|candidate| candidate.policy.deliver.len() > 1);
    let part = |kept: Option<&Vec<u8>>, given| is_right(Some(kept.map_or(&NOBODYS, Vec::as_slice)), given);
    let first = given.first.as_ref().is_some_and(|given| part(record.and_then(|record| record.first.as_ref()), given));
    let second = given.second.as_ref().map(|given| part(record.and_then(|record| record.second.as_ref()), given));
    first && (!two || second == Some(true))
}

/// Proves the password of a request, where that is not done, and begins the visit.
async fn proven(
    call: &Call<'_>,
    candidate: &Candidate,
    user: UserRecord,
) -> Result<(FreshVisit, UserRecord), ApiError> {
    let Candidate { request, policy, record: judged } = candidate;
    let fresh = FreshVisit::new((user.uuid, call.caller.uuid), Some(request.uuid), (call.now, call.app.visit_lasts))?;
    let proof = call.entry(Deed::OneTimePasswordProven).on(request);
    let begun = call.entry(Deed::VisitBegun).on(request).with("way", "one-time-password");
    let refused = naming(call.entry(Deed::VisitRefused).on(request).with("way", "one-time-password"), Some(&user));
    let (visit, policy, judged, now) = (fresh.record.clone(), policy.clone(), judged.clone(), call.now);
    let job = async move |tx: &mut Tx| {
        let request = tx.request(judged.request).await?.filter(|request| executable(request).is_ok());
        let same = |record: &OneTimeRecord| (&record.first, &record.second) == (&judged.first, &judged.second);
        let record = tx.one_time(judged.request).await?.filter(|record| same(record) && record.tries_left > 0);
        let (Some(_), Some(mut record)) = (request, record) else {
            // A refusal as an error would take the act back.
            tx.audit(&refused).await?;
            return Ok(Err(ApiError::VisitRefused));
        };
        // Whoever has the right one may know that its time is over; wrong ones are counted and told alike.
        if let Err(spent) = check_provable(&record, &policy, now) {
            tx.audit(&refused.with("why", "expired")).await?;
            return Ok(Err(spent));
        }
        if record.proven.is_none() {
            record.proven = Some(now);
            tx.update_one_time(&record).await?;
            tx.audit(&proof.with("tries_left", record.tries_left)).await?;
        }
        written(tx, &visit, begun).await?;
        Ok::<_, ApiError>(Ok(()))
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?.map(|()| (fresh, user))
}

/// Writes a visit in place of those that the person is on, and the act.
pub async fn written(tx: &mut Tx, visit: &VisitRecord, entry: AuditEntry) -> Result<(), ApiError> {
    // Read by its key, the person's record stays as it is until the job ends: of two visits at one moment, one is last.
    let user = tx.user(visit.owner).await?.filter(|user| !user.disabled).ok_or(ApiError::VisitRefused)?;
    tx.end_visits_by(visit.owner, visit.created).await?;
    tx.insert_visit(visit).await?;
    Ok(tx.audit(&naming(entry.with("visit", visit.uuid), Some(&user))).await?)
}

/// Names the person in an act of a kiosk, where he is known. What was typed is named nowhere: it may be a password.
pub fn naming(entry: AuditEntry, user: Option<&UserRecord>) -> AuditEntry {
    match user {
        Some(user) => entry.user(user.uuid).with("name", &user.name),
        None => entry,
    }
}

/// Logs that a person was not let in.
pub async fn refused(call: &Call<'_>, user: Option<&UserRecord>, entry: AuditEntry) -> Result<(), ApiError> {
    let entry = naming(entry, user);
    call.app.store.write(move |tx| Box::pin(async move { Ok::<_, ApiError>(tx.audit(&entry).await?) })).await
}
