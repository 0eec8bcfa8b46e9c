//! Finds out what a new request is about and makes its record; nothing is written here.

use crate::cm::lifecycle::first_status;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{CreateRequest, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::workflow::revocation;
use crate::store::{ProfileRecord, RequestRecord, RequestTerms, SmartcardRecord};
use crate::template::{ProfileTemplate, Workflow};
use std::sync::Arc;
use uuid::Uuid;

/// Holds what a request is about: template, person, and the card or profile that is named.
pub struct Subject {
    pub template: Arc<ProfileTemplate>,
    pub target: Uuid,
    pub card: Option<SmartcardRecord>,
    pub profile: Option<ProfileRecord>,
}

/// Finds what the body names, as far as the caller sees it; what does not fit together is refused as missing.
pub async fn subject(call: &Call<'_>, body: &CreateRequest) -> Result<Subject, ApiError> {
    let (card, profile) = match body.request_type {
        RequestType::Enroll => (None, None),
        _ => named_holder(call, body).await?,
    };
    let owner = card.as_ref().map(|card| (card.assigned_user, card.profile_template));
    let owner = owner.or(profile.as_ref().map(|profile| (profile.assigned_user, profile.profile_template)));
    // A card or profile stands for its owner where no target is named; Microsoft's Unblock sample leaves the template
    // out as well.
    let target = body.target.or(owner.map(|(user, _)| user)).unwrap_or(call.caller.uuid);
    let template = body.profile_template.or(owner.map(|(_, template)| template));
    let template = match template {
        Some(template) => Arc::clone(call.template(template)?),
        None => return Err(ApiError::NotFound("profile template")),
    };
    if let Some((user, of_template)) = owner {
        let for_another = body.request_type == RequestType::RecoverOnBehalf;
        if for_another && user == target {
            return Err(ApiError::OwnKeys);
        }
        if of_template != template.uuid || (user != target && !for_another) {
            return Err(ApiError::NotFound(if card.is_some() { "smart card" } else { "profile" }));
        }
    }
    Ok(Subject { template, target, card, profile })
}

/// Finds the card and profile that the body names; a card brings its current profile along, and a profile its card.
async fn named_holder(
    call: &Call<'_>,
    body: &CreateRequest,
) -> Result<(Option<SmartcardRecord>, Option<ProfileRecord>), ApiError> {
    let named = match body.profile.filter(|_| body.smartcard.is_none()) {
        Some(profile) => Some(call.profile(profile).await?),
        None => None,
    };
    // A profile on a card is asked for with its card: both have one life.
    let card = body.smartcard.or(named.as_ref().and_then(|profile| profile.smartcard));
    let card = match card {
        Some(card) => Some(call.smartcard(card).await?),
        None => None,
    };
    let profile = match (named, &card) {
        (Some(named), _) => Some(named),
        (None, Some(card)) => current_profile(call.app.store.profiles_on(card.uuid).await?, card.status),
        (None, None) => None,
    };
    Ok((card, profile))
}

/// Returns the profile that is meant when a card is named: the newest with the card's status, else the newest that is
/// not new.
fn current_profile(profiles: Vec<ProfileRecord>, card: SmartcardStatus) -> Option<ProfileRecord> {
    let goes = |profile: &ProfileRecord| SmartcardStatus::from(profile.status) == card;
    let newest = profiles.iter().find(|profile| goes(profile)).cloned();
    newest.or(profiles.into_iter().find(|profile| profile.status != ProfileStatus::New))
}

/// Makes the request's record; refuses a request type that lacks its card or profile.
pub fn record(
    call: &Call<'_>,
    body: CreateRequest,
    subject: &Subject,
    workflow: &Workflow,
) -> Result<RequestRecord, ApiError> {
    let template = &subject.template;
    let request_type = body.request_type;
    if request_type.acts_on_holder() && template.is_smartcard() && subject.card.is_none() {
        return Err(ApiError::SmartcardRequired);
    }
    if request_type.issues_certificates() && request_type.acts_on_holder() && subject.profile.is_none() {
        return Err(ApiError::NoActiveProfile);
    }
    let old_profile = subject.profile.as_ref().map(|profile| profile.uuid);
    let old_smartcard = subject.card.as_ref().map(|card| card.uuid);
    let keeps_card = match request_type {
        RequestType::Renew => workflow.passage.reuse_card,
        other => !other.may_bring_card(),
    };
    Ok(RequestRecord {
        uuid: Uuid::now_v7(),
        request_type,
        status: first_status(workflow.approvals_needed),
        originator: call.caller.uuid,
        target: subject.target,
        profile_template: template.uuid,
        template_version: template.version,
        priority: body.priority.unwrap_or(workflow.default_priority),
        comment: body.comment,
        terms: terms(template, workflow, body.terms.as_ref(), subject)?,
        data: body.data_collection,
        old_profile,
        // A request that leaves the profile as it is has it as old and new, as Microsoft's Unblock sample shows.
        new_profile: old_profile.filter(|_| !request_type.issues_certificates()),
        old_smartcard,
        new_smartcard: old_smartcard.filter(|_| keeps_card),
        submitted: call.now,
        completed: None,
        is_smartcard: template.is_smartcard(),
        is_enrollment_agent: workflow.enrollment_agent_required,
    })
}

/// Checks what the caller says of loss and revocation; settles for a Reinstate whether it suspends or reinstates.
fn terms(
    template: &ProfileTemplate,
    workflow: &Workflow,
    said: Option<&crate::cm::request::CreateTerms>,
    subject: &Subject,
) -> Result<RequestTerms, ApiError> {
    let terms = revocation::terms(template, workflow, said)?;
    if workflow.request_type != RequestType::Reinstate {
        return Ok(terms);
    }
    // The state says which of the two is meant, now and not when the request is carried out: two people who both want
    // a card suspended must not end in its reinstatement.
    let card = subject.card.as_ref().map(|card| card.status);
    let status = card.or(subject.profile.as_ref().map(|profile| profile.status.into()));
    let suspends = terms.suspends.unwrap_or(status != Some(SmartcardStatus::Suspended));
    Ok(RequestTerms { suspends: Some(suspends), ..terms })
}
