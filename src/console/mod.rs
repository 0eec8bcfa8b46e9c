//! The console: pages of the server for operators, approvers, help desks, auditors, and everyone with a card.
//!
//! In: what a browser asks for and sends. Out: pages. Each fact and each act is a call of the API through the server's
//! [`Door`], with the visitor's rights: a page can do and show nothing that the API would not.
//! `place` is every address once; `visit` what a screen is given; `entrance` lets people in; `screens` holds one file a screen.
//! Absent: rights, rules and records (`server`); how a table or a field is written (`pages`).

mod entrance;
mod flash;
mod frame;
mod items;
mod kept;
mod pattern;
mod place;
mod screens;
mod trouble;
mod visit;
mod ways;
mod words;

pub use place::PATTERNS;

use crate::pages::answer::{download, guard, page, see_other};
use crate::pages::assets;
use crate::pages::form::Form;
use crate::pages::texts::{Catalogue, Language, Texts};
use crate::server::{Answering, Door, Face, Visiting};
use crate::web::cookie::{self, SameSite};
use crate::web::site;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use place::Place;
use std::sync::Arc;
use trouble::Trouble;
use visit::{Shown, Visit};

/// Names the cookie that keeps the chosen language; it says nothing of who somebody is.
const LANGUAGE_COOKIE: &str = "__Host-cardwright-language";
/// Sets how long it is kept, in seconds: a year.
const YEAR: u64 = 365 * 86_400;

/// Serves the console.
pub struct Console(Arc<Catalogue>);

impl Console {
    /// Makes the console, with its texts.
    pub fn new() -> Self {
        Self(Arc::new(Catalogue::new(screens::TEXTS)))
    }
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Face for Console {
    fn answer(&self, door: Door, request: Request) -> Answering {
        let catalogue = Arc::clone(&self.0);
        Box::pin(async move { answer(&catalogue, &door, request).await })
    }
}

/// Answers one request: files, the language and the entrance for anybody, all else for who is signed in.
async fn answer(catalogue: &Catalogue, door: &Door, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if assets::is_asset(path)
        && let Some(response) = assets::respond(path, &parts.headers, door.now())
    {
        return response;
    }
    let texts = catalogue.texts(language(&parts.headers));
    let form = match parts.method {
        Method::GET | Method::HEAD => None,
        Method::POST => {
            // A form of another site's page, or one whose origin nobody can tell, is not even read.
            if !site::is_own(&parts.headers) {
                return trouble::foreign(door, texts);
            }
            match Form::receive(&parts.headers, body).await {
                Ok(form) => Some(form),
                Err(error) => return trouble::form(door, texts, error),
            }
        }
        _ => return trouble::method(door, texts),
    };
    let Some(place) = Place::parse(path) else {
        return within(door, texts, &parts, None, form.as_ref()).await;
    };
    match (place, &form) {
        (Place::Language, Some(form)) => choose(form),
        (Place::SignIn, None) => entrance::show(door, texts, &parts),
        (Place::SignInIssuer, None) => entrance::to_issuer(door, texts, &parts).await,
        (Place::SignInReturn, None) => entrance::from_issuer(door, &parts).await,
        (Place::SignInTicket | Place::SignInCode, Some(form)) => {
            entrance::enter(door, texts, &parts, place, form).await
        }
        (Place::SignInCertificate, None) => entrance::by_certificate(door, texts, &parts).await,
        _ => within(door, texts, &parts, Some(place), form.as_ref()).await,
    }
}

/// Answers what only somebody who is signed in is shown; `None`: no page has this address.
async fn within(door: &Door, texts: Texts<'_>, parts: &Parts, place: Option<Place>, form: Option<&Form>) -> Response {
    let found = match place {
        Some(Place::QueueNews) => door.onlooker(&parts.headers).await,
        _ => door.visitor(&parts.headers).await,
    };
    let visitor = match found {
        Ok(Visiting::Here(visitor)) => visitor,
        Ok(Visiting::Over(over)) => return entrance::wanted(door, texts, parts, form, Some(over)),
        Ok(Visiting::Nobody) => return entrance::wanted(door, texts, parts, form, None),
        Err(refused) => return trouble::outside(texts, &refused),
    };
    let me = match door.whoami(&visitor).await {
        Ok(me) => me,
        Err(refused) => return trouble::outside(texts, &refused),
    };
    let query = Form::of_query(parts.uri.query());
    let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let visit = Visit {
        door,
        visitor: &visitor,
        me: &me,
        texts,
        now: door.now(),
        headers: &parts.headers,
        query: &query,
        here,
        place,
    };
    let shown = match (place, form) {
        (None, _) => Err(Trouble::NoPage),
        (Some(Place::SignOut), Some(_)) => return entrance::sign_out(&visit).await,
        (Some(place), None) => screens::show(&visit, place).await,
        (Some(place), Some(form)) => screens::act(&visit, place, form).await,
    };
    match shown {
        Ok(Shown::Page { title, content, keep, status }) => page(status, frame::around(&visit, &title, &content), keep),
        Ok(Shown::Moved(address)) => see_other(&address),
        Ok(Shown::Stream(mut response)) => {
            guard(response.headers_mut());
            response
        }
        Ok(Shown::File { media_type, name, bytes }) => download(media_type, &name, bytes),
        Err(trouble) => trouble::within(&visit, &trouble, form),
    }
}

/// Returns the language that was chosen, or that the browser asks for.
fn language(headers: &HeaderMap) -> Language {
    let chosen = cookie::value(headers, LANGUAGE_COOKIE).and_then(Language::from_tag);
    chosen.unwrap_or_else(|| Language::asked_for(headers))
}

/// Keeps the chosen language, and goes back to where it was chosen.
fn choose(form: &Form) -> Response {
    let language = Language::from_tag(form.one("language")).unwrap_or(Language::English);
    let mut response = see_other(place::own(form.one("back")));
    if let Ok(cookie) = cookie::kept(LANGUAGE_COOKIE, language.tag(), YEAR, SameSite::Lax) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
