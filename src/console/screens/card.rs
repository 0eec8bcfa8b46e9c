//! A card: what it is, whose, in which state, and its life.

use crate::cm::certificate::ListedCertificate;
use crate::cm::found::HistoryEntry;
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::Smartcard;
use crate::cm::wire::moment_text;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::layout::{foreign, moment};
use crate::pages::tables::{Table, facts};
use maud::{Markup, html};
use uuid::Uuid;

/// Shows the page.
pub async fn show(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let card: Smartcard = visit.one(Route::GetSmartcard { smartcard }).await?;
    let history = visit.list::<HistoryEntry>(Route::GetCardHistory { smartcard }).await?;
    let of = Holder::Smartcard(smartcard);
    let certificates = visit.list::<ListedCertificate>(Route::ListHolderCertificates { of }).await?;
    let known = [
        (visit.t("card-state"), words::card_status(visit.texts, card.status)),
        (visit.t("card-id"), html! { span.code { (card.serial_number) } }),
        (visit.t("card-certificates"), html! { (visit.texts.number(certificates.entries.len() as u64)) }),
    ];
    let content = html! {
        (facts(&known))
        p { a href=(Place::Person(card.assigned_user)) { (visit.t("card-holder")) } }
        (history_table(visit, &history.entries))
        p { a href=(Place::CardHistory(smartcard)) { (visit.t("history-file")) } }
    };
    Ok(Shown::page(visit.t("card"), content))
}

/// Gives what happened as a file.
pub async fn history_file(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let history = visit.list::<HistoryEntry>(Route::GetCardHistory { smartcard }).await?;
    let headings = ["At", "What", "Request", "Type", "By", "Why", "SerialNumber"];
    let rows = history.entries.iter().map(|entry| {
        let kind = entry.request_type.map(|kind| kind.to_string()).unwrap_or_default();
        let (at, what) = (moment_text(entry.at), words::happening(visit.texts, entry.what));
        vec![at, what, entry.request.to_string(), kind, entry.by.clone(), entry.why.clone(), entry.serial.clone()]
    });
    Ok(Shown::table(format!("history-{smartcard}.csv"), &headings, rows))
}

/// Writes what happened, the latest first.
pub fn history_table(visit: &Visit<'_>, history: &[HistoryEntry]) -> Markup {
    let headings = ["history-what", "history-when", "history-who", "history-why"].map(|id| visit.t(id));
    let row = |entry: &HistoryEntry| {
        let what = words::happening(visit.texts, entry.what);
        vec![
            html! {
                (what)
                @if let Some(request_type) = entry.request_type {
                    ": " a href=(Place::Request(entry.request)) { (words::request_type(visit.texts, request_type)) }
                }
                @if !entry.serial.is_empty() { " " span.code { (entry.serial) } }
            },
            moment(visit.texts, entry.at),
            foreign(&entry.by),
            foreign(&entry.why),
        ]
    };
    let rows: Vec<_> = history.iter().map(row).collect();
    Table { caption: &visit.t("history"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}
