//! From an HTTP request to a controller and back: one handler, one exhaustive match.
//!
//! In: requests. Out: responses. The order of the checks is the server's: health, stopping, public files, a place to
//! work, the virtual directory, credentials, the route, limits on secrets, the body, a place to work again.

use super::{operations, public_files, surface};
use crate::cm::certificate::CertificateData;
use crate::cm::problem::Problem;
use crate::cm::route::{Route, RouteError};
use crate::server::call::Call;
use crate::server::call::app::{App, place};
use crate::server::call::body::Payload;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::controllers::{
    accounts, activation, audit_log, beyond_mim, card_secrets, certificates, foresight, found, health, history,
    identities, leaving, lost, offline, outbox, people_import, pins, policies, presence, profiles, proposals, puks,
    remind, reports, requests, review, sealed_keys, smartcards, templates,
};
use crate::server::error::{ApiError, Internal};
use crate::server::identity::authenticate::{self, Admitted};
use crate::server::identity::session;
use crate::store::{CardFilter, ListKind};
use crate::web::body::{Announced, discard};
use crate::web::mark::mark;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use time::OffsetDateTime;
use tracing::Instrument;
use uuid::Uuid;

/// Limits how many causes of a failure are logged.
const MOST_CAUSES: usize = 16;

/// Returns the service that answers every call of a listener.
pub fn service(app: Arc<App>) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    Router::new().fallback(handle).with_state(app).into_make_service_with_connect_info::<SocketAddr>()
}

/// Answers one call. The work is a task of its own, so that a caller who hangs up cuts nothing in half, and a panic
/// becomes a refusal.
async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let id = Uuid::new_v4();
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let verb = parts.method.clone();
    let shared = Arc::clone(&app);
    let work = async move {
        let mut notes = CallNotes::default();
        let announced = Announced::by(&parts.headers);
        let mut unread = Some(body);
        let answered = answer(&shared, parts, &mut unread, id, &mut notes).await;
        if let Some(body) = unread {
            discard(announced, body).await;
        }
        (notes, answered)
    };
    let work = tokio::spawn(work.instrument(tracing::info_span!("call", %id)));
    let panicked = |_| (CallNotes::default(), Err(ApiError::Internal(Internal::Panicked)));
    let (CallNotes { route, headers }, answered) = work.await.unwrap_or_else(panicked);
    let elapsed = begun.elapsed();
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let mut response = match answered {
        Ok(reply) => {
            tracing::debug!(%id, %verb, route, elapsed_us, "answered");
            response_to(reply, id)
        }
        Err(error) => {
            app.metrics.refused(error.status_and_code().1);
            log_refusal(&error, id, verb.as_str(), elapsed_us);
            refused(&app, &error, id)
        }
    };
    response.headers_mut().extend(headers);
    app.metrics.answered(route, surface::metric_verb(&verb), response.status().as_u16(), elapsed);
    response
}

/// Logs a refusal, without path and query: a challenge may stand in them.
fn log_refusal(error: &ApiError, id: Uuid, verb: &str, elapsed_us: u64) {
    let (status, code) = error.status_and_code();
    if status.is_server_error() {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause.filter(|_| causes.len() < MOST_CAUSES) {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        tracing::error!(%id, verb, %code, status = status.as_u16(), elapsed_us, causes = causes.join(": "), "failed");
    } else {
        tracing::info!(%id, verb, %code, status = status.as_u16(), elapsed_us, "refused");
    }
}

/// Writes a reply as a response.
fn response_to(reply: Reply, id: Uuid) -> Response {
    const JSON: &str = "application/json; charset=utf-8";
    let cut = matches!(reply, Reply::CutList(_));
    let mut response = match reply {
        Reply::Json(bytes) | Reply::CutList(bytes) => response(StatusCode::OK, JSON, bytes, id),
        Reply::Created(bytes) => response(StatusCode::CREATED, JSON, bytes, id),
        Reply::Accepted(bytes) => response(StatusCode::ACCEPTED, JSON, bytes, id),
        Reply::Empty => response(StatusCode::NO_CONTENT, "", Vec::new(), id),
        Reply::Verbs(methods) => {
            let mut response = response(StatusCode::NO_CONTENT, "", Vec::new(), id);
            response.headers_mut().insert(header::ALLOW, surface::allowed(&methods));
            response
        }
        Reply::Other(mut other) => {
            mark(other.headers_mut(), id);
            other
        }
        Reply::File { media_type, bytes } => response(StatusCode::OK, media_type, bytes, id),
    };
    if cut {
        response.headers_mut().insert("x-list-cut-at", HeaderValue::from(MAX_LIST));
    }
    response
}

/// Writes a refusal as a response, with the headers that its status wants.
pub fn refused(app: &App, error: &ApiError, id: Uuid) -> Response {
    let (status, code) = error.status_and_code();
    let problem = Problem::new(code, &error.to_string(), id);
    let bytes = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = response(status, "application/json; charset=utf-8", bytes, id);
    let headers = response.headers_mut();
    match error {
        ApiError::NotAuthenticated | ApiError::BearerExpired => {
            for challenge in app.identity.challenges(error) {
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        ApiError::TooManyRequests { seconds } | ApiError::DailyLimit { seconds, .. } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        ApiError::Address(RouteError::WrongMethod { allowed }) => {
            headers.insert(header::ALLOW, surface::allowed(allowed));
        }
        ApiError::Busy => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        ApiError::Stopping => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        ApiError::CaPending { retry_after } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        _ => {}
    }
    response
}

/// Builds a response with its marks; without a media type no `Content-Type` is sent.
fn response(status: StatusCode, media_type: &'static str, bytes: Vec<u8>, id: Uuid) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !media_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    mark(headers, id);
    response
}

/// Holds what is learnt of a call while it is answered, and kept also when it is refused.
#[derive(Default)]
struct CallNotes {
    /// The route's pattern, for log and metrics.
    route: &'static str,
    /// Headers that the way in adds to the answer.
    headers: HeaderMap,
}

/// Answers one call, up to its controller; takes the body where it is read.
async fn answer(
    app: &App,
    parts: Parts,
    unread: &mut Option<Body>,
    id: Uuid,
    notes: &mut CallNotes,
) -> Result<Reply, ApiError> {
    if let Some(health) = operations::health(app, parts.uri.path()).await {
        return Ok(Reply::Other(health));
    }
    if app.stopping.load(Ordering::Relaxed) {
        return Err(ApiError::Stopping);
    }
    let verb = surface::Verb::of(&parts.method);
    if public_files::is_public(parts.uri.path()) {
        notes.route = "pki";
        return match verb {
            surface::Verb::Options => surface::get_only(),
            _ => public_files::respond(app, &parts, unread.take().unwrap_or_default()).await.map(Reply::Other),
        };
    }
    let judging = place(&app.places).await?;
    let path = surface::route_path(&app.api, parts.uri.path())?;
    if parts.uri.path() == surface::DESCRIPTION {
        notes.route = "openapi";
        verb.check_public_file()?;
        return if verb == surface::Verb::Options { surface::get_only() } else { surface::description(app) };
    }
    // Which verbs a path takes is public: it stands in the description.
    if verb == surface::Verb::Options {
        return surface::options(path);
    }
    // As exact as MIM shows it, so that a time is read back later as it was answered at once.
    let now = OffsetDateTime::now_utc().truncate_to_millisecond();
    if let surface::Verb::Call(method) = verb
        && let Ok(route) = Route::parse(method, path, None)
        && route.is_without_login()
    {
        notes.route = route.pattern();
        let address = authenticate::address(&parts);
        // Nobody answers for the call but its address: not a byte of a body is taken from one that has failed too often.
        app.identity.limits.patience(address)?;
        drop(judging);
        let payload = Payload::receive_small(&parts, unread.take().unwrap_or_default()).await;
        let _working = place(&app.places).await?;
        return activation::activate(app, payload, address, (now, id)).await;
    }
    // A caller without credentials learns nothing, not even which paths there are.
    let Admitted { caller, headers } = app.identity.authenticate(&app.store, &parts, now).await?;
    notes.headers = headers;
    let method = verb.method(path)?;
    let route = Route::parse(method, path, parts.uri.query()).map_err(ApiError::Address)?;
    notes.route = route.pattern();
    if route.bears_secret() {
        app.identity.limits.secret(caller.uuid, route.card())?;
    }
    if route == Route::EndSession {
        notes.headers.insert(header::SET_COOKIE, session::ended());
    }
    let call = Call { app, caller, now, id };
    // Nobody holds a place while a body comes.
    drop(judging);
    let payload = Payload::receive(&parts, unread.take().unwrap_or_default()).await;
    let _working = place(&app.places).await?;
    dispatch(call, route, payload).await
}

/// Calls the controller of a route.
async fn dispatch(call: Call<'_>, route: Route, payload: Payload<'_>) -> Result<Reply, ApiError> {
    match route {
        Route::ListProfileTemplates => templates::list(&call),
        Route::GetProfileTemplate { template } => templates::get(&call, template),
        Route::GetPolicy { template, workflow } => templates::policy(&call, template, workflow),
        Route::GetSmartcardConfig { template } => templates::smartcard_config(&call, template),
        Route::CreateRequest => requests::create(&call, payload.read()?).await,
        Route::ListRequests { target_user_current, status } => requests::list(&call, target_user_current, status).await,
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
        Route::Whoami => beyond_mim::whoami(&call),
        Route::FindUser { name } => beyond_mim::find_user(&call, &name).await,
        Route::ListVisibleRequests { status } => requests::list_visible(&call, status).await,
        Route::ListCards { owner, status, template, before, limit } => {
            found::cards(&call, CardFilter { visible_to: None, owner, status, template, before, limit }).await
        }
        Route::ListEndingCards { days, beyond, limit } => found::ending(&call, days, beyond.as_deref(), limit).await,
        Route::FindPeople { begins } => found::people(&call, &begins).await,
        Route::FindElsewhere { text } => found::elsewhere(&call, &text).await,
        Route::TakeOver => found::take_over(&call, payload.read()?).await,
        Route::Search { text } => found::search(&call, &text).await,
        Route::GetCardHistory { smartcard } => history::of_card(&call, smartcard).await,
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
    }
}
