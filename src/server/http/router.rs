//! From an HTTP request to a controller and back: one handler, one exhaustive match.
//!
//! In: requests. Out: responses. The order of the checks is the server's: health, stopping, public files, a place to
//! work, the virtual directory, credentials, the route, limits on secrets, the body, a place to work again.

use super::dispatch::{self, Moment};
use super::face::{Door, Face};
use super::{operations, public_files, refusals, surface};
use crate::cm::problem::Problem;
use crate::cm::route::{Route, RouteError};
use crate::server::call::app::{App, place};
use crate::server::call::body::Payload;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::controllers::activation;
use crate::server::error::{ApiError, Internal};
use crate::server::identity::authenticate::{self, Admitted};
use crate::server::identity::session;
use crate::web::body::{Announced, discard};
use crate::web::mark::mark;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use time::OffsetDateTime;
use tracing::Instrument;
use uuid::Uuid;

/// Holds what answers the requests of a listener.
#[derive(Clone)]
pub struct Serving {
    pub app: Arc<App>,
    /// Serves people; `None`: no page is served.
    pub face: Option<Arc<dyn Face>>,
    /// The port of the listener that asks for client certificates, if there is one.
    pub certificates: Option<u16>,
}

/// Returns the service that answers every request of a listener.
pub fn service(serving: Serving) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    Router::new().fallback(handle).with_state(serving).into_make_service_with_connect_info::<SocketAddr>()
}

/// Answers one call. The work is a task of its own, so that a caller who hangs up cuts nothing in half, and a panic
/// becomes a refusal.
async fn handle(State(serving): State<Serving>, request: Request) -> Response {
    let id = Uuid::new_v4();
    if let Some(face) = serving.face.as_ref().filter(|_| surface::is_for_people(&serving.app, request.uri().path())) {
        return faced(&serving, face, request, id).await;
    }
    let app = serving.app;
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
            refusals::log(&error, id, verb.as_str(), elapsed_us);
            refused(&app, &error, id)
        }
    };
    response.headers_mut().extend(headers);
    app.metrics.answered(route, surface::metric_verb(&verb), response.status().as_u16(), elapsed);
    response
}

/// Has a face answer a request, likewise in a task of its own.
async fn faced(serving: &Serving, face: &Arc<dyn Face>, request: Request, id: Uuid) -> Response {
    let app = &serving.app;
    if app.stopping.load(Ordering::Relaxed) {
        return refused(app, &ApiError::Stopping, id);
    }
    let begun = Instant::now();
    let verb = surface::metric_verb(request.method());
    let door = Door::new(Arc::clone(app), id, serving.certificates);
    let work = tokio::spawn(face.answer(door, request).instrument(tracing::info_span!("page", %id)));
    let mut response = work.await.unwrap_or_else(|_| refused(app, &ApiError::Internal(Internal::Panicked), id));
    mark(response.headers_mut(), id);
    app.metrics.answered("page", verb, response.status().as_u16(), begun.elapsed());
    response
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
        ApiError::NotAuthenticated | ApiError::BearerExpired | ApiError::VisitOver => {
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
        return if verb == surface::Verb::Options {
            surface::get_only()
        } else {
            surface::description(app, &parts.headers)
        };
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
    dispatch::check(app, &caller, &route, now)?;
    if route == Route::EndSession {
        notes.headers.insert(header::SET_COOKIE, session::ended());
    }
    // Nobody holds a place while a body comes.
    drop(judging);
    let payload = Payload::receive(&parts, unread.take().unwrap_or_default()).await;
    dispatch::conduct(app, caller, route, payload, Moment { now, id }).await
}
