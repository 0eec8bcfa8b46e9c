//! Says in words what several files of the status show.

use serde_json::Value;

/// Writes an error and its sources in one line, leaving out what was said already.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            text = format!("{text}; {told}");
        }
        source = cause.source();
    }
    text
}

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
