//! `cardwright server stock`: the cards that are known before they are given to anybody.

use super::list_file::content;
use super::stock_file::{self, MAX_BYTES, Row};
use crate::cli::args::{CardKind, StockCommand};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::server::{self, StockCard, StockError};
use crate::store::StockRecord;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use uuid::Uuid;

/// Says how a list is to be written.
const AS_CSV: &str =
    "Save the list as CSV in UTF-8, with a first line such as: card id,serial,kind,note. Nothing was done.";
/// Bounds the cards that one command takes out of stock.
const MOST_REMOVED: usize = 200;

/// Carries a command of `cardwright server stock` out.
pub fn run(command: StockCommand, output: &Output) -> Result<(), Failure> {
    match command {
        StockCommand::Import { directory, file, kind, apply } => import(&directory, &file, kind, apply, output),
        StockCommand::List { directory } => {
            let cards = server::stock_list(&directory).map_err(failed)?;
            let documents: Vec<Value> = cards.iter().map(document).collect();
            output.result(&json!({ "cards": documents }), || cards.iter().map(line).collect::<Text>())
        }
        StockCommand::Remove { directory, cards } => {
            if cards.len() > MOST_REMOVED {
                let told = format!("at most {MOST_REMOVED} cards are taken out of stock at one time");
                return Err(
                    Failure::new("stock-rows", Exit::Usage, told).remedy("Name fewer, and repeat with the others.")
                );
            }
            let gone = server::stock_remove(&directory, &cards).map_err(failed)?;
            let documents: Vec<Value> = gone.iter().map(document).collect();
            output.result(&json!({ "removed": documents }), || {
                gone.iter().map(|card| format!("{} is in stock no more", line(card))).collect::<Text>()
            })
        }
    }
}

fn document(card: &StockRecord) -> Value {
    let StockRecord { card_id, kind, serial, note, added } = card;
    json!({ "card_id": card_id, "kind": kind, "serial": serial, "note": note, "added": date(*added) })
}

fn line(card: &StockRecord) -> String {
    described(card.card_id, [&card.kind, &card.serial, &card.note])
}

/// Writes what is known of a card on one line.
fn described(card_id: Uuid, texts: [&String; 3]) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).fold(card_id.to_string(), |line, text| line + "  " + text)
}

/// Shows what each row of a list comes to, and puts the new cards in stock where that is asked for and all rows are good.
fn import(directory: &Path, file: &Path, kind: Option<CardKind>, apply: bool, output: &Output) -> Result<(), Failure> {
    let bytes = content(file, MAX_BYTES, "stock-list", AS_CSV)?;
    let list = stock_file::read(&bytes, kind)
        .map_err(|error| Failure::from_error("stock-list", Exit::Usage, &error).remedy(AS_CSV))?;
    if !list.ignored.is_empty() {
        output.tell(&format!("columns that mean nothing here: {}", list.ignored.join(", ")));
    }
    let known: HashSet<Uuid> =
        server::stock_list(directory).map_err(failed)?.into_iter().map(|card| card.card_id).collect();
    let new: Vec<StockCard> = list
        .rows
        .iter()
        .filter_map(|row| row.card.as_ref().ok().filter(|card| !known.contains(&card.card_id)).cloned())
        .collect();
    let refused = list.rows.iter().filter(|row| row.card.is_err()).count();
    let applied = apply && refused == 0;
    if applied {
        let source = hex::encode(digest(&SHA256, &bytes));
        server::stock_import(directory, &new, &source).map_err(failed)?;
    }
    let rows: Vec<Value> = list.rows.iter().map(|row| row_document(row, &known)).collect();
    let kept = list.rows.len() - refused - new.len();
    let document = json!({ "applied": applied, "new": new.len(), "known": kept, "refused": refused, "rows": rows });
    output.result(&document, || {
        let mut text: Text = list.rows.iter().map(|row| row_line(row, &known)).collect();
        text.line(format!("{} new, {kept} known, {refused} refused", new.len()));
        text.line(match (applied, apply) {
            (true, _) => "the new cards are in stock",
            (false, true) => "nothing was done: mend the refused rows, or take them out of the list",
            (false, false) => "nothing was done; to put the new cards in stock: --apply",
        });
        text
    })?;
    if apply && !applied { Err(Failure::told("stock-rows", Exit::Usage)) } else { Ok(()) }
}

/// Says what a row comes to: its state, and why it is refused.
fn standing(row: &Row, known: &HashSet<Uuid>) -> (&'static str, Option<String>) {
    match &row.card {
        Ok(card) if known.contains(&card.card_id) => ("known", None),
        Ok(_) => ("new", None),
        Err(fault) => ("refused", Some(fault.to_string())),
    }
}

fn row_document(row: &Row, known: &HashSet<Uuid>) -> Value {
    let (state, reason) = standing(row, known);
    let card = row.card.as_ref().ok();
    json!({
        "line": row.line,
        "state": state,
        "reason": reason,
        "card_id": card.map(|card| card.card_id),
        "kind": card.map(|card| &card.kind),
        "serial": card.map(|card| &card.serial),
        "note": card.map(|card| &card.note),
    })
}

fn row_line(row: &Row, known: &HashSet<Uuid>) -> String {
    let (state, reason) = standing(row, known);
    let said = match &row.card {
        Ok(StockCard { card_id, kind, serial, note }) => described(*card_id, [kind, serial, note]),
        Err(_) => reason.unwrap_or_default(),
    };
    format!("line {}: {state}: {said}", row.line)
}

fn failed(error: StockError) -> Failure {
    let (code, exit) = match &error {
        StockError::Settings(_) => ("server-settings", Exit::Usage),
        StockError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        StockError::NotThere(_) | StockError::Several(_) => ("stock-card", Exit::Usage),
        StockError::Text | StockError::NoCard => ("stock-list", Exit::Usage),
        StockError::Database(_) | StockError::Store(_) => ("server-stock", Exit::Other),
    };
    let failure = Failure::from_error(code, exit, &error);
    match error {
        StockError::NotThere(_) | StockError::Several(_) => {
            failure.remedy("See what there is: cardwright server stock list. Nothing was done.")
        }
        StockError::NoDirectory(_) => failure.remedy("Name the directory that the server runs on."),
        StockError::Text | StockError::NoCard => failure.remedy(AS_CSV),
        StockError::Settings(_) | StockError::Database(_) | StockError::Store(_) => failure,
    }
}
