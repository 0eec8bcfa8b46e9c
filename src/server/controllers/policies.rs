//! What a workflow's policy wants beyond MIM's routes: data items, documents, one-time passwords.

use super::requests::shown;
use crate::cm::beyond_mim::{DataCollection, FilledDocument, OneTimePasswords};
use crate::cm::request::RequestStatus;
use crate::cm::wire::moment_text;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::permission::{self, Act};
use crate::server::requests::data_items::{self, Giver};
use crate::server::requests::one_time;
use crate::server::requests::seen::SeenRequest;
use crate::server::workflow::execute;
use crate::store::{RequestRecord, Tx};
use crate::template::{Attributes, Filling, OneTimePolicy, Workflow};
use uuid::Uuid;

/// Returns the policy of the request's type; refuses where the template no longer offers it.
fn workflow_of(request: &SeenRequest) -> Result<&Workflow, ApiError> {
    request.workflow().ok_or(ApiError::NotOffered(request.record.request_type))
}

/// Answers `PUT datacollection`: adds items to a request that is not executed yet. Once somebody has approved, none
/// is changed, and only those are added that the template lets come later.
pub async fn collect(call: &Call<'_>, request: Uuid, body: DataCollection) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    let workflow = workflow_of(&request)?;
    let giver = Giver::later(call, &request.record, workflow);
    if giver.is_nobody() {
        return Err(ApiError::Forbidden("give data for this request"));
    }
    let items = data_items::judged(workflow, body.items, giver)?;
    let names = items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>().join(", ");
    let entry = call.entry(Deed::DataCollected).on(&request.record).with("items", names);
    let (uuid, template) = (request.record.uuid, request.template.clone());
    let job = async move |tx: &mut Tx| {
        let mut request = tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))?;
        let status = request.status;
        if !matches!(status, RequestStatus::Pending | RequestStatus::Approved) {
            return Err(ApiError::DataClosed(status));
        }
        let decided = !tx.approvals(uuid).await?.is_empty();
        let changed = items.iter().find(|item| request.data.iter().any(|known| known.name == item.name));
        if let Some(item) = changed.filter(|_| decided || status == RequestStatus::Approved) {
            return Err(ApiError::DataItemGiven(item.name.clone()));
        }
        let workflow = permission::enabled(template.as_deref(), request.request_type);
        let added = workflow.and_then(|workflow| data_items::not_covered(workflow, &items, &request.data));
        if let Some(item) = added.filter(|_| decided) {
            return Err(ApiError::DataApproved(item.name.clone()));
        }
        if items.iter().all(|item| request.data.contains(item)) {
            return Ok(request);
        }
        data_items::merge(&mut request.data, items);
        tx.update_request(&request, status).await?;
        tx.audit(&entry).await?;
        Ok(request)
    };
    let record = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    shown(record, request.template.as_deref())
}

/// Answers `GET documents`: the forms of the request's workflow, filled in; 204 when there are none.
pub async fn documents(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let workflow = workflow_of(&request)?;
    let record = &request.record;
    let dangling = || ApiError::Internal(Internal::Dangling("user"));
    let target = call.app.store.user(record.target).await?.ok_or_else(dangling)?;
    let originator = call.app.store.user(record.originator).await?.ok_or_else(dangling)?;
    let template = request.template.as_ref().map_or("", |template| template.name.as_str());
    let known = |filling: &Filling| match filling {
        Filling::User(attribute) => target.attribute(attribute).unwrap_or_default().to_owned(),
        Filling::RequestId => record.uuid.to_string(),
        Filling::RequestType => record.request_type.to_string(),
        Filling::Submitted => moment_text(record.submitted),
        Filling::Comment => record.comment.clone(),
        Filling::Originator => originator.name.clone(),
        Filling::TemplateName => template.to_owned(),
        Filling::Data(name) => {
            let item = record.data.iter().find(|item| item.name == *name);
            item.and_then(|item| item.value.clone()).unwrap_or_default()
        }
    };
    let filled = workflow.documents.iter();
    Reply::list(filled.map(|form| FilledDocument { name: form.name.clone(), text: form.fill(known) }).collect())
}

/// Returns the policy of one-time passwords; refuses where there is none.
fn one_time_policy(workflow: &Workflow) -> Result<&OneTimePolicy, ApiError> {
    let none = ApiError::PasswordNotUsed("requests of this kind have no one-time password");
    workflow.one_time_password.as_ref().ok_or(none)
}

/// Answers `POST onetimepassword`: proves the one-time password, so that the request can be executed.
pub async fn prove(call: &Call<'_>, request: Uuid, given: OneTimePasswords) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    request.check_permission(call, Act::Execute)?;
    let policy = one_time_policy(workflow_of(&request)?)?;
    execute::executable(&request.record)?;
    one_time::prove(call, &request.record, policy, &given).await?;
    tracing::info!(id = %call.id, request = %request.record.uuid, caller = call.caller.name, "one-time password proven");
    shown(request.record, request.template.as_deref())
}

/// Answers `POST onetimepassword/distribution`: makes passwords anew, for a caller who may approve; the answer holds
/// those that he is to hand over.
pub async fn distribute(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    request.check_permission(call, Act::Decide)?;
    let policy = one_time_policy(workflow_of(&request)?)?;
    execute::executable(&request.record)?;
    let (order, answer) = one_time::make(call, policy, true)?;
    let (uuid, approver, now) = (request.record.uuid, call.caller.uuid, call.now);
    let job = async move |tx: &mut Tx| {
        let request = executable_request(tx, uuid).await?;
        if tx.one_time(uuid).await?.is_some_and(|record| record.proven.is_some()) {
            return Err(ApiError::PasswordNotUsed("the one-time password was proven already"));
        }
        one_time::remember(tx, &request, order, Some(approver), now).await
    };
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    call.app.outbox.wake();
    tracing::info!(id = %call.id, request = %uuid, caller = call.caller.name, "one-time password made anew");
    Reply::json(&answer)
}

/// Reads a request that is approved or being executed; refuses others.
async fn executable_request(tx: &mut Tx, uuid: Uuid) -> Result<RequestRecord, ApiError> {
    let request = tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))?;
    execute::executable(&request)?;
    Ok(request)
}
