//! `requests`: made, read, listed and closed.

use super::found::page;
use super::view;
use crate::cm::check::FieldError;
use crate::cm::lifecycle::HolderEvent;
use crate::cm::request::{CloseRequest, CreateRequest, Request, RequestClosing, RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::Created;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::ApiError;
use crate::server::permission::caller::Duty;
use crate::server::permission::{self, Act};
use crate::server::requests::data_items::{self, Giver};
use crate::server::requests::{begin, close, one_time};
use crate::server::workflow::{admit, lift};
use crate::store::{RequestFilter, RequestRecord, Tx, Visibility};
use crate::template::{ProfileTemplate, Side, Workflow};
use std::sync::Arc;
use uuid::Uuid;

/// Answers `POST requests`: makes a request.
pub async fn create(call: &Call<'_>, body: CreateRequest) -> Result<Reply, ApiError> {
    let request_type = body.request_type;
    let (template, record) = ordered(call, body).await?;
    let workflow = offered(&template, request_type)?;
    let passwords = match &workflow.one_time_password {
        Some(policy) if record.status == RequestStatus::Approved => Some(one_time::make(call, policy, false)?.0),
        _ => None,
    };
    let uuid = record.uuid;
    let entry = call.entry(Deed::RequestCreated).on(&record).with("type", request_type).with("status", record.status);
    let entry = record.terms.loss_reason.iter().fold(entry, |entry, reason| entry.with("loss_reason", reason));
    let store = &call.app.store;
    let alone = lift::lifts(&record)
        && record.status == RequestStatus::Approved
        && close::lifts_alone(call, &template, record.target);
    let job = async move |tx: &mut Tx| {
        if alone {
            lift::check_own(tx, &record).await?;
        }
        admit::admitted(tx, &record, &template, &entry).await?;
        match passwords {
            Some(order) => one_time::remember(tx, &record, order, None, record.submitted).await,
            None => Ok(()),
        }
    };
    store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.outbox.wake();
    tracing::info!(id = %call.id, request = %uuid, %request_type, caller = call.caller.name, "request made");
    Reply::created(&Created::Request(uuid))
}

/// Returns the request that the body would make, with its template; refuses a caller who may not make it.
pub async fn ordered(call: &Call<'_>, body: CreateRequest) -> Result<(Arc<ProfileTemplate>, RequestRecord), ApiError> {
    body.check()?;
    let subject = begin::subject(call, &body).await?;
    let template = Arc::clone(&subject.template);
    let workflow = offered(&template, body.request_type)?;
    if !permission::may_initiate(&call.caller, workflow, subject.target) {
        return Err(ApiError::Forbidden("ask for this"));
    }
    let body = checked(call, body, workflow, subject.target)?;
    let record = begin::record(call, body, &subject, workflow)?;
    if record.request_type == RequestType::TemporaryCards && record.terms.suspends == Some(true) {
        check_suspends(call, &template, workflow, &record)?;
    }
    Ok((template, record))
}

/// Refuses a loan that suspends the card beside which it is made, unless the caller could have that suspended with no more
/// approvals than the loan needs.
fn check_suspends(
    call: &Call<'_>,
    template: &ProfileTemplate,
    lends: &Workflow,
    record: &RequestRecord,
) -> Result<(), ApiError> {
    let workflow = offered(template, RequestType::Reinstate)?;
    template.narrowing.smartcard_edge(SmartcardStatus::Active, HolderEvent::Suspend)?;
    if record.old_smartcard.is_none() {
        return Err(FieldError::Missing { field: "smartcard" }.into());
    }
    let may = permission::may_initiate(&call.caller, workflow, record.target);
    match may && workflow.approvals_needed <= lends.approvals_needed {
        true => Ok(()),
        false => Err(ApiError::Forbidden("have a card suspended while another is lent")),
    }
}

/// Returns the workflow of this type; refuses one that the template does not offer.
pub fn offered(template: &ProfileTemplate, request_type: RequestType) -> Result<&Workflow, ApiError> {
    permission::enabled(Some(template), request_type).ok_or(ApiError::NotOffered(request_type))
}

/// Checks what the caller says by the policy, and returns it with its data items as they are kept.
fn checked(call: &Call<'_>, body: CreateRequest, workflow: &Workflow, target: Uuid) -> Result<CreateRequest, ApiError> {
    if body.priority.is_some() && !workflow.collect_priority {
        return Err(ApiError::PriorityNotCollected);
    }
    if workflow.require_comments && body.comment.trim().is_empty() {
        return Err(ApiError::CommentMissing);
    }
    let data = data_items::judged(workflow, body.data_collection, Giver::asking(call, target))?;
    // The other sides may give their items later.
    if let Some(name) = data_items::missing(workflow, &data, Some(Side::Originator)) {
        return Err(ApiError::DataItem(name.to_owned()));
    }
    Ok(CreateRequest { data_collection: data, ..body })
}

/// Answers `GET requests/{id}`.
pub async fn get(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    shown(request.record, request.template.as_deref())
}

/// Answers with a request as the wire shows it.
pub fn shown(record: RequestRecord, template: Option<&ProfileTemplate>) -> Result<Reply, ApiError> {
    Reply::json(&view::request_of(record, template))
}

/// Answers `GET requests`: those that the caller made or is the target of, the newest [`MAX_LIST`], or a page of them.
pub async fn list(
    call: &Call<'_>,
    target_only: bool,
    status: Option<RequestStatus>,
    (before, limit): (Option<Uuid>, Option<u32>),
) -> Result<Reply, ApiError> {
    let own = Visibility { user: call.caller.uuid, templates: Vec::new() };
    let filter = RequestFilter {
        visible_to: Some(own),
        target: Some(call.caller.uuid).filter(|_| target_only),
        status,
        before,
        limit: page(limit),
        ..Default::default()
    };
    Reply::list(listed(call, filter).await?)
}

/// Lists all requests that the caller may see, the newest [`MAX_LIST`]; of those that wait for approval the most urgent
/// first.
pub async fn list_visible(call: &Call<'_>, status: Option<RequestStatus>) -> Result<Reply, ApiError> {
    let concerned = call.app.templates.iter().filter(|template| {
        template.workflows().iter().any(|workflow| {
            let roles = permission::workflow_roles(&call.caller, workflow);
            roles.approver || roles.agent
        })
    });
    let visible = Visibility { user: call.caller.uuid, templates: concerned.map(|template| template.uuid).collect() };
    let filter = RequestFilter {
        visible_to: Some(visible).filter(|_| !permission::has(&call.caller, Duty::SeeEverything)),
        status,
        limit: u32::try_from(MAX_LIST + 1).ok(),
        ..Default::default()
    };
    let mut requests = listed(call, filter).await?;
    if status == Some(RequestStatus::Pending) {
        // The sort is stable: within a priority the newest stays first.
        requests.sort_by_key(|request| request.priority);
    }
    Reply::list(requests)
}

/// Reads requests, as far as the caller may see them.
async fn listed(call: &Call<'_>, filter: RequestFilter) -> Result<Vec<Request>, ApiError> {
    let records = call.app.store.requests(&filter).await?;
    let seen = records.into_iter().filter_map(|record| {
        let template = call.app.templates.get(record.profile_template);
        let workflow = permission::enabled(template.map(Arc::as_ref), record.request_type);
        call.sees_request(&record).then(|| view::request(record, workflow))
    });
    Ok(seen.collect())
}

/// Answers `PUT requests/{id}`: completes, cancels or abandons a request.
pub async fn close(call: &Call<'_>, request: Uuid, body: CloseRequest) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let act = match body.status {
        RequestClosing::Completed => Act::Execute,
        RequestClosing::Canceled | RequestClosing::Abandoned => Act::Withdraw,
    };
    request.check_act(call, act)?;
    let (record, effects) = match body.status {
        RequestClosing::Completed => close::complete(call, &request).await?,
        closing => close::withdraw(call, &request, closing.into()).await?,
    };
    if effects.outdate_list() {
        call.app.publication.outdate();
    }
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, caller = call.caller.name, "request closed");
    shown(record, request.template.as_deref())
}
