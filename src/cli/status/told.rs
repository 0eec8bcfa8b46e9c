//! Says in words what several files of the status show.

use serde_json::Value;

/// Tells of unfinished work whose card is not here.
pub fn unfinished_elsewhere(work: &Value) -> String {
    format!(
        "unfinished, and the card is not here: {} of card {} ({}); next: {}",
        plain(&work["workflow"]),
        plain(&work["card_label"]),
        plain(&work["card_id"]),
        plain(&work["next"])
    )
}

/// Writes a value of a document without quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
