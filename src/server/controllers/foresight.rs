//! `foresight`: what a request would come to, before it is made or carried out; nothing is recorded.

use super::requests::{offered, ordered};
use crate::cm::foresight::Foresight;
use crate::cm::request::{CreateRequest, RequestStatus, RequestType};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::issuance::entitlement;
use crate::server::issuance::foresight::foresight;
use crate::server::permission::{self, Act};
use crate::server::requests::alike;
use crate::server::workflow::{admit, assign};
use crate::store::RequestRecord;
use crate::template::ProfileTemplate;
use std::sync::Arc;
use uuid::Uuid;

/// Answers what `POST requests` with this body, and the work after it, would come to for whoever may make the request.
/// `card_id`: the card that it would be carried out on.
pub async fn of_order(call: &Call<'_>, body: CreateRequest, card_id: Option<Uuid>) -> Result<Reply, ApiError> {
    let (template, record) = ordered(call, body).await?;
    let workflow = offered(&template, record.request_type)?;
    let (admitted, of) = (record.clone(), Arc::clone(&template));
    let store = &call.app.store;
    store.write(move |tx| Box::pin(async move { admit::check(tx, &admitted, &of).await })).await?;
    check_card(call, &record, &template, card_id).await?;
    let may_execute = permission::may(&call.caller, Act::Execute, permission::parties(&record), Some(workflow));
    let at_once = record.status == RequestStatus::Approved && workflow.one_time_password.is_none() && may_execute;
    // Where approvals are needed, one of them will stand in for the old key.
    let possession = workflow.passage.possession
        && workflow.approvals_needed == 0
        && !entitlement::will_attest(store, &record, &template).await?;
    let foresight = foresight(call, &record, &template, at_once, possession).await?;
    Reply::json(&Foresight { open: alike::open_alike(call, &record).await?, ..foresight })
}

/// Answers what a request that may be executed would come to, for whoever may execute it.
pub async fn of_request(call: &Call<'_>, request: Uuid, card_id: Option<Uuid>) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = request.for_execution(call, RequestType::administers_card)?;
    check_card(call, &request.record, template, card_id).await?;
    let passage = request.workflow().map(|workflow| workflow.passage);
    let demanded = passage.is_some_and(|passage| passage.possession);
    let possession = demanded
        && !is_excused(call, &request.record).await?
        && !entitlement::will_attest(&call.app.store, &request.record, template).await?;
    Reply::json(&foresight(call, &request.record, template, true, possession).await?)
}

/// Says whether the old key need not be shown any more: it was, or an approval stands in for it.
async fn is_excused(call: &Call<'_>, request: &RequestRecord) -> Result<bool, ApiError> {
    let shown = call.app.store.possession(request.uuid).await?.is_some();
    let approvals = call.app.store.approvals(request.uuid).await?;
    Ok(shown || entitlement::is_approved(request, &approvals))
}

/// Refuses a card that `POST smartcards` would not assign to the request.
async fn check_card(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    card_id: Option<Uuid>,
) -> Result<(), ApiError> {
    let Some(card_id) = card_id else { return Ok(()) };
    if request.new_smartcard.is_some() || !request.request_type.may_bring_card() {
        return Ok(());
    }
    let terms = assign::AssignTerms::new(template, call.now);
    let store = &call.app.store;
    store.write(move |tx| Box::pin(async move { assign::check_card(tx, card_id, terms).await })).await
}
