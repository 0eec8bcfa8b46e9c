//! A person: cards now and before, open requests, and what happened.

use super::card::history_table;
use crate::cm::found::{FoundCard, HistoryEntry};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::layout::{day, foreign};
use crate::pages::tables::Table;
use maud::{Markup, html};
use uuid::Uuid;

/// Shows the page.
pub async fn show(visit: &Visit<'_>, user: Uuid) -> Result<Shown, Trouble> {
    let history = visit.list::<HistoryEntry>(Route::GetPersonHistory { user, before: None }).await?;
    let route = Route::ListCards { owner: Some(user), status: None, template: None, before: None, limit: None };
    let cards = visit.list::<FoundCard>(route).await?;
    let name = cards.entries.first().map(|card| card.owner_name.clone());
    let name = name.unwrap_or_else(|| if user == visit.me.uuid { visit.me.name.clone() } else { visit.t("person") });
    let content = html! {
        (cards_table(visit, &cards.entries))
        (history_table(visit, &history.entries))
    };
    Ok(Shown::page(name, content))
}

/// Writes cards.
fn cards_table(visit: &Visit<'_>, cards: &[FoundCard]) -> Markup {
    let headings = ["card", "card-state", "card-printed", "card-ends"].map(|id| visit.t(id));
    let row = |card: &FoundCard| {
        vec![
            html! { a href=(Place::Card(card.uuid)) { (foreign(&card.template_name)) } },
            words::card_status(visit.texts, card.status),
            html! { (foreign(&card.printed)) },
            html! { @if let Some(at) = card.expires { (day(visit.texts, at)) } },
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    Table { caption: &visit.t("cards"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)
}
