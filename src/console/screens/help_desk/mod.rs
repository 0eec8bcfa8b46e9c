//! The help desk: a PIN that is set anew over the telephone. A code is typed in, and its answer is read to the caller.

mod call;
mod called;
mod spoken;

use crate::cm::found::{Found, FoundCard, FoundKind};
use crate::cm::route::Route;
use crate::cm::smartcard::SmartcardStatus;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::pages::tables::Table;
use called::{Called, asking};
use maud::{Markup, html};
use uuid::Uuid;

pub use call::act;

/// Bounds the people whose cards are looked up.
const MOST_PEOPLE: usize = 10;

/// Finds the caller's card.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let text = visit.query.one("q");
    let (label, hint) = (visit.t("help-desk-who"), visit.t("search-hint"));
    let field = Field { hint: Some(&hint), kind: "search", ..Field::text("q", &label, text) };
    let content = html! {
        p { (visit.t("help-desk-text")) }
        form method="get" action=(Place::HelpDesk) {
            (field.line(visit.texts, &Faults::default()))
            div.acts { button type="submit" { (visit.t("help-desk-find")) } }
        }
        @if !text.is_empty() { (found(visit, text).await?) }
    };
    Ok(Shown::page(visit.t("help-desk"), content))
}

/// Writes the cards that a text finds: by their own numbers, or as those of the people it names.
async fn found(visit: &Visit<'_>, text: &str) -> Result<Markup, Trouble> {
    let found = visit.list::<Found>(Route::Search { text: text.to_owned() }).await?;
    let mut owners: Vec<(Uuid, Option<Uuid>)> = Vec::new();
    for it in found.entries.iter().take(MOST_PEOPLE) {
        match it.kind {
            FoundKind::Person => owners.push((it.uuid, None)),
            FoundKind::Smartcard | FoundKind::Certificate => owners.push((it.owner, Some(it.uuid))),
            FoundKind::Request | FoundKind::Other => {}
        }
    }
    let mut cards: Vec<FoundCard> = Vec::new();
    for (owner, card) in owners {
        for of_owner in visit.cards_of(owner).await? {
            let meant = card.is_none_or(|card| card == of_owner.uuid) && of_owner.status != SmartcardStatus::Retired;
            if meant && cards.iter().all(|known| known.uuid != of_owner.uuid) {
                cards.push(of_owner);
            }
        }
    }
    let headings = ["card-holder-name", "card", "card-printed", "card-state"].map(|id| visit.t(id));
    let row = |card: &FoundCard| {
        vec![
            html! { a href=(Place::HelpDeskCard(card.uuid)) { (foreign(&card.owner_name)) } },
            foreign(&card.template_name),
            foreign(&card.printed),
            words::card_status(visit.texts, card.status),
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    let caption = visit.t("help-desk-cards");
    Ok(html! {
        p role="status" { (visit.with("help-desk-count", &[("count", rows.len().into())])) }
        @if !rows.is_empty() {
            (Table { caption: &caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
    })
}

/// Shows the page of a call.
pub async fn show_call(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let called = Called::read(visit, smartcard).await?;
    Ok(Shown::page(called.title(visit), asking(visit, &called, &Form::default(), &Faults::default())))
}
