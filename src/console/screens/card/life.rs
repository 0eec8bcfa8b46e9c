//! The life of a card as a picture: its state, certificates, requests and people over time.

use super::held::{Held, HeldCertificate, standing_words};
use crate::cm::found::{Happening, HistoryEntry};
use crate::cm::request::RequestType;
use crate::cm::smartcard::SmartcardStatus;
use crate::console::visit::Visit;
use crate::console::words;
use crate::pages::pictures::{Lane, Life, Mark, Row, Span, rows_of};
use crate::pages::states::Tone;
use maud::{Markup, html};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Bounds the people that have a line each.
const MOST_PEOPLE: usize = 6;
/// Sets how many characters of a serial number stand in a picture.
const SERIAL_END: usize = 8;

/// Draws the picture; nothing where nothing happened yet.
pub fn picture(visit: &Visit<'_>, held: &Held) -> Markup {
    let Some(from) = begin(held) else { return html! {} };
    let ends = held.certificates.iter().filter_map(|it| it.ends).max();
    let to = ends.unwrap_or(visit.now).max(visit.now).max(from + Duration::days(1));
    let lanes = [
        Lane { name: visit.t("life-state"), rows: rows_of(states(visit, held, from)) },
        Lane { name: visit.t("life-certificates"), rows: rows_of(certificates(visit, held, from)) },
        Lane { name: visit.t("life-requests"), rows: rows_of(requests(visit, held)) },
        Lane { name: visit.t("life-people"), rows: people(visit, held) },
    ];
    let (title, description) = (visit.t("life-title"), visit.t("life-description"));
    Life { title: &title, description: &description, from, to, now: visit.now, lanes: &lanes }.write(visit.texts)
}

/// Returns when the first thing happened.
fn begin(held: &Held) -> Option<OffsetDateTime> {
    let of_certificates = held.certificates.iter().filter_map(|it| it.from);
    held.history.iter().map(|entry| entry.at).chain(of_certificates).min()
}

/// Returns the state that a request has brought the card into when it was carried out.
fn brought(entry: &HistoryEntry, before: SmartcardStatus, card: Uuid) -> Option<SmartcardStatus> {
    match entry.request_type? {
        RequestType::Retire => Some(SmartcardStatus::Retired),
        RequestType::Revoke => Some(SmartcardStatus::Disabled),
        RequestType::Reinstate if before == SmartcardStatus::Suspended => Some(SmartcardStatus::Active),
        RequestType::Reinstate => Some(SmartcardStatus::Suspended),
        // One that names another card has brought that one.
        _ if entry.smartcard != Some(card) || before != SmartcardStatus::Assigned => None,
        _ => Some(SmartcardStatus::Active),
    }
}

/// Lists the states that the card was in, by what was carried out; the last one is the one it has.
fn states(visit: &Visit<'_>, held: &Held, from: OffsetDateTime) -> Vec<Span> {
    let mut spans: Vec<(OffsetDateTime, SmartcardStatus)> = vec![(from, SmartcardStatus::Assigned)];
    for entry in held.history.iter().rev().filter(|entry| entry.what == Happening::Completed) {
        let before = spans.last().map_or(SmartcardStatus::Assigned, |(_, status)| *status);
        if let Some(after) = brought(entry, before, held.card.uuid).filter(|after| *after != before) {
            spans.push((entry.at, after));
        }
    }
    // What no request has done, as when its holder left, began with the last thing that happened.
    if spans.last().is_none_or(|(_, status)| *status != held.card.status) {
        let since = held.history.iter().map(|entry| entry.at).filter(|at| *at <= visit.now).max();
        spans.push((since.unwrap_or(from), held.card.status));
    }
    let ends: Vec<OffsetDateTime> = spans.iter().skip(1).map(|(at, _)| *at).chain([visit.now]).collect();
    let span = |((from, status), to): (&(OffsetDateTime, SmartcardStatus), OffsetDateTime)| {
        let (tone, words) = words::card_status_words(visit.texts, *status);
        Span { from: *from, to: to.max(*from), tone, words }
    };
    spans.iter().zip(ends).map(span).collect()
}

fn certificates(visit: &Visit<'_>, held: &Held, from: OffsetDateTime) -> Vec<Span> {
    let span = |it: &HeldCertificate| {
        let (tone, id) = standing_words(&it.standing);
        let end = it.serial.len().saturating_sub(SERIAL_END);
        let words = format!("…{} {}", it.serial.get(end..).unwrap_or_default(), visit.t(id));
        Some(Span { from: it.from?.max(from), to: it.ends?, tone, words })
    };
    held.certificates.iter().filter_map(span).collect()
}

fn requests(visit: &Visit<'_>, held: &Held) -> Vec<Span> {
    let made = held.history.iter().filter(|entry| entry.what == Happening::Requested);
    let span = |entry: &HistoryEntry| {
        let end = held.history.iter().find(|it| it.request == entry.request && it.what.ends_request());
        let tone = match end.map(|end| end.what) {
            None => Tone::Waiting,
            Some(Happening::Completed) => Tone::Good,
            Some(Happening::Denied | Happening::Failed) => Tone::Bad,
            Some(_) => Tone::Ended,
        };
        let what = entry.request_type.map(|it| words::request_type(visit.texts, it)).unwrap_or_default();
        let became = end.map_or_else(|| visit.t("life-open"), |end| words::happening(visit.texts, end.what));
        let to = end.map_or(visit.now, |end| end.at);
        Span { from: entry.at, to, tone, words: format!("{what}: {became}") }
    };
    made.map(span).collect()
}

/// Gives a line to everybody who has done something.
fn people(visit: &Visit<'_>, held: &Held) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for entry in held.history.iter().rev().filter(|entry| !entry.by.is_empty()) {
        let tone = match entry.what {
            Happening::Approved => Tone::Good,
            Happening::Denied => Tone::Bad,
            _ => Tone::Plain,
        };
        let words = format!("{}: {}", entry.by, words::happening(visit.texts, entry.what));
        let mark = Mark { at: entry.at, tone, words };
        match rows.iter().position(|row| row.name == entry.by) {
            Some(at) => rows.iter_mut().skip(at).take(1).for_each(|row| row.marks.push(mark.clone())),
            None if rows.len() < MOST_PEOPLE => {
                rows.push(Row { name: entry.by.clone(), spans: Vec::new(), marks: vec![mark] });
            }
            None => {}
        }
    }
    rows
}
