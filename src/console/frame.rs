//! The frame around each page: the menu with what leads somewhere for the visitor, the search, and what was done just now.

use super::place::Place;
use super::visit::Visit;
use crate::pages::answer::{Keep, page};
use crate::pages::layout::{Frame, Link, document};
use crate::pages::texts::Texts;
use axum::http::StatusCode;
use axum::response::Response;
use maud::Markup;

/// Where searches are sent.
const SEARCH: &str = "/search";

/// Writes a whole page around a content.
pub fn around(visit: &Visit<'_>, title: &str, content: &Markup) -> Markup {
    let menu = menu(visit);
    let done = visit.query.one("done");
    let done = visit.texts.find(&format!("done-{done}"), &[]).filter(|_| !done.is_empty());
    let search = visit.looks_for_anybody().then(|| (SEARCH, visit.query.one("q")));
    let frame = Frame {
        person: Some(visit.visitor.name()),
        menu: &menu,
        search,
        as_of: Some(visit.now),
        done: done.as_deref(),
        ..bare(visit.texts, visit.here, title)
    };
    document(&frame, content)
}

/// Writes a whole page for somebody who is not signed in.
pub fn outside(texts: Texts<'_>, here: &str, title: &str, content: &Markup, refresh: Option<u32>) -> Markup {
    document(&Frame { refresh, ..bare(texts, here, title) }, content)
}

/// Answers with a page that nobody needs to be signed in for.
pub fn open(texts: Texts<'_>, status: StatusCode, here: &str, title: &str, content: &Markup) -> Response {
    page(status, outside(texts, here, title, content, None), Keep::Nowhere)
}

fn bare<'a>(texts: Texts<'a>, here: &'a str, title: &'a str) -> Frame<'a> {
    Frame {
        texts,
        title,
        person: None,
        menu: &[],
        here,
        search: None,
        sign_out: "/sign-out",
        language: "/language",
        help: "/help",
        as_of: None,
        done: None,
        refresh: None,
    }
}

/// Lists the links of the menu that lead somewhere for the visitor.
fn menu(visit: &Visit<'_>) -> Vec<Link> {
    let oversees = visit.has("see-everything");
    let links = [
        (Place::Home, "menu-home", true),
        (Place::Queue, "menu-requests", true),
        (Place::Search, "menu-search", oversees || visit.me.parts.is_some()),
        (Place::NewRequest, "menu-new", visit.asks_for_others()),
        (Place::HelpDesk, "menu-help-desk", visit.takes_part("execute")),
        (Place::Ends, "menu-ends", visit.looks_for_anybody()),
        (Place::Reports, "menu-reports", visit.has("read-audit")),
        (Place::Acts, "menu-acts", visit.has("read-audit")),
        (Place::People, "menu-people", visit.has("manage-users")),
        (Place::Templates, "menu-templates", visit.looks_for_anybody()),
        (Place::Health, "menu-health", oversees),
        (Place::Mine, "menu-mine", true),
    ];
    let below = |place: Place| match (place, visit.place) {
        (Place::Queue, Some(Place::Request(_) | Place::Documents(_) | Place::QueueCheck)) => true,
        (Place::HelpDesk, Some(Place::HelpDeskCard(_))) => true,
        (Place::Search, Some(Place::Person(_) | Place::PersonLeave(_) | Place::Card(_))) => true,
        (Place::Search, Some(Place::CardAsk(_) | Place::CardLost(_) | Place::CardAttestation(_))) => true,
        (Place::Templates, Some(Place::Template(_) | Place::TemplateVersions(_) | Place::TemplateCheck(_))) => true,
        (Place::People, Some(Place::PeopleImport | Place::Account(_) | Place::Proposal(_))) => true,
        (place, here) => here == Some(place),
    };
    let shown = links.into_iter().filter(|(.., shown)| *shown);
    shown.map(|(place, text, _)| Link { address: place.path(), text: visit.t(text), current: below(place) }).collect()
}
