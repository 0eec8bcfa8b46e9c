//! What MIM has no REST route for: who is who, approvals, admin key state, offline unblock.

use super::requests::shown;
use super::smartcards::present_key;
use crate::cm::extension::{AdminKeyReport, AdminKeyState, Decision, OfflineChallenge, OfflineResponse, User};
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::offline::{CodeKind, read_code, write_code};
use crate::cm::request::RequestType;
use crate::server::app::Reply;
use crate::server::closing;
use crate::server::diversify;
use crate::server::error::ApiError;
use crate::server::permission::{self, Act};
use crate::server::router::Call;
use crate::server::seen::{self, SeenRequest};
use crate::store::{ApprovalRecord, OfflineAnswerRecord, RequestRecord, Tx};
use uuid::Uuid;

/// The caller.
pub fn whoami(call: &Call<'_>) -> Result<Reply, ApiError> {
    let caller = &call.caller;
    Reply::json(&User { uuid: caller.uuid, name: caller.name.clone(), groups: caller.groups.clone() })
}

/// The user of this name: for oneself, and for whoever may ask for others in some template.
pub async fn find_user(call: &Call<'_>, name: &str) -> Result<Reply, ApiError> {
    let missing = ApiError::NotFound("user");
    let acts_for_others = call.app.templates.iter().flat_map(|template| template.workflows()).any(|workflow| {
        let standing = permission::standing(&call.caller, workflow);
        workflow.enabled && (standing.initiator || standing.agent || standing.approver)
    });
    if call.caller.name != name && !acts_for_others {
        return Err(missing);
    }
    let user = call.app.store.user_by_name(name).await?.ok_or(missing)?;
    Reply::json(&User { uuid: user.uuid, name: user.name, groups: user.groups })
}

/// Approves or denies a pending request; the last approval needed makes it approved, one denial ends it.
pub async fn decide(call: &Call<'_>, request: Uuid, approve: bool, body: Decision) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    request.allow(call, Act::Decide)?;
    let needed = request.workflow().map_or(0, |workflow| workflow.approvals_needed);
    let decision = ApprovalRecord {
        request: request.record.uuid,
        approver: call.caller.uuid,
        approved: approve,
        comment: body.comment,
        at: call.now,
    };
    let record = call.app.store.write(move |tx| Box::pin(async move { decided(tx, &decision, needed).await })).await?;
    tracing::info!(id = %call.id, request = %record.uuid, status = %record.status, approve, caller = call.caller.name, "decided");
    shown(SeenRequest { record, template: request.template })
}

async fn decided(tx: &mut Tx, decision: &ApprovalRecord, needed: u32) -> Result<RequestRecord, ApiError> {
    let mut request = tx.request(decision.request).await?.ok_or(ApiError::NotFound("request"))?;
    let before = request.status;
    let earlier = tx.approvals(decision.request).await?;
    if earlier.iter().any(|earlier| earlier.approver == decision.approver) {
        return Err(ApiError::AlreadyDecided);
    }
    let approved = earlier.iter().filter(|earlier| earlier.approved).count() + usize::from(decision.approved);
    let event = match decision.approved {
        false => RequestEvent::Deny,
        true if u32::try_from(approved).is_ok_and(|approved| approved < needed) => RequestEvent::Approve,
        true => RequestEvent::ApproveLast,
    };
    let next = request_after(before, event)?;
    tx.insert_approval(decision).await?;
    if next != before {
        request.status = next;
        tx.update_request(&request, before).await?;
    }
    Ok(request)
}

/// How far a card's own admin key has come.
pub async fn admin_key_state(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    Reply::json(&AdminKeyReport { state: card.admin_key })
}

/// The card has taken its own admin key: proposed becomes active.
pub async fn confirm_admin_key(call: &Call<'_>, request: Uuid, smartcard: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    request.executed(call, &[RequestType::Enroll, RequestType::Unblock])?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    if card.admin_key == AdminKeyState::Default {
        return Err(ApiError::NothingProposed);
    }
    let uuid = card.uuid;
    call.app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let card = tx.smartcard(uuid).await?.ok_or(ApiError::NotFound("smart card"))?;
                closing::confirm_admin_key(tx, card).await
            })
        })
        .await?;
    Reply::json(&AdminKeyReport { state: AdminKeyState::Active })
}

/// Answers the challenge a user has read out: one challenge a request, and only for the request's card.
pub async fn offline_unblock(call: &Call<'_>, request: Uuid, body: OfflineChallenge) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = request.executed(call, &[RequestType::OfflineUnblock])?;
    let smartcard = request.record.new_smartcard.ok_or(ApiError::SmartcardNotAssigned)?;
    let card = call.smartcard_of(&request.record, smartcard).await?;
    let challenge = read_code(CodeKind::Challenge, &body.challenge)?.to_vec();
    let key = present_key(call.app, template, &card)?;
    let answer = OfflineAnswerRecord { request: request.record.uuid, smartcard, challenge, at: call.now };
    let answer = call.app.store.write(move |tx| Box::pin(async move { answered(tx, answer).await })).await?;
    let response = diversify::respond(&key, &answer.challenge).map_err(ApiError::Challenge)?;
    tracing::info!(id = %call.id, request = %request.record.uuid, smartcard = %smartcard, caller = call.caller.name, "offline unblock answered");
    Reply::json(&OfflineResponse { response: write_code(CodeKind::Response, *response) })
}

async fn answered(tx: &mut Tx, answer: OfflineAnswerRecord) -> Result<OfflineAnswerRecord, ApiError> {
    let mut request = tx.request(answer.request).await?.ok_or(ApiError::NotFound("request"))?;
    seen::executable(&request)?;
    if let Some(earlier) = tx.offline_answer(answer.request).await? {
        return if earlier.challenge == answer.challenge { Ok(earlier) } else { Err(ApiError::OtherChallenge) };
    }
    tx.insert_offline_answer(&answer).await?;
    closing::execute(tx, &mut request).await?;
    Ok(answer)
}
