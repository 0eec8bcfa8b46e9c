//! Serves the pages of the workstation on loopback until it is told to end.

use super::engine::Engine;
use super::frame;
use super::marks::Marks;
use super::screens;
use super::settings::Settings;
use crate::enrollment::{Journal, JournalError};
use crate::pages::answer::see_other;
use crate::pages::form::Form;
use crate::pages::loopback::{Another, OneBrowser, answer, kept_out};
use crate::pages::texts::{Catalogue, Language};
use crate::platform::peer;
use crate::secret::LinkCode;
use crate::web::events::follow;
use crate::web::loopback::{self, Guard, Kept, NoRandom};
use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Names the cookie of the browser that was let in.
const COOKIE: &str = "__Host-cardwright-kiosk";
/// Says how often is looked whether somebody is still there, and whether readers can be reached again.
const TICK: Duration = Duration::from_secs(1);
/// Bounds the wait for the server where visits are ended.
const ENDING: Duration = Duration::from_secs(5);
/// Sets how long a stream says nothing at most.
const SILENT: Duration = Duration::from_secs(5);

/// Tells where the kiosk listens, and the link by which one browser is let in.
pub struct Opened {
    pub address: SocketAddr,
    pub link: Zeroizing<String>,
}

/// Says why the kiosk did not start, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen at {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the journal cannot be opened")]
    Journal(#[from] JournalError),
    #[error("the directory of marks cannot be made")]
    Marks { source: io::Error },
    #[error(transparent)]
    Random(#[from] NoRandom),
    #[error("the pages can be served no longer")]
    Served { source: io::Error },
}

/// Holds what answers a call.
struct Kiosk {
    engine: Arc<Engine>,
    guard: Guard,
    catalogue: Catalogue,
}

/// Serves until `ending` ends. `opened` is called once, as soon as somebody can be let in.
pub async fn serve<E>(
    settings: Settings,
    opened: impl FnOnce(&Opened) -> Result<(), E>,
    ending: impl Future<Output = ()>,
) -> Result<Result<(), E>, StartError> {
    let journal = Journal::open(settings.state.join("journal"))?;
    let marks = Marks::open(settings.state.join("kiosk")).map_err(|source| StartError::Marks { source })?;
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let listened = loopback::bind(settings.port).map_err(|source| StartError::Listen { address: wanted, source });
    let (listener, address) = listened?;
    let guard = Guard::new(address, COOKIE, peer::user_of)?;
    let link = guard.link().unwrap_or_default();
    let engine = Engine::new((settings, address.port()), journal, marks, Instant::now());
    // Of a kiosk that was killed, somebody may still be let in.
    end_visits(&engine).await;
    if let Err(error) = opened(&Opened { address, link }) {
        return Ok(Err(error));
    }
    let (stop, stopped) = watch::channel(false);
    let kiosk = Arc::new(Kiosk { engine: Arc::clone(&engine), guard, catalogue: Catalogue::new(screens::TEXTS) });
    let watching = tokio::spawn(tick(Arc::clone(&kiosk), stopped));
    let service = Router::new().fallback(answer::<Kiosk>).with_state(kiosk);
    let ending = async {
        ending.await;
        // Streams end by it, and what waits for an answer.
        engine.end();
    };
    let served = loopback::serve(listener, service, ending).await;
    let _ = stop.send(true);
    let _ = watching.await;
    end_visits(&engine).await;
    served.map_err(|source| StartError::Served { source })?;
    Ok(Ok(()))
}

/// Has the server end all that this kiosk has begun. Where it cannot be reached, it ends each visit itself after its time.
async fn end_visits(engine: &Arc<Engine>) {
    let engine = Arc::clone(engine);
    let ending = tokio::task::spawn_blocking(move || engine.settings.office.own.end_visits());
    let _ = tokio::time::timeout(ENDING, ending).await;
}

/// Looks each second whether somebody is there, and begins to watch the readers as soon as they can be reached.
async fn tick(kiosk: Arc<Kiosk>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let looking = Arc::clone(&kiosk);
        // The service of the readers may take seconds to say that it is not there.
        let looked = tokio::task::spawn_blocking(move || {
            looking.engine.watch_readers();
            // Tried again until it works.
            if looking.engine.was_signed_in() {
                looking.give_another();
            }
        });
        let _ = looked.await;
        kiosk.engine.tick(Instant::now());
        let _ = tokio::time::timeout(TICK, stopped.changed()).await;
    }
}

impl OneBrowser for Kiosk {
    fn guard(&self) -> &Guard {
        &self.guard
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn uninvited(&self, parts: &Parts) -> Option<Response> {
        (parts.uri.path() == "/returned").then(|| self.returned(parts))
    }

    fn show(&self, parts: &Parts) -> Response {
        match parts.uri.path() {
            "/" => self.page(&parts.headers),
            "/events" => follow(self.engine.changes(), SILENT),
            _ => see_other("/"),
        }
    }

    async fn act(&self, form: Form) {
        self.engine.act(&form, Instant::now());
    }

    /// Has another browser shown: the one that was let in has ended, or somebody has left who may still be signed in in it.
    fn give_another(&self) -> Another {
        let Some(give) = &self.engine.settings.give_link else { return Another::Never };
        let changed = self.guard.change(|link| give(link));
        match changed.unwrap_or_else(|no_random| Err(io::Error::other(no_random))) {
            Ok(()) => {
                self.engine.has_another_browser();
                Another::Given
            }
            Err(_) => Another::Unwritten,
        }
    }

    fn outside(&self, language: Language, status: StatusCode, id: &str) -> Response {
        frame::outside(self.catalogue.texts(language), status, id)
    }
}

impl Kiosk {
    /// Takes who comes back from the server's pages. A strict cookie stays behind on the way from another site, so a page of ours leads
    /// on; what lets somebody in is what they were sent with.
    fn returned(&self, parts: &Parts) -> Response {
        let query = Form::of_query(parts.uri.query());
        let code = LinkCode::new(query.one("code").to_owned());
        match self.engine.returned(query.one("state"), code) {
            true => frame::onward(self.catalogue.texts(Language::asked_for(&parts.headers))),
            false => kept_out(self, &parts.headers, Kept::Foreign),
        }
    }

    /// Shows the scene.
    fn page(&self, headers: &HeaderMap) -> Response {
        let now = OffsetDateTime::now_utc();
        self.engine.with(|state| {
            let language = state.comfort.language.unwrap_or_else(|| Language::asked_for(headers));
            let view =
                screens::View { texts: self.catalogue.texts(language), state, settings: &self.engine.settings, now };
            frame::page(&view, screens::written(&view))
        })
    }
}
