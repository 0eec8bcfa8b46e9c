//! From a route to its controller: one exhaustive match, and what is checked before any of them is called.

use super::public_files;
use crate::cm::certificate::CertificateData;
use crate::cm::request::CreateRequest;
use crate::cm::route::{Route, RouteError};
use crate::server::call::Call;
use crate::server::call::app::{App, place};
use crate::server::call::body::Payload;
use crate::server::call::reply::Reply;
use crate::server::controllers::{
    accounts, audit_log, beyond_mim, card_secrets, certificates, desk, foresight, found, handover, health, history,
    identities, leaving, logon, lost, offline, outbox, people_import, pins, policies, presence, profiles, proposals,
    puks, queue, remind, reports, requests, review, sealed_keys, smartcards, templates, visits,
};
use crate::server::error::ApiError;
use crate::server::permission::caller::Caller;
use crate::server::permission::proof;
use crate::server::permission::visit::Reached;
use crate::store::{CardFilter, ListKind};
use time::OffsetDateTime;
use uuid::Uuid;

/// Says when a call came, and by which id the log knows it.
#[derive(Clone, Copy)]
pub struct Moment {
    pub now: OffsetDateTime,
    pub id: Uuid,
}

/// Refuses a call before its body is received: one that a visit does not reach, bears more secrets than the limits allow, or needs a fresher proof of
/// who calls.
pub fn check(app: &App, caller: &Caller, route: &Route, now: OffsetDateTime) -> Result<(), ApiError> {
    match caller.only().map_or(Reached::Yes, |only| only.reached(route)) {
        Reached::Yes => {}
        Reached::Other(what) => return Err(ApiError::NotFound(what)),
        Reached::Never => return Err(ApiError::Forbidden("do this on a visit for one request")),
    }
    if proof::is_wanted(route) {
        check_proof(caller, now)?;
    }
    if route.bears_secret() {
        app.identity.limits.secret(caller.uuid, route.card())?;
    }
    Ok(())
}

/// Refuses a caller whose proof is not fresh.
fn check_proof(caller: &Caller, now: OffsetDateTime) -> Result<(), ApiError> {
    match proof::is_fresh(caller, now) {
        true => Ok(()),
        false => Err(ApiError::ProofTooOld),
    }
}

/// Carries out a call that passed [`check`], once it has a place among those being worked on.
pub async fn conduct(
    app: &App,
    caller: Caller,
    route: Route,
    payload: Payload<'_>,
    moment: Moment,
) -> Result<Reply, ApiError> {
    let _working = place(&app.places).await?;
    let Moment { now, id } = moment;
    dispatch(Call { app, caller, now, id }, route, payload).await
}

/// Calls the controller of a route.
async fn dispatch(call: Call<'_>, route: Route, payload: Payload<'_>) -> Result<Reply, ApiError> {
    match route {
        Route::ListProfileTemplates => templates::list(&call),
        Route::GetProfileTemplate { template } => templates::get(&call, template),
        Route::GetPolicy { template, workflow } => templates::policy(&call, template, workflow),
        Route::GetSmartcardConfig { template } => templates::smartcard_config(&call, template),
        Route::CreateRequest => {
            let body: CreateRequest = payload.read()?;
            if proof::is_wanted_for(body.request_type) {
                check_proof(&call.caller, call.now)?;
            }
            requests::create(&call, body).await
        }
        Route::ListRequests { target_user_current, status, before, limit } => {
            requests::list(&call, target_user_current, status, (before, limit)).await
        }
        Route::GetRequest { request } => requests::get(&call, request).await,
        Route::CloseRequest { request } => requests::close(&call, request, payload.read()?).await,
        Route::GetGenerationOptions { request } => certificates::generation_options(&call, request).await,
        Route::SubmitCertificateData { request } => {
            let body: CertificateData = payload.read()?;
            // Whoever sends a passphrase wants private keys in return.
            if body.pfx_password.is_some() {
                call.app.identity.limits.secret(call.caller.uuid, Some(request))?;
            }
            certificates::submit(&call, request, body).await
        }
        Route::AssignSmartcard => smartcards::assign(&call, payload.read()?).await,
        Route::ListSmartcards => smartcards::list(&call).await,
        Route::FindSmartcard { card_id } => smartcards::find(&call, card_id).await,
        Route::GetSmartcard { smartcard } => smartcards::get(&call, smartcard).await,
        Route::GetDiversifiedKey { request, smartcard, card_id, atr } => {
            card_secrets::diversified_key(&call, request, smartcard, card_secrets::NamedCard { card_id, atr }).await
        }
        Route::GetAuthenticationResponse { request, smartcard, card_id, atr, challenge, diversified } => {
            let named = card_secrets::NamedCard { card_id, atr };
            card_secrets::authentication_response(&call, request, smartcard, named, challenge, diversified).await
        }
        Route::ListOperations { of } => profiles::operations(&call, of).await,
        Route::GetServerProposedPin { request, smartcard, card_id, atr, challenge } => {
            pins::proposed(&call, request, smartcard, pins::NamedCard { card_id, atr, challenge }).await
        }
        Route::UpdateSmartcard { request, smartcard } => {
            smartcards::update(&call, request, smartcard, payload.read_if_any()?).await
        }
        Route::GetRequestSmartcard { request, smartcard } => smartcards::of_request(&call, request, smartcard).await,
        Route::ListProfiles { status } => profiles::list(&call, status).await,
        Route::GetProfile { profile } => profiles::get(&call, profile).await,
        Route::ListRequestProfiles { request } => profiles::list_of_request(&call, request).await,
        Route::GetRequestProfile { request, profile } => profiles::of_request(&call, request, profile).await,
        Route::ListHolderCertificates { of } => certificates::of_holder(&call, of).await,
        Route::ListCertificates => certificates::list(&call).await,
        Route::ListRequestTypes { of } => profiles::request_types(&call, of).await,
        Route::DescribeTemplate { template } => templates::describe(&call, template).await,
        Route::ListTemplateVersions { template } => templates::versions(&call, template).await,
        Route::GetTemplateFile { template } => templates::file(&call, template),
        Route::Whoami => beyond_mim::whoami(&call),
        Route::FindUser { name } => beyond_mim::find_user(&call, &name).await,
        Route::ListVisibleRequests { status } => requests::list_visible(&call, status).await,
        Route::ListQueue { status, smartcard, after, limit } => {
            queue::list(&call, status, smartcard, (after, limit)).await
        }
        Route::CountWaiting => queue::count(&call).await,
        Route::ListCards { owner, status, template, before, limit } => {
            found::cards(&call, CardFilter { visible_to: None, owner, status, template, before, limit }).await
        }
        Route::ListEndingCards { days, beyond, limit } => found::ending(&call, days, beyond.as_deref(), limit).await,
        Route::CountEndingCards { days } => reports::ending_by_month(&call, days).await,
        Route::FindPeople { begins } => found::people(&call, &begins).await,
        Route::FindElsewhere { text } => found::elsewhere(&call, &text).await,
        Route::TakeOver => found::take_over(&call, payload.read()?).await,
        Route::Search { text } => found::search(&call, &text).await,
        Route::GetCardHistory { smartcard } => history::of_card(&call, smartcard).await,
        Route::GetLogonView { smartcard } => logon::view(&call, smartcard).await,
        Route::GetPersonHistory { user, before } => history::of_person(&call, user, before).await,
        Route::ReportLost { smartcard } => lost::report(&call, smartcard, payload.read()?).await,
        Route::Remind { smartcard } => {
            payload.nothing()?;
            remind::remind(&call, smartcard).await
        }
        Route::TakeBack { smartcard } => {
            payload.nothing()?;
            lost::take_back(&call, smartcard).await
        }
        Route::ForeseeLeaving { user } => leaving::foresee(&call, user).await,
        Route::Leave { user } => leaving::leave(&call, user, payload.read()?).await,
        Route::ForeseeOrder { card_id } => foresight::of_order(&call, payload.read()?, card_id).await,
        Route::ForeseeRequest { request, card_id } => foresight::of_request(&call, request, card_id).await,
        Route::ReviewRequest { request } => review::review(&call, request).await,
        Route::Approve { request } => beyond_mim::decide(&call, request, true, payload.read()?).await,
        Route::Deny { request } => beyond_mim::decide(&call, request, false, payload.read()?).await,
        Route::CollectData { request } => policies::collect(&call, request, payload.read()?).await,
        Route::ListDocuments { request } => policies::documents(&call, request).await,
        Route::CollectSealedKeys { request } => {
            payload.nothing()?;
            sealed_keys::collect(&call, request).await
        }
        Route::ShowPossession { request } => certificates::show_old_key(&call, request, payload.read()?).await,
        Route::OpenPresence { request, smartcard } => presence::open(&call, request, smartcard, payload.read()?).await,
        Route::ShowPresence { request, smartcard } => presence::show(&call, request, smartcard, payload.read()?).await,
        Route::ProveOneTimePassword { request } => policies::prove(&call, request, payload.read()?).await,
        Route::DistributeOneTimePassword { request } => {
            payload.nothing()?;
            policies::distribute(&call, request).await
        }
        Route::GetAdminKeyState { smartcard } => card_secrets::admin_key_state(&call, smartcard).await,
        Route::TellAdminKey { request, smartcard } => {
            card_secrets::tell_admin_key(&call, request, smartcard, payload.read()?).await
        }
        Route::SurrenderAdminKey { request, smartcard, card_id } => {
            card_secrets::surrender_admin_key(&call, request, smartcard, card_id).await
        }
        Route::GetNextAdminKey { request, smartcard, card_id, with_current } => {
            card_secrets::next_admin_key(&call, request, smartcard, card_id, with_current).await
        }
        Route::GetPuk { request, smartcard, card_id, digits, fresh } => {
            puks::puk(&call, request, smartcard, card_id, (digits, fresh)).await
        }
        Route::TellPuk { request, smartcard } => puks::tell_puk(&call, request, smartcard, payload.read()?).await,
        Route::OfflineUnblock { request } => offline::unblock(&call, request, payload.read()?).await,
        Route::GetReport { report, from, to, after, limit } => {
            reports::report(&call, report, (from, to), after.as_deref(), limit).await
        }
        Route::GetHealth => health::health(&call).await,
        Route::ListAudit { chain, after, limit } => audit_log::list(&call, chain, after, limit).await,
        Route::ListAuditChains => audit_log::chains(&call).await,
        Route::GetAttestation { serial } => audit_log::attestation(&call, &serial).await,
        Route::GetCaCertificate => public_files::get(call.app, public_files::File::Certificate).await,
        Route::GetCrl => public_files::get(call.app, public_files::File::List(ListKind::Base)).await,
        Route::ListUsers => accounts::list(&call).await,
        Route::AddUser => accounts::add(&call, payload.read()?).await,
        Route::ImportUsers => people_import::import(&call, payload.read()?).await,
        Route::ChangeUser { user } => accounts::change(&call, user, payload.read()?).await,
        Route::ListBearer { user } => accounts::list_bearers(&call, user).await,
        Route::AddBearer { user } => accounts::add_bearer(&call, user, payload.read()?).await,
        Route::MakeLink { user } => accounts::make_link(&call, user, payload.read()?).await,
        Route::RevokeBearer { token } => {
            payload.nothing()?;
            accounts::revoke_bearer(&call, token).await
        }
        Route::ListIdentities { user } => identities::list(&call, user).await,
        Route::LinkIdentity { user } => identities::link(&call, user, payload.read()?).await,
        Route::UnlinkIdentity { identity } => {
            payload.nothing()?;
            identities::unlink(&call, identity).await
        }
        Route::RenewOwnBearer => {
            payload.nothing()?;
            accounts::renew_bearer(&call).await
        }
        Route::RevokeOwnBearer => {
            payload.nothing()?;
            accounts::revoke_own_bearer(&call).await
        }
        // Answered before anybody is asked who calls.
        Route::ActivateBearer => Err(ApiError::Address(RouteError::NotFound)),
        Route::ListProposals => proposals::list(&call).await,
        Route::ConfirmProposal { proposal } => {
            payload.nothing()?;
            proposals::confirm(&call, proposal).await
        }
        Route::ListNotices { state, before, limit } => outbox::list(&call, state.as_deref(), before, limit).await,
        Route::RetryNotice { notice } => {
            payload.nothing()?;
            outbox::retry(&call, notice).await
        }
        Route::DiscardNotice { notice } => {
            payload.nothing()?;
            outbox::discard(&call, notice).await
        }
        Route::RejectProposal { proposal } => {
            payload.nothing()?;
            proposals::reject(&call, proposal).await
        }
        Route::EndSession => {
            payload.nothing()?;
            accounts::end_session(&call).await
        }
        Route::SignDeskResults => desk::sign(&call, payload.read()?).await,
        Route::GetDeskResults { results } => desk::get(&call, results).await,
        Route::BeginVisit => visits::begin(&call, payload.read()?).await,
        Route::ChallengeVisit => {
            payload.nothing()?;
            visits::challenge(&call).await
        }
        Route::GetKiosk { kiosk } => handover::kiosk(&call, kiosk).await,
        Route::HandOverVisit => handover::hand_over(&call, payload.read()?).await,
        Route::EndVisits => {
            payload.nothing()?;
            visits::end(&call).await
        }
    }
}
