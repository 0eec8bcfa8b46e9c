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

/// Writes a text as one argument for a shell: a token may say anything to be its serial.
pub fn argument(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:+@".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_obey_is_quoted() {
        assert_eq!(argument("12345678"), "12345678");
        assert_eq!(argument("AB 12"), "'AB 12'");
        assert_eq!(argument("$(x)'y;z"), r"'$(x)'\''y;z'");
    }
}
