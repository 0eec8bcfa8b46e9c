//! Makes text harmless that others wrote: labels, names, comments, file names, a server's words.
//!
//! A terminal obeys control characters, and shows text in another order, or not at all, where characters say so. Here
//! each of these is written as JSON writes it (`\u202e`), so that the same text can stand in a JSON document.

use crate::cm::hidden::is_hidden;
use std::fmt::Write;

/// Writes a text on one line: each character that [`is_hidden`] as JSON does, line ends too. Tabs stay.
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            _ if character == '\t' || !is_hidden(character) => shown.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing into a string does not fail.
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
        }
    }
    shown
}

/// Writes a text of several lines, each as [`line()`] does.
pub fn lines(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        let told = line("a\u{1b}[2Jb\u{202e}c\u{9b}d\u{feff}e\u{e0041}f");
        assert_eq!(told, r"a\u001b[2Jb\u202ec\u009bd\ufeffe\udb40\udc41f");
        assert_eq!(line("one\r\n\ttwo\u{7f}"), "one\\r\\n\ttwo\\u007f");
        assert_eq!(lines("one\r\n\ttwo\u{2028}"), "one\\r\n\ttwo\\u2028");
    }

    #[test]
    fn what_people_read_stays() {
        let names = "Jürgen Ő. Łukasz 山田 \u{5e9}\u{5dc}\u{5d5}\u{5dd} e\u{301} 👍 \"x\" \\ $ …";
        assert_eq!(line(names), names);
    }

    #[test]
    fn an_escaped_json_document_says_the_same() {
        let document = serde_json::json!({ "label": "a\u{202e}b\u{85}\u{e0041}\n" });
        let text = line(&document.to_string());
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }
}
