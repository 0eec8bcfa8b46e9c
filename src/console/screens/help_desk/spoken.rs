//! Codes as they are spoken: in groups, each spelled, and what a slip is in words.

use crate::cm::offline::{CodeError, CodeKind};
use crate::console::visit::Visit;
use crate::pages::tables::Table;
use crate::pages::texts::visible;
use maud::{Markup, html};

/// Counts the digits of a group.
const GROUP: usize = 4;
/// Bounds the groups that are shown of what was typed.
const MOST_GROUPS: usize = 8;
/// Lists all digits that a code has.
const DIGITS: &str = "0123456789ABCDEF";

/// Returns the groups of a code, as it was typed or given.
pub fn groups(code: &str) -> Vec<String> {
    let digits: Vec<char> =
        visible(code).chars().filter(|digit| digit.is_alphanumeric() || *digit == '\u{FFFD}').collect();
    let groups = digits.chunks(GROUP).take(MOST_GROUPS);
    groups.map(|group| group.iter().collect::<String>().to_uppercase()).collect()
}

/// Returns a digit or letter in words; what no code has stands for itself.
fn word(visit: &Visit<'_>, digit: char) -> String {
    let known = DIGITS.contains(digit);
    if known { visit.t(&format!("spell-{}", digit.to_ascii_lowercase())) } else { digit.to_string() }
}

/// Writes groups as a table, each with its words.
pub fn table(visit: &Visit<'_>, caption: &str, groups: &[String]) -> Markup {
    let headings = ["spell-group", "spell-digits", "spell-words"].map(|id| visit.t(id));
    let row = |(at, group): (usize, &String)| {
        let words: Vec<String> = group.chars().map(|digit| word(visit, digit)).collect();
        vec![html! { (at + 1) }, html! { span.large { (group) } }, html! { (words.join(", ")) }]
    };
    let rows: Vec<_> = groups.iter().enumerate().map(row).collect();
    html! { div.spoken { (Table { caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)) } }
}

/// Writes the spelling list.
pub fn list(visit: &Visit<'_>) -> Markup {
    html! {
        details {
            summary { (visit.t("spell-list")) }
            ul.spelling { @for digit in DIGITS.chars() { li { span.code { (digit) } " " (word(visit, digit)) } } }
        }
    }
}

/// Says what is wrong with a code, and in which group.
pub fn slip(visit: &Visit<'_>, error: CodeError) -> String {
    match error {
        CodeError::Length { found, expected, .. } => {
            visit.with("help-slip-length", &[("found", found.into()), ("expected", expected.into())])
        }
        CodeError::Character { found, position, .. } => {
            let (group, digit) = (position.saturating_sub(1) / GROUP + 1, position.saturating_sub(1) % GROUP + 1);
            let id = if group > GROUP { "help-slip-check-digit" } else { "help-slip-digit" };
            let found = found.to_string();
            visit.with(id, &[("group", group.into()), ("digit", digit.into()), ("found", (&found).into())])
        }
        CodeError::CheckDigits { .. } => visit.t("help-slip-check"),
        CodeError::OtherKind { found: CodeKind::Response | CodeKind::PukAnswer, .. } => visit.t("help-slip-answer"),
        CodeError::OtherKind { found: CodeKind::Challenge | CodeKind::PukRequest, .. } => visit.t("help-slip-check"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_grouped_however_it_is_typed() {
        for typed in ["D611-43F9-CCFF-D2CA-65", "d61143f9 ccffd2ca 65", "D6 11.43 F9.CC FF.D2 CA.65"] {
            assert_eq!(groups(typed), ["D611", "43F9", "CCFF", "D2CA", "65"], "{typed}");
        }
        assert_eq!(groups(&"7".repeat(100)).len(), MOST_GROUPS);
        assert!(groups("").is_empty());
    }
}
