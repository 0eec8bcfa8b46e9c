//! Lets one browser in on loopback, and answers it until it is told to end.

use super::board::{Board, Signing};
use super::screen;
use crate::desk::results::{self, UNSIGNED};
use crate::desk::{Run, Signed};
use crate::pages::answer::{download, see_other};
use crate::pages::form::Form;
use crate::pages::loopback::{OneBrowser, answer};
use crate::pages::texts::{Catalogue, Language};
use crate::platform::peer;
use crate::web::events::follow;
use crate::web::loopback::{self, Guard, NoRandom};
use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
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
        let guard = Guard::new(address, COOKIE, peer::user_of).map_err(|NoRandom| io::Error::other(NoRandom))?;
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
    loopback::serve(door.listener, Router::new().fallback(answer::<Page>).with_state(Arc::new(page)), ending).await
}

impl OneBrowser for Page {
    fn guard(&self) -> &Guard {
        &self.guard
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn show(&self, parts: &Parts) -> Response {
        match parts.uri.path() {
            "/" => self.page(&parts.headers),
            "/events" => follow(self.board.changes(), SILENT),
            path @ ("/signed.json" | "/signed.p7s") => self.signed(path),
            path @ ("/results.csv" | "/results.json" | "/results.html") => self.results(&parts.headers, path),
            _ => see_other("/"),
        }
    }

    async fn act(&self, form: Form) {
        let board = Arc::clone(&self.board);
        // A desk that is behind makes whoever commands it wait.
        let _ = tokio::task::spawn_blocking(move || board.act(&form)).await;
    }

    fn outside(&self, language: Language, status: StatusCode, id: &str) -> Response {
        screen::outside(self.catalogue.texts(language), status, id)
    }
}

impl Page {
    fn page(&self, headers: &HeaderMap) -> Response {
        let run = self.board.rows();
        let shown = self.board.shown();
        let language = shown.language.unwrap_or_else(|| Language::asked_for(headers));
        screen::page(self.catalogue.texts(language), &shown, run.as_ref().ok().and_then(Option::as_ref))
    }

    /// Writes the results to be printed; they say who has signed them, as they stand.
    fn to_print(&self, run: &Run) -> String {
        match &self.board.shown().signing {
            Signing::Done(signed) if signed.0 == *run => results::html(run, &signed.1.told),
            _ => results::html(run, UNSIGNED),
        }
    }

    /// Answers with what the server has signed, or with its signature.
    fn signed(&self, path: &str) -> Response {
        let shown = self.board.shown();
        let Signing::Done(signed) = &shown.signing else { return see_other("/") };
        let (run, Signed { results, .. }) = signed.as_ref();
        let name = |ending: &str| format!("desk-{}.{ending}", run.id);
        match path {
            "/signed.json" => download("application/json", &name("signed.json"), results.document.clone().into_bytes()),
            _ => download("application/pkcs7-signature", &name("p7s"), results.signature.clone()),
        }
    }

    /// Answers with what the run has come to so far.
    fn results(&self, headers: &HeaderMap, path: &str) -> Response {
        let Ok(Some(run)) = self.board.rows() else {
            return self.outside(Language::asked_for(headers), StatusCode::INTERNAL_SERVER_ERROR, "no-results");
        };
        let (media_type, text) = match path {
            "/results.csv" => ("text/csv; charset=utf-8", results::sheet(&run)),
            "/results.json" => ("application/json", format!("{:#}\n", results::document(&run))),
            _ => ("text/html; charset=utf-8", self.to_print(&run)),
        };
        let extension = path.rsplit('.').next().unwrap_or_default();
        download(media_type, &format!("desk-{}.{extension}", run.id), text.into_bytes())
    }
}
