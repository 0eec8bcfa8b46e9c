//! `cardwright journal list` and `show`: the journal of this workstation in words.

use super::words;
use crate::cli::args::JournalCommand;
use crate::cli::enrollment;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, counted, date};
use crate::enrollment::{Content, Item, Record, card_id, earlier_card_id};
use crate::token::Identity;
use serde_json::{Value, json};
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// Sets after how many days without a change work is called old.
const OLD_AFTER: Duration = Duration::days(30);

/// Carries a command of `cardwright journal` out.
pub fn journal(command: JournalCommand, output: &Output) -> Result<(), Failure> {
    let items = survey()?;
    match command {
        JournalCommand::List => list(&items, output),
        JournalCommand::Show { what } => show(&items, &what, output),
    }
}

/// Looks through the journal's directory.
pub fn survey() -> Result<Vec<Item>, Failure> {
    enrollment::journal()?.survey().map_err(|error| enrollment::unreadable(error).into())
}

/// Returns the unfinished work among the files, with the file of each.
pub fn records(items: &[Item]) -> impl Iterator<Item = (&Path, &Record)> {
    items.iter().filter_map(|item| match &item.content {
        Content::Work(record) => Some((item.path.as_path(), record.as_ref())),
        _ => None,
    })
}

/// Describes for scripts the unfinished work that fits.
pub fn works(items: &[Item], fits: impl Fn(&Record) -> bool) -> Vec<Value> {
    records(items).filter(|(_, record)| fits(record)).map(|(path, record)| work(path, record)).collect()
}

/// Says whether the work is on this card.
pub fn is_of(record: &Record, card: &Identity) -> bool {
    card_id(card) == record.card_id || earlier_card_id(card) == Some(record.card_id)
}

/// Says whether a text names the work: by its card, its request, or the name of its file.
pub fn is_meant(record: &Record, what: &str) -> bool {
    let what = what.trim();
    let id = what.parse().ok();
    let ids = [Some(record.card_id), record.request(), Some(record.marker)];
    id.is_some() && ids.contains(&id) || !what.is_empty() && record.token_label == what
}

/// Describes a piece of work for scripts.
fn work(path: &Path, record: &Record) -> Value {
    let tie = serde_json::to_value(&record.milestone).ok().and_then(|milestone| milestone.get("tie").cloned());
    json!({
        "file": path.display().to_string(),
        "workflow": words::workflow(record),
        "card_label": record.token_label,
        "card_id": record.card_id,
        "server": record.server,
        "request": record.request(),
        "smartcard": tie.and_then(|tie| tie.get("smartcard").cloned()),
        "profile_template": record.template,
        "target": record.target,
        "milestone": words::milestone(record),
        "done": words::done(record),
        "then": words::then(record),
        "next": words::command(record),
        "keys": words::keys(&record.milestone),
        "written": written(path).map(date),
    })
}

/// Returns when the file was written last.
fn written(path: &Path) -> Option<OffsetDateTime> {
    std::fs::metadata(path).and_then(|known| known.modified()).ok().map(OffsetDateTime::from)
}

/// Lists all that there is, work first.
fn list(items: &[Item], output: &Output) -> Result<(), Failure> {
    let works = works(items, |_| true);
    let others: Vec<Value> = items.iter().filter_map(other).collect();
    output.result(&json!({ "unfinished": works, "other": others }), || {
        let mut text = Text::from(match works.len() as u64 {
            0 => "nothing is unfinished".to_owned(),
            many => format!("{} of unfinished work", counted(many, "piece")),
        });
        for (path, record) in records(items) {
            text.line("");
            short(path, record, &mut text);
        }
        // There is a lock for each card that was ever worked on here.
        let told = others.iter().filter(|other| other["is"] != "lock-left");
        for (index, other) in told.enumerate() {
            if index == 0 {
                text.line("");
            }
            text.line(format!("{}: {}", plain(&other["file"]), plain(&other["means"])));
        }
        text
    })
}

/// Shows the work that is meant in full.
fn show(items: &[Item], what: &str, output: &Output) -> Result<(), Failure> {
    let meant: Vec<_> = records(items).filter(|(_, record)| is_meant(record, what)).collect();
    if meant.is_empty() {
        return Err(unknown(what));
    }
    let documents: Vec<Value> = meant.iter().map(|(path, record)| work(path, record)).collect();
    output.result(&documents, || {
        let mut text = Text::default();
        for ((path, record), document) in meant.iter().zip(&documents) {
            short(path, record, &mut text);
            let ids = ["card_id", "request", "smartcard", "profile_template", "target", "milestone", "file"];
            for name in ids.iter().filter(|name| !document[**name].is_null()) {
                text.line(format!("  {:18}{}", name.replace('_', " "), plain(&document[*name])));
            }
            for key in document["keys"].as_array().into_iter().flatten() {
                text.line(format!(
                    "  key {} ({}), {}",
                    plain(&key["key_id"]),
                    plain(&key["algorithm"]),
                    plain(&key["label"])
                ));
                let known = [
                    ("certificate of", "subject"),
                    ("its thumbprint", "thumbprint"),
                    ("asked for", "requested_subject"),
                ];
                for (label, name) in known.iter().filter(|(_, name)| !key[*name].is_null()) {
                    text.line(format!("    {label:16}{}", plain(&key[*name])));
                }
            }
        }
        text
    })
}

/// Refuses a text that names no unfinished work.
pub fn unknown(what: &str) -> Failure {
    Failure::new("nothing-unfinished", Exit::TokenNotFound, format!("no unfinished work here is called {what:?}"))
        .remedy("`cardwright journal list` tells what there is at this workstation.")
}

/// Tells of a piece of work in a few lines.
fn short(path: &Path, record: &Record, text: &mut Text) {
    let label = if record.token_label.is_empty() { record.card_id.to_string() } else { record.token_label.clone() };
    text.line(format!("{} of card {label}, at {}", words::workflow(record), record.server));
    text.line(format!("  done  {}", words::done(record)));
    text.line(format!("  then  {}", words::then(record)));
    text.line(format!("  next  {}", words::command(record)));
    let Some(at) = written(path) else { return };
    let age = OffsetDateTime::now_utc() - at;
    let old = match age > OLD_AFTER {
        true => format!(
            ": {} ago. The request may be over by now: the next command finds out, and takes off what was made for it",
            counted(age.whole_days().unsigned_abs(), "day")
        ),
        false => String::new(),
    };
    text.line(format!("  last  {}{old}", date(at)));
}

/// Describes what is no work, with what it means; `None` for work.
fn other(item: &Item) -> Option<Value> {
    let (is, means) = match &item.content {
        Content::Work(_) => return None,
        Content::Damaged { why } => (
            "damaged",
            format!("no record of work ({why}). The next command on any card sets it aside, and says so once"),
        ),
        Content::SetAside => (
            "set-aside",
            "was damaged and is read no more. What was begun is known to the server and the card: `cardwright resume` with \
             the card in the reader. Once that is done, delete it"
                .to_owned(),
        ),
        Content::OtherVersion { version } => (
            "other-version",
            format!(
                "work of another version of this program (format {version}). No card is worked on here until that version has \
                 finished it, or the file is moved away"
            ),
        ),
        Content::HalfWritten => {
            ("half-written", "the writing of a record was cut off; the record is as it was before. Delete it".to_owned())
        }
        Content::Left { card_id, keys } => (
            "keys-left",
            format!(
                "{} without a certificate that work on card {card_id} has left there, and which the next may replace",
                counted(*keys as u64, "key")
            ),
        ),
        Content::Lock { card_id, held: true } => {
            ("lock-held", format!("another process works on card {card_id} at this moment"))
        }
        Content::Lock { card_id, held: false } => {
            ("lock-left", format!("kept for the next work on card {card_id}; nobody holds it"))
        }
        Content::Foreign => ("foreign", "nothing of the journal's; it is passed over".to_owned()),
        Content::Unreadable { why } => ("unreadable", format!("cannot be read: {why}")),
    };
    Some(json!({ "file": item.path.display().to_string(), "is": is, "means": means }))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
