//! Shows what happened to a card, or to what a person holds.

use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text, date};
use crate::cm::found::HistoryEntry;
use crate::enrollment::own_words;
use serde_json::{Value, json};

/// Prints a history.
pub fn print(entries: &[HistoryEntry], output: &Output) -> Result<(), Failure> {
    let documents: Vec<Value> = entries.iter().map(document).collect();
    output.result(&documents, || match entries.is_empty() {
        true => "nothing has happened yet".into(),
        false => table(entries),
    })
}

/// Returns an entry of a history as scripts get it.
pub fn document(entry: &HistoryEntry) -> Value {
    json!({
        "at": date(entry.at),
        "what": format!("{:?}", entry.what),
        "type": entry.request_type.map(|request_type| format!("{request_type:?}")),
        "request": entry.request,
        "by": entry.by,
        "why": own_words(&entry.why),
        "smartcard": entry.smartcard,
        "serial": entry.serial,
    })
}

/// Lays a history out for people.
pub fn table(entries: &[HistoryEntry]) -> Text {
    let rows = entries.iter().map(|entry| {
        let of = match entry.request_type {
            Some(request_type) => format!("{request_type} {}", entry.request),
            None => entry.serial.clone(),
        };
        [date(entry.at), format!("{:?}", entry.what), of, entry.by.clone(), own_words(&entry.why).to_string()]
    });
    Output::table(["WHEN", "WHAT", "OF", "BY", "WHY"], rows)
}
