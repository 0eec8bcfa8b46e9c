//! Which card a person means.

use crate::token::Identity;
use std::fmt;

/// Chooses a card by what is written on it; an empty selector takes the only card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub label: Option<String>,
    pub serial: Option<String>,
    /// Only the card in this reader: its whole name, or a part that only one reader's name contains.
    pub reader: Option<String>,
}

impl Selector {
    /// Says whether label and serial fit; the reader is checked elsewhere.
    pub fn accepts(&self, identity: &Identity) -> bool {
        self.label.as_ref().is_none_or(|label| *label == identity.label)
            && self
                .serial
                .as_ref()
                .is_none_or(|serial| *serial == identity.serial || identity.earlier_serial.as_ref() == Some(serial))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reader = self.reader.as_ref().map(|reader| format!("is in a reader {reader:?}"));
        let label = self.label.as_ref().map(|label| format!("has label {label:?}"));
        let serial = self.serial.as_ref().map(|serial| format!("has serial {serial}"));
        let wanted: Vec<String> = [label, serial, reader].into_iter().flatten().collect();
        if wanted.is_empty() { f.write_str("is of a known kind") } else { f.write_str(&wanted.join(" and ")) }
    }
}
