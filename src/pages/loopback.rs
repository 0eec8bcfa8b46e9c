//! What the pages of a workstation have in common: in which order a call is judged before anything is shown or done.

use super::answer::{guard as guarded, see_other};
use super::assets;
use super::form::Form;
use super::texts::Language;
use crate::web::loopback::{Asked, Guard, Kept};
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use time::OffsetDateTime;

/// Begins the path of the start link.
const START: &str = "/start/";

/// Says what has come of another link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Another {
    Given,
    /// It could not be written; the next try may succeed.
    Unwritten,
    /// One link is all there is.
    Never,
}

/// Is a face that one browser of this workstation is shown.
pub trait OneBrowser: Send + Sync + 'static {
    /// Returns what knows the browser that was let in.
    fn guard(&self) -> &Guard;

    /// Returns the time, for files that caches keep.
    fn now(&self) -> OffsetDateTime;

    /// Answers a call to one of our own names that needs no cookie; `None`: it is like any other.
    fn uninvited(&self, _parts: &Parts) -> Option<Response> {
        None
    }

    /// Shows the browser that was let in what it asks for.
    fn show(&self, parts: &Parts) -> Response;

    /// Does what a form of that browser asks for.
    fn act(&self, form: Form) -> impl Future<Output = ()> + Send;

    /// Gives another link, as the browser that was let in has ended.
    fn give_another(&self) -> Another {
        Another::Never
    }

    /// Answers with a page that tells nothing of the workstation; `id` names its title and text.
    fn outside(&self, language: Language, status: StatusCode, id: &str) -> Response;
}

/// Answers one call.
pub async fn answer<F: OneBrowser>(
    State(face): State<Arc<F>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match parts.method {
        Method::GET | Method::HEAD => get(&*face, &parts, peer),
        Method::POST => post(&*face, &parts, body, peer).await,
        _ => outside(&*face, &parts.headers, StatusCode::METHOD_NOT_ALLOWED, "no-form"),
    };
    guarded(response.headers_mut());
    if !assets::is_asset(parts.uri.path()) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn get<F: OneBrowser>(face: &F, parts: &Parts, peer: SocketAddr) -> Response {
    let (path, headers) = (parts.uri.path(), &parts.headers);
    if face.guard().is_for_us(headers)
        && let Some(response) = face.uninvited(parts)
    {
        return response;
    }
    if !face.guard().is_ours(headers, false) {
        return kept_out(face, headers, Kept::Foreign);
    }
    if let Some(file) = assets::respond(path, headers, face.now()) {
        return file;
    }
    if let Some(secret) = path.strip_prefix(START) {
        return start(face, headers, secret, peer);
    }
    match face.guard().admit(headers, false, peer) {
        Ok(()) => kept_on(face, face.show(parts)),
        Err(kept) => kept_out(face, headers, kept),
    }
}

/// Lets the first browser in that comes by the link.
fn start<F: OneBrowser>(face: &F, headers: &HeaderMap, secret: &str, peer: SocketAddr) -> Response {
    let Some(cookie) = face.guard().start(secret, peer) else {
        return outside(face, headers, StatusCode::FORBIDDEN, "link-used");
    };
    let mut response = see_other("/");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// Has the browser keep its cookie from now on: a workstation may serve for longer than a cookie lasts.
fn kept_on<F: OneBrowser>(face: &F, mut response: Response) -> Response {
    if let Some(cookie) = face.guard().kept() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn post<F: OneBrowser>(face: &F, parts: &Parts, body: Body, peer: SocketAddr) -> Response {
    if let Some(secret) = parts.uri.path().strip_prefix(START)
        && let Some(asked) = face.guard().asked_again(&parts.headers, secret, peer)
    {
        return again(face, asked);
    }
    // A form of another site's page is not even read.
    if let Err(kept) = face.guard().admit(&parts.headers, true, peer) {
        return kept_out(face, &parts.headers, kept);
    }
    match Form::receive(&parts.headers, body).await {
        Ok(form) => face.act(form).await,
        Err(_) => return outside(face, &parts.headers, StatusCode::BAD_REQUEST, "no-form"),
    }
    see_other("/")
}

/// Answers the program that shows the page, whose browser has ended: by now there is a link that opens the page, or none was written,
/// or there will be none.
fn again<F: OneBrowser>(face: &F, asked: Asked) -> Response {
    let another = if asked == Asked::Open { Another::Given } else { face.give_another() };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = match another {
        Another::Given => StatusCode::NO_CONTENT,
        Another::Unwritten => StatusCode::SERVICE_UNAVAILABLE,
        Another::Never => StatusCode::CONFLICT,
    };
    response
}

/// Answers whoever is kept out.
pub fn kept_out<F: OneBrowser>(face: &F, headers: &HeaderMap, kept: Kept) -> Response {
    let id = match kept {
        Kept::Foreign => "foreign",
        Kept::Unknown => "other-browser",
    };
    outside(face, headers, StatusCode::FORBIDDEN, id)
}

fn outside<F: OneBrowser>(face: &F, headers: &HeaderMap, status: StatusCode, id: &str) -> Response {
    face.outside(Language::asked_for(headers), status, id)
}
