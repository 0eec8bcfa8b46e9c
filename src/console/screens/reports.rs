//! Reports for auditors: cards by state, and what was issued, revoked, decided and recovered in a period; to be read, printed and
//! taken along as a file.

use super::ends::month;
use crate::cm::report::{COLUMNS, Report, ReportKind, ReportRow};
use crate::cm::request::RequestType;
use crate::cm::route::Route;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::moment_text;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign, moment};
use crate::pages::tables::Table;
use maud::{Markup, html};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime, Time};
use uuid::Uuid;

/// Sets how many rows a page has.
const PAGE: u32 = 100;
/// Sets how many rows are asked for at one time for a file.
const CALL: u32 = 500;
/// Bounds the rows of a file; one that is longer says where it is cut.
const MOST: usize = 20_000;
/// Sets how far back a report reaches where nobody says it.
const LATELY: Duration = Duration::days(30);

/// Holds what is asked for by an address.
struct Asked {
    kind: ReportKind,
    /// As typed.
    first: String,
    last: String,
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
    faults: Faults,
}

impl Asked {
    fn read(visit: &Visit<'_>) -> Self {
        let kind = ReportKind::from_name(visit.query.one("report")).unwrap_or(ReportKind::Cards);
        let lately = || day_text((visit.now - LATELY).date());
        let first = if visit.query.has("from") { visit.query.one("from").to_owned() } else { lately() };
        let last = visit.query.one("to").to_owned();
        let mut faults = Faults::default();
        let mut day = |name: &'static str, text: &str| match read_day(text) {
            Some(day) => Some(day),
            None if text.is_empty() => None,
            None => {
                faults.add(name, visit.t("report-no-day"));
                None
            }
        };
        let (from, last_day) = (day("from", &first), day("to", &last));
        if matches!((from, last_day), (Some(from), Some(last)) if last < from) {
            faults.add("to", visit.t("report-backwards"));
        }
        // Pages that follow are of the period of the first, to the moment.
        let until = OffsetDateTime::parse(visit.query.one("until"), &Rfc3339).ok();
        let at_midnight = |day: Date| day.with_time(Time::MIDNIGHT).assume_utc();
        let to = until.or_else(|| last_day.and_then(Date::next_day).map(at_midnight));
        Self { kind, first, last, from: from.map(at_midnight), to, faults }
    }

    fn route(&self, after: Option<String>, limit: u32) -> Route {
        Route::GetReport { report: self.kind, from: self.period().0, to: self.period().1, after, limit: Some(limit) }
    }

    /// Returns the period; cards are counted as they are now.
    fn period(&self) -> (Option<OffsetDateTime>, Option<OffsetDateTime>) {
        if self.kind == ReportKind::Cards { (None, None) } else { (self.from, self.to) }
    }

    /// Writes the address of this report at a place.
    fn address(&self, place: Place, more: &[(&str, &str)]) -> String {
        let mut path = Form::address(&place.path(), &[("report", self.kind.name()), ("to", &self.last)]);
        // An empty day says that there is no first one.
        path.push_str("&from=");
        path.push_str(&self.first);
        for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
            path.push_str(Form::address("", &[(name, value)]).replacen('?', "&", 1).as_str());
        }
        path
    }

    fn filters(&self, visit: &Visit<'_>) -> Markup {
        let [kind, from, to] = ["report-which", "report-from", "report-to"].map(|id| visit.t(id));
        let choices: Vec<_> = ReportKind::ALL.iter().map(|kind| (kind.name().to_owned(), name(visit, *kind))).collect();
        // What is no day stands there as it was typed, which a field for days would not show.
        let kind_of = |value: &str| if value.is_empty() || read_day(value).is_some() { "date" } else { "text" };
        let day =
            |name, label, value| Field { kind: kind_of(value), required: false, ..Field::text(name, label, value) };
        html! {
            form.filters method="get" action=(Place::Reports) {
                (Field::text("report", &kind, self.kind.name()).choice(visit.texts, &self.faults, &choices))
                (day("from", &from, &self.first).line(visit.texts, &self.faults))
                (day("to", &to, &self.last).line(visit.texts, &self.faults))
                button.quiet type="submit" { (visit.t("report-show")) }
            }
        }
    }
}

fn name(visit: &Visit<'_>, kind: ReportKind) -> String {
    visit.t(match kind {
        ReportKind::Cards => "report-cards",
        ReportKind::Issued => "report-issued",
        ReportKind::Revoked => "report-revoked",
        ReportKind::Decisions => "report-decisions",
        ReportKind::Recovered => "report-recovered",
        ReportKind::IssuedByMonth => "report-issued-by-month",
        ReportKind::RevokedByMonth => "report-revoked-by-month",
        ReportKind::DecisionsByMonth => "report-decisions-by-month",
    })
}

fn read_day(text: &str) -> Option<Date> {
    Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).ok()
}

fn day_text(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// Shows a page of a report.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let asked = Asked::read(visit);
    if !asked.faults.is_empty() {
        let content = html! { (asked.faults.summary(visit.texts)) (asked.filters(visit)) };
        return Ok(Shown::faulty(visit.t("reports"), content));
    }
    let after = visit.query.one("after");
    let report: Report = visit.one(asked.route(Some(after.to_owned()).filter(|after| !after.is_empty()), PAGE)).await?;
    let until = report.to.format(&Rfc3339).unwrap_or_default();
    let more = Some(&report.next).filter(|next| !next.is_empty());
    let more = more.map(|next| asked.address(Place::Reports, &[("until", &until), ("after", next)]));
    let caption = name(visit, asked.kind);
    let content = html! {
        (asked.filters(visit))
        p { (period(visit, &report, asked.kind)) }
        @if asked.kind == ReportKind::Cards && !report.rows.is_empty() {
            p { (visit.with("report-all-cards", &[("count", report.rows.iter().filter_map(|row| row.count).sum::<u64>().into())])) }
        }
        @if is_cut(&report, asked.kind) {
            p { (visit.with("report-counts-cut", &[("most", (&visit.texts.number(ReportKind::MOST_COUNTED)).into())])) }
        }
        (table(visit, asked.kind, &caption, &report.rows, more))
        @if !after.is_empty() { p.pages { a href=(asked.address(Place::Reports, &[])) { (visit.t("report-begin")) } } }
        p { a href=(asked.address(Place::ReportFile, &[])) { (visit.t("report-file")) } " "
            span.note { (visit.with("report-file-most", &[("most", (&visit.texts.number(MOST as u64)).into())])) } }
    };
    Ok(Shown::page(visit.t("reports"), content))
}

/// Says whether a report that counts by month has counted as many as it counts.
fn is_cut(report: &Report, kind: ReportKind) -> bool {
    let counts = report.rows.iter().filter_map(|row| row.count);
    kind != ReportKind::Cards && counts.sum::<u64>() >= ReportKind::MOST_COUNTED
}

/// Writes of which period a report is, and as of when.
fn period(visit: &Visit<'_>, report: &Report, kind: ReportKind) -> Markup {
    html! {
        @if kind != ReportKind::Cards {
            @match report.from {
                Some(from) => { (visit.t("report-period-from")) " " (day(visit.texts, from)) " " },
                None => { (visit.t("report-period-begin")) " " },
            }
            (visit.t("report-period-to")) " " (moment(visit.texts, report.to)) ". "
        }
        (visit.t("report-as-of")) " " (moment(visit.texts, report.as_of)) "."
    }
}

/// Names a column of the table.
#[derive(Clone, Copy)]
enum Column {
    At,
    Month,
    What,
    For,
    By,
    Template,
    Type,
    Request,
    Serial,
    Why,
    Comment,
    State,
    Count,
}

fn columns(kind: ReportKind) -> &'static [(Column, &'static str)] {
    match kind {
        ReportKind::Cards => {
            &[(Column::Template, "report-template"), (Column::State, "report-state"), (Column::Count, "report-count")]
        }
        ReportKind::Issued => &[
            (Column::At, "report-at"),
            (Column::For, "report-for"),
            (Column::Template, "report-certificate"),
            (Column::Serial, "report-serial"),
            (Column::Request, "report-request"),
        ],
        ReportKind::Revoked => &[
            (Column::At, "report-at"),
            (Column::For, "report-for"),
            (Column::Why, "report-why"),
            (Column::Template, "report-certificate"),
            (Column::Serial, "report-serial"),
        ],
        ReportKind::Decisions => &[
            (Column::At, "report-at"),
            (Column::What, "report-what"),
            (Column::Type, "report-type"),
            (Column::For, "report-for"),
            (Column::By, "report-by"),
            (Column::Template, "report-template"),
            (Column::Comment, "report-comment"),
        ],
        ReportKind::Recovered => &[
            (Column::At, "report-at"),
            (Column::What, "report-what"),
            (Column::For, "report-for"),
            (Column::By, "report-by"),
            (Column::Serial, "report-serial"),
            (Column::Request, "report-request"),
        ],
        ReportKind::IssuedByMonth | ReportKind::RevokedByMonth => &[
            (Column::Month, "report-month"),
            (Column::Template, "report-certificate"),
            (Column::Count, "report-number"),
        ],
        ReportKind::DecisionsByMonth => &[
            (Column::Month, "report-month"),
            (Column::Template, "report-template"),
            (Column::What, "report-what"),
            (Column::Count, "report-number"),
        ],
    }
}

fn table(visit: &Visit<'_>, kind: ReportKind, caption: &str, rows: &[ReportRow], more: Option<String>) -> Markup {
    let columns = columns(kind);
    let headings: Vec<_> = columns.iter().map(|(_, id)| visit.t(id)).collect();
    let row = |row: &ReportRow| columns.iter().map(|(column, _)| cell(visit, row, *column)).collect();
    let rows: Vec<Vec<_>> = rows.iter().map(row).collect();
    Table { caption, headings: &headings, rows: &rows, more, newest: None }.write(visit.texts)
}

fn cell(visit: &Visit<'_>, row: &ReportRow, column: Column) -> Markup {
    match column {
        Column::At => html! { @if let Some(at) = row.at { (moment(visit.texts, at)) } },
        Column::Month => html! { (month(visit, row)) },
        Column::What => html! { (known(visit, "report-word", &row.what)) },
        Column::For => foreign(&row.holder),
        Column::By => foreign(&row.by),
        Column::Template => foreign(&row.template),
        Column::Type => linked(row.request, &kind_of_request(visit, &row.request_type)),
        Column::Request => linked(row.request, &visit.t("report-to-request")),
        Column::Serial => html! {
            @match row.smartcard {
                Some(card) => a.code href=(Place::Card(card)) { (row.serial) },
                None => span.code { (row.serial) },
            }
        },
        Column::Why => foreign(&words::reason(visit.texts, &row.why)),
        Column::Comment => foreign(&row.why),
        Column::State => {
            let known = SmartcardStatus::ALL.iter().find(|status| status.to_string() == row.what);
            html! { @match known { Some(status) => (words::card_status(visit.texts, *status)), None => (foreign(&row.what)) } }
        }
        Column::Count => html! { (visit.texts.number(row.count.unwrap_or_default())) },
    }
}

/// Returns the text for a word of the report; the word itself where the catalogue has none.
fn known(visit: &Visit<'_>, begins: &str, word: &str) -> String {
    visit.texts.find(&format!("{begins}-{}", word.to_ascii_lowercase()), &[]).unwrap_or_else(|| word.to_owned())
}

fn kind_of_request(visit: &Visit<'_>, name: &str) -> String {
    let known = RequestType::ALL.iter().find(|kind| kind.to_string() == name);
    known.map_or_else(|| name.to_owned(), |kind| words::request_type(visit.texts, *kind))
}

fn linked(request: Option<Uuid>, text: &str) -> Markup {
    html! { @match request { Some(request) => a href=(Place::Request(request)) { (text) }, None => (text) } }
}

/// Gives the whole report as a file.
pub async fn file(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let mut asked = Asked::read(visit);
    if !asked.faults.is_empty() {
        return show(visit).await;
    }
    let (mut rows, mut after, mut as_of) = (Vec::new(), None, None);
    let cut = loop {
        let page: Report = visit.one(asked.route(after.take(), CALL)).await?;
        let as_of = as_of.get_or_insert_with(|| moment_text(page.as_of)).clone();
        asked.to = Some(page.to);
        rows.extend(page.rows.iter().map(|row| row.cells(&as_of).to_vec()));
        match (page.next.is_empty(), rows.len() >= MOST) {
            (true, _) => break false,
            (false, true) => break true,
            (false, false) => after = Some(page.next),
        }
    };
    if cut {
        let text = visit.with("report-cut", &[("most", (&visit.texts.number(rows.len() as u64)).into())]);
        let mut last = vec![String::new(); COLUMNS.len()];
        last[0] = text;
        rows.push(last);
    }
    let name = format!("{}-{}.csv", asked.kind.name(), day_text(visit.now.date()));
    Ok(Shown::table(name, &COLUMNS, rows.into_iter()))
}
