//! Lets one browser in on loopback, and answers it until it is told to end.

use super::board::Board;
use super::screen;
use crate::desk::results::{self, UNSIGNED};
use crate::pages::answer::{download, guard as guarded, see_other};
use crate::pages::assets;
use crate::pages::form::Form;
use crate::pages::texts::{Catalogue, Language};
use crate::web::events::follow;
use crate::web::loopback::{self, Guard, Kept, NoRandom};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Names the cookie of the browser that was let in.
const COOKIE: &str = "__Host-cardwright-desk";
/// Sets how long a stream says nothing at most.
const SILENT: Duration = Duration::from_secs(5);

/// Is where the page will be served, before anything is begun.
pub struct Door {
    listener: TcpListener,
    pub address: SocketAddr,
    guard: Guard,
}

/// Holds what answers a call.
struct Page {
    board: Arc<Board>,
    guard: Guard,
    catalogue: Catalogue,
}

impl Door {
    /// Takes a port at 127.0.0.1; 0: one that is free.
    pub fn open(port: u16) -> io::Result<Self> {
        let (listener, address) = loopback::bind(port)?;
        let guard = Guard::new(address, COOKIE).map_err(|NoRandom| io::Error::other(NoRandom))?;
        Ok(Self { listener, address, guard })
    }

    /// Returns the link by which one browser is let in, once.
    pub fn link(&self) -> Zeroizing<String> {
        self.guard.link().unwrap_or_default()
    }
}

/// Serves until `ending` ends.
pub async fn serve(door: Door, board: Arc<Board>, ending: impl Future<Output = ()>) -> io::Result<()> {
    let page = Page { board: Arc::clone(&board), guard: door.guard, catalogue: Catalogue::new(screen::TEXTS) };
    let ending = async {
        ending.await;
        board.close();
    };
    loopback::serve(door.listener, Router::new().fallback(answer).with_state(Arc::new(page)), ending).await
}

/// Answers one call.
async fn answer(State(page): State<Arc<Page>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match parts.method {
        Method::GET | Method::HEAD => page.get(&parts),
        Method::POST => page.post(&parts, body).await,
        _ => page.outside(&parts.headers, StatusCode::METHOD_NOT_ALLOWED, "no-form"),
    };
    guarded(response.headers_mut());
    if !assets::is_asset(parts.uri.path()) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

impl Page {
    fn get(&self, parts: &Parts) -> Response {
        let path = parts.uri.path();
        if !self.guard.is_ours(&parts.headers, false) {
            return self.kept(&parts.headers, Kept::Foreign);
        }
        if let Some(file) = assets::respond(path, &parts.headers, OffsetDateTime::now_utc()) {
            return file;
        }
        if let Some(secret) = path.strip_prefix("/start/") {
            return self.start(&parts.headers, secret);
        }
        if let Err(kept) = self.guard.admit(&parts.headers, false) {
            return self.kept(&parts.headers, kept);
        }
        match path {
            "/" => self.page(&parts.headers),
            "/events" => follow(self.board.changes(), SILENT),
            "/results.csv" | "/results.json" | "/results.html" => self.results(&parts.headers, path),
            _ => see_other("/"),
        }
    }

    /// Lets the first browser in that comes by the link.
    fn start(&self, headers: &HeaderMap, secret: &str) -> Response {
        let Some(cookie) = self.guard.start(secret) else {
            return self.outside(headers, StatusCode::FORBIDDEN, "link-used");
        };
        let mut response = see_other("/");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        response
    }

    async fn post(&self, parts: &Parts, body: axum::body::Body) -> Response {
        // A form of another site's page is not even read.
        if let Err(kept) = self.guard.admit(&parts.headers, true) {
            return self.kept(&parts.headers, kept);
        }
        let Ok(form) = Form::receive(&parts.headers, body).await else {
            return self.outside(&parts.headers, StatusCode::BAD_REQUEST, "no-form");
        };
        let board = Arc::clone(&self.board);
        // A desk that is behind makes whoever commands it wait.
        let _ = tokio::task::spawn_blocking(move || board.act(&form)).await;
        see_other("/")
    }

    fn page(&self, headers: &HeaderMap) -> Response {
        let run = self.board.rows();
        let shown = self.board.shown();
        let language = shown.language.unwrap_or_else(|| accepted(headers));
        screen::page(self.catalogue.texts(language), &shown, run.as_ref().ok().and_then(Option::as_ref))
    }

    /// Answers with what the run has come to so far.
    fn results(&self, headers: &HeaderMap, path: &str) -> Response {
        let Ok(Some(run)) = self.board.rows() else {
            return self.outside(headers, StatusCode::INTERNAL_SERVER_ERROR, "no-results");
        };
        let (media_type, text) = match path {
            "/results.csv" => ("text/csv; charset=utf-8", results::sheet(&run)),
            "/results.json" => ("application/json", format!("{:#}\n", results::document(&run))),
            _ => ("text/html; charset=utf-8", results::html(&run, UNSIGNED)),
        };
        let extension = path.rsplit('.').next().unwrap_or_default();
        download(media_type, &format!("desk-{}.{extension}", run.id), text.into_bytes())
    }

    /// Answers whoever is kept out.
    fn kept(&self, headers: &HeaderMap, kept: Kept) -> Response {
        let id = match kept {
            Kept::Foreign => "foreign",
            Kept::Unknown => "other-browser",
        };
        self.outside(headers, StatusCode::FORBIDDEN, id)
    }

    /// Answers with a page that tells nothing of the desk.
    fn outside(&self, headers: &HeaderMap, status: StatusCode, id: &str) -> Response {
        screen::outside(self.catalogue.texts(accepted(headers)), status, id)
    }
}

/// Returns the language that the browser asks for.
fn accepted(headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::accepted(accepted.unwrap_or_default())
}
