//! `cardwright report`: what auditors ask for, page by page as it is printed, so that no length of it is too long.

use crate::cli::args::{ReportArgs, Reported};
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output, Text, date};
use crate::cli::settings::Settings;
use crate::cli::shown;
use crate::client::CmClient;
use crate::cm::report::{COLUMNS, Report, ReportKind, ReportRow, no_formula};
use serde_json::{Value, json};
use std::io::Write;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

/// Sets how many rows are asked for at one time.
const PAGE: u32 = 500;
/// Bounds the rows that are laid out for people.
const MOST_SHOWN: usize = 1000;

/// Carries a command about reports out.
pub fn run(args: &ReportArgs, output: &Output) -> Result<(), Failure> {
    let moment = |text: &Option<String>| text.as_deref().map(moment).transpose();
    let period = (moment(&args.from)?, moment(&args.to)?);
    if let (Some(from), Some(to)) = period
        && from >= to
    {
        return Err(Failure::new("usage", Exit::Usage, "the period ends before it begins")
            .remedy("--to is the first moment that is not in it any more."));
    }
    let client = client(&Settings::load()?, &args.server)?;
    let kind = match args.report {
        Reported::Cards => ReportKind::Cards,
        Reported::Issued => ReportKind::Issued,
        Reported::Revoked => ReportKind::Revoked,
        Reported::Decisions => ReportKind::Decisions,
        Reported::Recovered => ReportKind::Recovered,
        Reported::IssuedByMonth => ReportKind::IssuedByMonth,
        Reported::RevokedByMonth => ReportKind::RevokedByMonth,
        Reported::DecisionsByMonth => ReportKind::DecisionsByMonth,
    };
    let mut pages = Pages { client: &client, kind, period, as_of: None, after: None, over: false };
    match (args.csv, output.is_json()) {
        (true, _) => pages.comma_separated(output),
        (false, true) => pages.document(),
        (false, false) => pages.table(output),
    }
}

/// Reads a day, which begins at midnight (UTC), or a moment.
fn moment(text: &str) -> Result<OffsetDateTime, Failure> {
    let day = time::macros::format_description!("[year]-[month]-[day]");
    let read = Date::parse(text, day).map(|day| day.with_time(Time::MIDNIGHT).assume_utc());
    read.or_else(|_| OffsetDateTime::parse(text, &Rfc3339)).map_err(|_| {
        Failure::new("usage", Exit::Usage, format!("\"{text}\" is neither a day nor a moment"))
            .remedy("Write 2026-01-31, or 2026-01-31T08:00:00Z.")
    })
}

/// Asks for the pages of a report, one after the other.
struct Pages<'a> {
    client: &'a CmClient,
    kind: ReportKind,
    period: (Option<OffsetDateTime>, Option<OffsetDateTime>),
    /// What the first page says of the whole report.
    as_of: Option<OffsetDateTime>,
    after: Option<String>,
    over: bool,
}

impl Pages<'_> {
    /// Returns the next page; `None` after the last one. All are of the period of the first.
    fn next(&mut self) -> Result<Option<Report>, Failure> {
        if self.over {
            return Ok(None);
        }
        let page = self.client.report(self.kind, self.period, self.after.take(), PAGE)?;
        self.as_of.get_or_insert(page.as_of);
        self.period.1 = Some(page.to);
        self.over = page.next.is_empty();
        self.after = Some(page.next.clone()).filter(|next| !next.is_empty());
        Ok(Some(page))
    }

    fn as_of(&self) -> String {
        self.as_of.map(date).unwrap_or_default()
    }

    fn comma_separated(&mut self, output: &Output) -> Result<(), Failure> {
        let failed = |error: csv::Error| Failure::unwritten(&std::io::Error::other(error));
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(output::stream());
        writer.write_record(COLUMNS).map_err(failed)?;
        let mut rows = 0_u64;
        while let Some(page) = self.next()? {
            for row in &page.rows {
                writer.write_record(row.cells(&self.as_of()).map(no_formula)).map_err(failed)?;
            }
            rows += page.rows.len() as u64;
        }
        writer.flush().map_err(|error| Failure::unwritten(&error))?;
        output.tell(&format!("{}, as of {}", output::counted(rows, "row"), self.as_of()));
        Ok(())
    }

    fn document(&mut self) -> Result<(), Failure> {
        let mut out = output::stream();
        let failed = |error: std::io::Error| Failure::unwritten(&error);
        let (mut begun, mut comma) = (false, "");
        while let Some(page) = self.next()? {
            if !std::mem::replace(&mut begun, true) {
                let (kind, as_of, from, to) = (self.kind.name(), self.as_of(), page.from.map(date), date(page.to));
                let head = json!({ "report": kind, "as_of": as_of, "from": from, "to": to }).to_string();
                write!(out, "{},\"rows\":[", head.trim_end_matches('}')).map_err(failed)?;
            }
            for row in &page.rows {
                write!(out, "{comma}{}", shown::line(&document(row).to_string())).map_err(failed)?;
                comma = ",";
            }
        }
        writeln!(out, "]}}").and_then(|()| out.flush()).map_err(failed)
    }

    fn table(&mut self, output: &Output) -> Result<(), Failure> {
        let (mut rows, mut more): (Vec<ReportRow>, bool) = (Vec::new(), false);
        while let Some(page) = self.next()? {
            rows.extend(page.rows);
            if rows.len() > MOST_SHOWN {
                more = true;
                break;
            }
        }
        rows.truncate(MOST_SHOWN);
        let as_of = self.as_of();
        output.result(&Value::Null, || {
            let mut text = Text::default();
            if !rows.is_empty() {
                let shown = |row: &ReportRow| {
                    let [at, what, holder, by, template, kind, _, _, serial, why, count, _] = row.cells("");
                    [at, what, holder, by, template, kind, serial, why, count]
                };
                let head = ["AT", "WHAT", "FOR", "BY", "TEMPLATE", "TYPE", "SERIAL", "WHY", "COUNT"];
                text.append(Output::table(head, rows.iter().map(shown)));
            }
            if more {
                text.line(format!("and more: the first {MOST_SHOWN} rows are shown; --csv gives them all"));
            }
            text.line(format!("{}, as of {as_of}", output::counted(rows.len() as u64, "row")));
            text
        })
    }
}

/// Returns a row as scripts get it.
fn document(row: &ReportRow) -> Value {
    json!({
        "at": row.at.map(date),
        "what": row.what,
        "for": row.holder,
        "by": row.by,
        "template": row.template,
        "type": row.request_type,
        "request": row.request,
        "card": row.smartcard,
        "serial": row.serial,
        "why": row.why,
        "count": row.count,
    })
}
