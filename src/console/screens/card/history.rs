//! What happened to a card, or to what a person holds: as a table, and as a file.

use crate::cm::found::{Happening, HistoryEntry};
use crate::cm::request::Request;
use crate::cm::route::Route;
use crate::cm::wire::moment_text;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::layout::{foreign, moment};
use crate::pages::tables::Table;
use maud::{Markup, html};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Bounds the open requests that are listed.
const MOST_OPEN: usize = 20;

/// Gives what happened to a card as a file.
pub async fn file(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let history = visit.list::<HistoryEntry>(Route::GetCardHistory { smartcard }).await?;
    let headings = ["At", "What", "Request", "Type", "By", "Why", "SerialNumber"];
    let rows = history.entries.iter().map(|entry| {
        let kind = entry.request_type.map(|kind| kind.to_string()).unwrap_or_default();
        let (at, what) = (moment_text(entry.at), words::happening(visit.texts, entry.what));
        vec![at, what, entry.request.to_string(), kind, entry.by.clone(), entry.why.clone(), entry.serial.clone()]
    });
    Ok(Shown::table(format!("history-{smartcard}.csv"), &headings, rows))
}

/// Writes what happened, the latest first; `older` is where the page before it is, `newest` where the first one is.
pub fn table(visit: &Visit<'_>, history: &[HistoryEntry], older: Option<String>, newest: Option<String>) -> Markup {
    let headings = ["history-what", "history-when", "history-who", "history-why"].map(|id| visit.t(id));
    let row = |entry: &HistoryEntry| {
        let why = match entry.what {
            Happening::Revoked => html! { (words::reason(visit.texts, &entry.why)) },
            Happening::Requested
            | Happening::Approved
            | Happening::Denied
            | Happening::Completed
            | Happening::Canceled
            | Happening::Failed
            | Happening::Issued
            | Happening::Other => foreign(&entry.why),
        };
        vec![
            html! {
                (words::happening(visit.texts, entry.what))
                @if let Some(request_type) = entry.request_type {
                    ": " a href=(Place::Request(entry.request)) { (words::request_type(visit.texts, request_type)) }
                }
                @if !entry.serial.is_empty() { " " span.code { (entry.serial) } }
            },
            moment(visit.texts, entry.at),
            foreign(&entry.by),
            why,
        ]
    };
    let rows: Vec<_> = history.iter().map(row).collect();
    Table { caption: &visit.t("history"), headings: &headings, rows: &rows, more: older, newest }.write(visit.texts)
}

/// Reads the requests that have not ended as far as the history says, the newest first.
pub async fn open_requests(visit: &Visit<'_>, history: &[HistoryEntry]) -> Result<Vec<Request>, Trouble> {
    let ended: BTreeSet<Uuid> = history.iter().filter(|it| it.what.ends_request()).map(|it| it.request).collect();
    let begun = history.iter().filter(|it| it.what == Happening::Requested && !ended.contains(&it.request));
    let mut open = Vec::new();
    for entry in begun.take(MOST_OPEN) {
        open.push(visit.one(Route::GetRequest { request: entry.request }).await?);
    }
    Ok(open)
}

/// Writes a request with the way to it.
pub fn request(visit: &Visit<'_>, request: &Request) -> Markup {
    html! { a href=(Place::Request(request.uuid)) { (words::request_type(visit.texts, request.request_type)) } " " (words::request_status(visit.texts, request.status)) }
}
