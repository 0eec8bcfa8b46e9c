//! What was found, told in the page's language: by its code where the catalogue has a sentence for it, else in the English words
//! of whoever has found it.

use super::layout::foreign;
use super::texts::{Language, Texts, Value};
use maud::{Markup, html};

/// Holds the sentences about a logon, for a face's catalogue.
pub const LOGON: (Language, &str) = (Language::German, include_str!("texts/de/logon.ftl"));

/// Writes what was found. The reason, if there is one, is told in the words of the program that gave it.
pub fn sentence(texts: Texts<'_>, code: &str, facts: &[(&'static str, String)], english: &str) -> Markup {
    let values: Vec<(&str, Value<'_>)> = facts.iter().map(|(name, value)| (*name, value.into())).collect();
    let reason = facts.iter().find(|(name, _)| *name == "reason").map(|(_, reason)| reason);
    match texts.find(&format!("finding-{code}"), &values) {
        None => html! { span lang="en" { (foreign(english)) } },
        Some(told) => html! {
            (foreign(&told))
            @if let Some(reason) = reason { " " span lang="en" { "(" (foreign(reason)) ")" } }
        },
    }
}
