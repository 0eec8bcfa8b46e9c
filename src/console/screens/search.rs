//! The search: persons, cards, certificates and requests in one list, and why each matched.

use crate::cm::found::{Found, FoundKind};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::{Faults, Field};
use crate::pages::layout::foreign;
use crate::pages::tables::Table;
use maud::{Markup, html};

/// Shows what a text finds.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let text = visit.query.one("q");
    let found = match text.is_empty() {
        true => None,
        false => Some(visit.list::<Found>(Route::Search { text: text.to_owned() }).await?),
    };
    let (label, hint) = (visit.t("search-for"), visit.t("search-hint"));
    let field = Field { hint: Some(&hint), kind: "search", ..Field::text("q", &label, text) };
    let content = html! {
        form method="get" action=(Place::Search) data-live-search="found" {
            (field.line(visit.texts, &Faults::default()))
            button type="submit" { (visit.t("search")) }
        }
        div #found {
            @if let Some(found) = found {
                p role="status" { (visit.with("search-count", &[("count", found.entries.len().into())])) @if found.cut { " " (visit.t("search-cut")) } }
                (table(visit, &found.entries))
            }
        }
    };
    Ok(Shown::page(visit.t("search-title"), content))
}

fn table(visit: &Visit<'_>, found: &[Found]) -> Markup {
    let headings = ["search-what", "search-kind", "search-owner", "search-why"].map(|id| visit.t(id));
    let rows: Vec<_> = found.iter().map(|it| row(visit, it)).collect();
    Table { caption: &visit.t("search-results"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}

fn row(visit: &Visit<'_>, found: &Found) -> Vec<Markup> {
    let (kind, place, why) = match found.kind {
        FoundKind::Person => ("kind-person", Some(Place::Person(found.uuid)), "why-name"),
        FoundKind::Smartcard => ("kind-card", Some(Place::Card(found.uuid)), "why-card"),
        FoundKind::Certificate => ("kind-certificate", Some(Place::Card(found.uuid)), "why-certificate"),
        FoundKind::Request => ("kind-request", Some(Place::Request(found.uuid)), "why-id"),
        FoundKind::Other => ("kind-other", None, "why-id"),
    };
    let text = if found.text.is_empty() { found.owner_name.as_str() } else { found.text.as_str() };
    let named = html! { @match place { Some(place) => a href=(place) { (foreign(text)) }, None => (foreign(text)) } };
    let owner = html! { a href=(Place::Person(found.owner)) { (foreign(&found.owner_name)) } };
    vec![named, html! { (visit.t(kind)) }, owner, html! { (visit.t(why)) }]
}
