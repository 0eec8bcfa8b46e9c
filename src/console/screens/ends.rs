//! What ends: cards whose certificates do within some days, by month and template, and each by itself.

use crate::cm::found::FoundCard;
use crate::cm::report::{Report, ReportKind, ReportRow};
use crate::cm::route::Route;
use crate::cm::wire::read_guid;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::bars::{Bar, bars};
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign, moment};
use crate::pages::tables::Table;
use maud::{Markup, html};
use time::OffsetDateTime;

/// Sets how many certificates a page lists.
const PAGE: usize = 50;
/// Says how far ahead a page looks where nobody says it, in days.
const DAYS: u32 = 90;
/// The other spans that are offered, in days.
const SPANS: [u32; 5] = [30, DAYS, 180, 365, 730];

/// Shows what ends.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let days = visit.query.one("days").parse().ok().filter(|days| SPANS.contains(days)).unwrap_or(DAYS);
    let counts: Report = visit.one(Route::CountEndingCards { days }).await?;
    let counted: u64 = counts.rows.iter().filter_map(|row| row.count).sum();
    let typed = visit.query.one("beyond");
    let beyond = serial(typed);
    let limit = u32::try_from(PAGE + 1).ok();
    let found = visit.list::<FoundCard>(Route::ListEndingCards { days, beyond: beyond.clone(), limit }).await?.entries;
    let content = html! {
        (filters(visit, days))
        p role="status" {
            (visit.with("ends-count", &[("count", counted.into()), ("days", days.into())]))
            @if counted >= ReportKind::MOST_COUNTED { " " (visit.with("ends-cut", &[("most", (&visit.texts.number(ReportKind::MOST_COUNTED)).into())])) }
        }
        @if !counts.rows.is_empty() { (by_month(visit, &counts.rows)) }
        (table(visit, days, &found, beyond.is_some()))
    };
    Ok(Shown::page(visit.t("ends"), content))
}

/// Reads a serial number, upper- or lower-case hexadecimal.
fn serial(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| !bytes.is_empty())
}

fn filters(visit: &Visit<'_>, days: u32) -> Markup {
    let (label, chosen) = (visit.t("ends-within"), days.to_string());
    let choice = |days: u32| (days.to_string(), visit.texts.span(i64::from(days) * 86_400));
    let choices = SPANS.map(choice);
    html! {
        form.filters method="get" action=(Place::Ends) {
            (Field::text("days", &label, &chosen).choice(visit.texts, &Faults::default(), &choices))
            button.quiet type="submit" { (visit.t("ends-show")) }
        }
    }
}

/// Writes a month of a report that counts by month.
pub fn month(visit: &Visit<'_>, row: &ReportRow) -> String {
    let Some(at) = row.at else { return String::new() };
    let (month, year) = (visit.t(&format!("month-{}", u8::from(at.month()))), at.year().to_string());
    visit.with("month-of-year", &[("month", (&month).into()), ("year", (&year).into())])
}

/// Writes how many end in which month, as a picture and as a table.
fn by_month(visit: &Visit<'_>, counts: &[ReportRow]) -> Markup {
    let named = |text: &String| if text.is_empty() { visit.t("ends-template-gone") } else { text.clone() };
    let several = counts.iter().any(|row| Some(&row.template) != counts.first().map(|first| &first.template));
    let bar = |row: &ReportRow| {
        let month = month(visit, row);
        let label = if several { format!("{month}, {}", named(&row.template)) } else { month };
        Bar { label, count: row.count.unwrap_or_default() }
    };
    let drawn: Vec<_> = counts.iter().map(bar).collect();
    let row = |row: &ReportRow| {
        vec![
            html! { (month(visit, row)) },
            foreign(&named(&row.template)),
            html! { (visit.texts.number(row.count.unwrap_or_default())) },
        ]
    };
    let rows: Vec<_> = counts.iter().map(row).collect();
    let headings = ["ends-month", "ends-template", "ends-certificates"].map(|id| visit.t(id));
    let caption = visit.t("ends-by-month");
    html! {
        div.beside {
            (bars(visit.texts, &visit.t("ends-picture"), &drawn))
            div { (Table { caption: &caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)) }
        }
    }
}

/// Writes when the holder was told last, and the button that has it done again.
fn told(visit: &Visit<'_>, card: &FoundCard) -> Markup {
    html! {
        @match card.told { Some(at) => (moment(visit.texts, at)), None => (visit.t("ends-not-told")) }
        @if visit.looks_for_anybody() {
            form method="post" action=(visit.here) {
                input type="hidden" name="card" value=(card.uuid);
                button.quiet type="submit" aria-label=(visit.with("ends-remind-one", &[("name", (&card.owner_name).into())])) { (visit.t("ends-remind")) }
            }
        }
    }
}

/// Has a holder told again that certificates end.
pub async fn remind(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let smartcard = read_guid(form.one("card")).ok_or(Trouble::NoForm)?;
    visit.act(Route::Remind { smartcard }, &serde_json::json!({})).await?;
    let back = [("days", visit.query.one("days")), ("beyond", visit.query.one("beyond")), ("done", "reminded")];
    Ok(Shown::Moved(Form::address(&Place::Ends.path(), &back)))
}

fn table(visit: &Visit<'_>, days: u32, found: &[FoundCard], later: bool) -> Markup {
    let headings = ["ends-person", "ends-day", "ends-left", "ends-card", "ends-state", "ends-serial", "ends-told"];
    let headings = headings.map(|id| visit.t(id));
    let template = |name: &String| if name.is_empty() { visit.t("card") } else { name.clone() };
    let row = |card: &FoundCard| {
        let left = |at: OffsetDateTime| visit.texts.span((at - visit.now).whole_seconds().max(0));
        vec![
            html! { a href=(Place::Person(card.owner)) { (foreign(&card.owner_name)) } },
            html! { @if let Some(at) = card.expires { (day(visit.texts, at)) } },
            html! { @if let Some(at) = card.expires { (left(at)) } },
            html! { a href=(Place::Card(card.uuid)) { (foreign(&template(&card.template_name))) } },
            words::card_status(visit.texts, card.status),
            html! { span.code { (card.serial) } },
            html! { (told(visit, card)) },
        ]
    };
    let rows: Vec<_> = found.iter().take(PAGE).map(row).collect();
    let days = days.to_string();
    let next = found.get(PAGE - 1).filter(|_| found.len() > PAGE);
    let more = next.map(|last| Form::address(&Place::Ends.path(), &[("days", &days), ("beyond", &last.serial)]));
    html! {
        (Table { caption: &visit.t("ends-caption"), headings: &headings, rows: &rows, more, newest: None }.write(visit.texts))
        @if later { p.pages { a href=(Form::address(&Place::Ends.path(), &[("days", &days)])) { (visit.t("ends-begin")) } } }
    }
}
