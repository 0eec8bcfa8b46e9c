//! Writes on one line what others wrote.

use crate::cm::hidden::is_hidden;
use std::fmt::Write;

/// Bounds a fact, in characters.
const MOST: usize = 500;

/// Writes a text on one line, cut at 500 characters: each character that nobody sees, or that ends a line or turns its
/// direction, as JSON does.
pub fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars().take(MOST) {
        match character {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            _ if !is_hidden(character) => written.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing into a string does not fail.
                    let _ = write!(written, "\\u{unit:04x}");
                }
            }
        }
    }
    written
}
