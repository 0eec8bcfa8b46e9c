//! What a run has come to: as CSV, JSON, and a page to print. Nobody's PIN is in it.

use super::error::Error;
use super::run::{Entry, PinFate, Run, Stand};
use crate::cm::report::no_formula;
use crate::platform::file;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Says who vouches for results, in the page.
pub const UNSIGNED: &str = "No server has signed these results.";

/// Is the head of the table, in CSV and on the page.
const HEAD: [&str; 11] =
    ["line", "person", "person_id", "state", "card_id", "serial", "request", "begun", "ended", "pin", "trouble"];

/// Returns the results as a document.
pub fn document(run: &Run) -> Value {
    let rows: Vec<Value> = run
        .rows
        .iter()
        .map(|row| {
            let fields = HEAD.iter().zip(fields(row)).map(|(name, value)| ((*name).to_owned(), Value::String(value)));
            Value::Object(fields.collect())
        })
        .collect();
    json!({ "run": run.id, "server": run.server, "rows": rows })
}

/// Writes the results into a directory: `desk-RUN.csv`, `.json`, `.html`; returns the paths. Earlier ones are replaced.
pub fn write(run: &Run, directory: &Path, signed: &str) -> Result<Vec<PathBuf>, Error> {
    let texts = [("csv", sheet(run)), ("json", format!("{:#}\n", document(run))), ("html", html(run, signed))];
    texts.iter().map(|(extension, text)| write_beside(run, directory, extension, text.as_bytes())).collect()
}

/// Writes one more file of the results, with another ending; returns its path.
pub fn write_beside(run: &Run, directory: &Path, ending: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let path = directory.join(format!("desk-{}.{ending}", run.id));
    let beside = directory.join(format!("desk-{}.{ending}.new", run.id));
    match file::replace(&path, &beside, bytes) {
        Ok(()) => Ok(path),
        Err(error) => Err(Error::State { doing: "written", path, source: error.source }),
    }
}

/// Writes the results as CSV (RFC 4180).
pub fn sheet(run: &Run) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Memory takes what is written.
    let _ = writer.write_record(HEAD);
    for row in &run.rows {
        let _ = writer.write_record(fields(row).map(no_formula));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn fields(row: &Entry) -> [String; 11] {
    let pin = match row.pin {
        PinFate::None => String::new(),
        PinFate::LetterOwed => "letter not printed".into(),
        PinFate::LetterPrinted => "letter made".into(),
        PinFate::Lost => "lost: the card needs a new PIN".into(),
        PinFate::OpeningOwed => "to be opened by its holder".into(),
        PinFate::Opening(request) => format!("its holder opens it by request {request}"),
    };
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    [
        if row.line == 0 { String::new() } else { row.line.to_string() },
        row.name.clone(),
        row.person.to_string(),
        stand(row.stand).to_owned(),
        id(row.card_id),
        row.serial.clone(),
        id(row.request),
        row.begun.clone(),
        row.ended.clone(),
        pin,
        row.trouble.as_ref().map(|trouble| format!("{} ({})", trouble.message, trouble.code)).unwrap_or_default(),
    ]
}

/// Names how far a row has come.
pub fn stand(stand: Stand) -> &'static str {
    match stand {
        Stand::Unasked => "not asked for",
        Stand::Pending => "waits for approval",
        Stand::Ready => "no card yet",
        Stand::Begun => "begun",
        Stand::Done => "done",
        Stand::Refused => "cannot go on",
        Stand::SetAside => "set aside",
        Stand::Dropped => "not in the list any more",
    }
}

/// Writes a page that needs nothing else, to be printed.
pub fn html(run: &Run, signed: &str) -> String {
    let cells = |tag: &str, cells: &[String]| -> String {
        cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
    };
    let head =
        cells("th scope=\"col\"", &HEAD.map(|name| name.replace('_', " "))).replace("</th scope=\"col\">", "</th>");
    let rows: String = run.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells("td", &fields(row)))).collect();
    let done = run.rows.iter().filter(|row| row.stand == Stand::Done).count();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Cards of run {id}</title>\n<style>\
         body {{ font: 10pt sans-serif; margin: 1.5cm }} table {{ border-collapse: collapse }} \
         th, td {{ border: 1px solid #666; padding: 2px 4px; text-align: left; vertical-align: top; overflow-wrap: anywhere }} \
         thead {{ display: table-header-group }} tr {{ break-inside: avoid }} @page {{ size: A4 landscape }}\
         </style></head><body><main>\n<h1>Cards of run {id}</h1>\n<p>{done} of {count} done, at {server}. {signed}</p>\n\
         <table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n</main></body></html>\n",
        id = run.id,
        count = run.rows.len(),
        server = escaped(&run.server),
        signed = escaped(signed),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
