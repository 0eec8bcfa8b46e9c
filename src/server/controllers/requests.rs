//! `requests`: made, read, listed and closed.

use crate::cm::request::{CloseRequest, CreateRequest, RequestClosing, RequestStatus};
use crate::cm::wire::Created;
use crate::server::app::{MAX_LIST, Reply};
use crate::server::audit::Deed;
use crate::server::error::ApiError;
use crate::server::permission::{self, Act, Duty};
use crate::server::router::Call;
use crate::server::seen::{self, SeenRequest};
use crate::server::template::{ProfileTemplate, Workflow};
use crate::server::workflow::{admit, begin};
use crate::server::{closing, view};
use crate::store::{RequestFilter, RequestRecord, Visibility};
use std::sync::Arc;
use uuid::Uuid;

/// `POST requests`.
pub async fn create(call: &Call<'_>, body: CreateRequest) -> Result<Reply, ApiError> {
    body.check()?;
    let request_type = body.request_type;
    let subject = begin::subject(call, &body).await?;
    let template = Arc::clone(&subject.template);
    let workflow = seen::enabled(Some(&template), request_type).ok_or(ApiError::NotOffered(request_type))?;
    if !permission::may_initiate(&call.caller, workflow, subject.target) {
        return Err(ApiError::Forbidden("ask for this"));
    }
    let given = |name: &String| body.data_collection.iter().any(|item| item.name == *name && item.value.is_some());
    if let Some(name) = workflow.data_items.iter().find(|name| !given(name)) {
        return Err(ApiError::DataItem(name.clone()));
    }
    let record = begin::record(call, body, &subject, workflow)?;
    let uuid = record.uuid;
    let entry = call.entry(Deed::RequestCreated).on(&record).with("type", request_type).with("status", record.status);
    let entry = record.terms.loss_reason.iter().fold(entry, |entry, reason| entry.with("loss_reason", reason));
    let store = &call.app.store;
    store.write(move |tx| Box::pin(async move { admit::admitted(tx, &record, &template, &entry).await })).await?;
    tracing::info!(id = %call.id, request = %uuid, %request_type, caller = call.caller.name, "request made");
    Reply::created(&Created::Request(uuid))
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
    let (record, effects) = match body.status {
        RequestClosing::Completed => closing::complete(call, &request).await?,
        closing => closing::withdraw(call, &request, closing.into()).await?,
    };
    if effects.outdate_list() {
        call.app.crl.outdate();
    }
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, caller = call.caller.name, "request closed");
    shown(SeenRequest { record, template: request.template })
}
