//! `requests`: made, read, listed and closed.

use crate::cm::lifecycle::first_status;
use crate::cm::profile::{Operation, ProfileStatus};
use crate::cm::request::{CloseRequest, CreateRequest, RequestClosing, RequestStatus, RequestType};
use crate::cm::wire::Created;
use crate::server::app::{MAX_LIST, Reply};
use crate::server::audit::Deed;
use crate::server::error::ApiError;
use crate::server::permission::{self, Act, Duty};
use crate::server::router::Call;
use crate::server::seen::{self, SeenRequest};
use crate::server::template::{ProfileTemplate, Workflow};
use crate::server::{closing, view};
use crate::store::{AuditEntry, ProfileRecord, RequestFilter, RequestRecord, SmartcardRecord, Tx, Visibility};
use std::sync::Arc;
use uuid::Uuid;

/// What a request is about, found out before anything is written.
struct Subject {
    template: Arc<ProfileTemplate>,
    target: Uuid,
    smartcard: Option<SmartcardRecord>,
    profile: Option<ProfileRecord>,
}

/// `POST requests`.
pub async fn create(call: &Call<'_>, body: CreateRequest) -> Result<Reply, ApiError> {
    body.check()?;
    let request_type = body.request_type;
    let subject = subject(call, &body).await?;
    let template = Arc::clone(&subject.template);
    let workflow = seen::enabled(Some(&template), request_type).ok_or(ApiError::NotOffered(request_type))?;
    if !permission::may_initiate(&call.caller, workflow, subject.target) {
        return Err(ApiError::Forbidden("ask for this"));
    }
    if !built(request_type) {
        return Err(ApiError::NotBuilt(request_type.name()));
    }
    let given = |name: &String| body.data_collection.iter().any(|item| item.name == *name && item.value.is_some());
    if let Some(name) = workflow.data_items.iter().find(|name| !given(name)) {
        return Err(ApiError::DataItem(name.clone()));
    }
    if subject.target != call.caller.uuid && call.app.store.user(subject.target).await?.is_none() {
        return Err(ApiError::NotFound("user"));
    }
    let record = record(call, body, subject, workflow)?;
    let uuid = record.uuid;
    let entry = call.entry(Deed::RequestCreated).on(&record).with("type", request_type).with("status", record.status);
    call.app.store.write(move |tx| Box::pin(async move { inserted(tx, &record, &entry).await })).await?;
    tracing::info!(id = %call.id, request = %uuid, %request_type, caller = call.caller.name, "request made");
    Reply::created(&Created::Request(uuid))
}

fn built(request_type: RequestType) -> bool {
    matches!(
        request_type,
        RequestType::Enroll
            | RequestType::Renew
            | RequestType::Unblock
            | RequestType::OfflineUnblock
            | RequestType::Retire
    )
}

async fn inserted(tx: &mut Tx, record: &RequestRecord, entry: &AuditEntry) -> Result<(), ApiError> {
    tx.insert_request(record).await?;
    Ok(tx.audit(entry).await?)
}

async fn subject(call: &Call<'_>, body: &CreateRequest) -> Result<Subject, ApiError> {
    let store = &call.app.store;
    let smartcard = match body.smartcard.filter(|_| body.request_type != RequestType::Enroll) {
        Some(smartcard) => Some(call.smartcard(smartcard).await?),
        None => None,
    };
    let profile = match (&smartcard, body.profile) {
        (None, Some(profile)) => Some(call.profile(profile).await?),
        (Some(card), _) => store.profiles_on(card.uuid).await?.into_iter().find(is_active),
        (None, None) => None,
    };
    let owner = smartcard.as_ref().map(|card| (card.assigned_user, card.profile_template));
    let owner = owner.or(profile.as_ref().map(|profile| (profile.assigned_user, profile.profile_template)));
    // Whoever names a card or profile means its owner; Microsoft's Unblock sample leaves the template out as well.
    let target = body.target.or(owner.map(|(user, _)| user)).unwrap_or(call.caller.uuid);
    let template = body.profile_template.or(owner.map(|(_, template)| template));
    let template = match template {
        Some(template) => Arc::clone(call.template(template)?),
        None => return Err(ApiError::NotFound("profile template")),
    };
    if owner.is_some_and(|owner| owner != (target, template.uuid)) {
        return Err(ApiError::NotFound(if smartcard.is_some() { "smart card" } else { "profile" }));
    }
    Ok(Subject { template, target, smartcard, profile })
}

fn is_active(profile: &ProfileRecord) -> bool {
    profile.status == ProfileStatus::Active
}

fn record(
    call: &Call<'_>,
    body: CreateRequest,
    subject: Subject,
    workflow: &Workflow,
) -> Result<RequestRecord, ApiError> {
    let Subject { template, target, smartcard, profile } = subject;
    let (old_profile, old_smartcard) = match body.request_type {
        RequestType::Enroll => (None, None),
        RequestType::Renew => {
            if template.is_smartcard() && smartcard.is_none() {
                return Err(ApiError::SmartcardRequired);
            }
            let profile = profile.filter(is_active).ok_or(ApiError::NoActiveProfile)?;
            (Some(profile.uuid), smartcard)
        }
        _ => (profile.map(|profile| profile.uuid), Some(smartcard.ok_or(ApiError::SmartcardRequired)?)),
    };
    if let Some(card) = &old_smartcard {
        let operation = match body.request_type {
            RequestType::Renew => Operation::Renew,
            RequestType::Retire => Operation::Retire,
            _ => Operation::Unblock,
        };
        if !card.status.operations().contains(&operation) {
            return Err(ApiError::CardStatus(card.status));
        }
    }
    let old_smartcard = old_smartcard.map(|card| card.uuid);
    let same_profile = body.request_type != RequestType::Renew;
    Ok(RequestRecord {
        uuid: Uuid::now_v7(),
        request_type: body.request_type,
        status: first_status(workflow.approvals_needed),
        originator: call.caller.uuid,
        target,
        profile_template: template.uuid,
        template_version: template.version,
        priority: body.priority.unwrap_or(workflow.default_priority),
        comment: body.comment,
        data: body.data_collection,
        old_profile,
        // A request that leaves the profile as it is has it as old and new, as Microsoft's Unblock sample shows.
        new_profile: old_profile.filter(|_| same_profile),
        old_smartcard,
        new_smartcard: old_smartcard,
        submitted: call.now,
        completed: None,
        is_smartcard: template.is_smartcard(),
        is_enrollment_agent: workflow.enrollment_agent_required,
    })
}

/// `GET requests/{id}`.
pub async fn get(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    shown(call.request(request).await?)
}

/// The request as the wire shows it.
pub fn shown(request: SeenRequest) -> Result<Reply, ApiError> {
    let template = request.template;
    Reply::json(&view::request(request.record.clone(), workflow_of(&template, &request.record)))
}

fn workflow_of<'a>(template: &'a Option<Arc<ProfileTemplate>>, record: &RequestRecord) -> Option<&'a Workflow> {
    template.as_ref().and_then(|template| template.workflow(record.request_type))
}

/// `GET requests`: those the caller made or is the target of, the newest [`MAX_LIST`].
pub async fn list(call: &Call<'_>, target_only: bool, status: Option<RequestStatus>) -> Result<Reply, ApiError> {
    let own = Visibility { user: call.caller.uuid, templates: Vec::new() };
    let filter = RequestFilter {
        visible_to: Some(own),
        target: Some(call.caller.uuid).filter(|_| target_only),
        status,
        limit: u32::try_from(MAX_LIST + 1).ok(),
        ..Default::default()
    };
    listed(call, filter).await
}

/// All requests the caller sees, the newest [`MAX_LIST`].
pub async fn list_visible(call: &Call<'_>, status: Option<RequestStatus>) -> Result<Reply, ApiError> {
    let concerned = call.app.templates.iter().filter(|template| {
        template.workflows().iter().any(|workflow| {
            let standing = permission::standing(&call.caller, workflow);
            standing.approver || standing.agent
        })
    });
    let visible = Visibility { user: call.caller.uuid, templates: concerned.map(|template| template.uuid).collect() };
    let filter = RequestFilter {
        visible_to: Some(visible).filter(|_| !permission::has(&call.caller, Duty::SeeEverything)),
        status,
        limit: u32::try_from(MAX_LIST + 1).ok(),
        ..Default::default()
    };
    listed(call, filter).await
}

async fn listed(call: &Call<'_>, filter: RequestFilter) -> Result<Reply, ApiError> {
    let records = call.app.store.requests(&filter).await?;
    let seen = records.into_iter().filter_map(|record| {
        let template = call.app.templates.get(record.profile_template);
        let workflow = seen::enabled(template.map(Arc::as_ref), record.request_type);
        let sees = permission::sees_request(&call.caller, seen::parties(&record), workflow);
        sees.then(|| view::request(record, workflow))
    });
    Reply::list(seen.collect())
}

/// `PUT requests/{id}`: completed, canceled or abandoned.
pub async fn close(call: &Call<'_>, request: Uuid, body: CloseRequest) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let act = match body.status {
        RequestClosing::Completed => Act::Execute,
        RequestClosing::Canceled | RequestClosing::Abandoned => Act::Withdraw,
    };
    request.allow(call, act)?;
    let (record, revoked) = match body.status {
        RequestClosing::Completed => closing::complete(call, &request).await?,
        closing => closing::withdraw(call, &request, closing.into()).await?,
    };
    if revoked > 0 {
        call.app.crl.outdate();
    }
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, caller = call.caller.name, "request closed");
    shown(SeenRequest { record, template: request.template })
}
