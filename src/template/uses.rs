//! Notes where data items fill the names of a template's certificates.

use super::pattern::{Meaning, Pattern};
use super::place::Place;
use std::ops::Range;
use toml::Spanned;

/// Says where a pattern is filled by data items.
pub(super) struct Use {
    /// The items, and whether the name is left out without each.
    pub items: Vec<(String, bool)>,
    pub place: Place,
    /// How many characters the pattern's own text has.
    pub written: usize,
    pub span: Range<usize>,
}

/// Holds where the names of all certificates are filled by data items.
#[derive(Default)]
pub(super) struct Uses(Vec<Use>);

impl Uses {
    /// Adds a pattern that is written at `text`; one without items is of no use.
    pub fn add(&mut self, pattern: &Pattern, place: Place, text: &Spanned<String>) {
        let items = pattern.blanks().filter_map(|blank| match &blank.meaning {
            Meaning::User(_) => None,
            Meaning::Item(name) => Some((name.clone(), blank.is_optional)),
        });
        let items: Vec<_> = items.collect();
        if !items.is_empty() {
            let written = pattern.with("").chars().count();
            self.0.push(Use { items, place, written, span: text.span() });
        }
    }

    /// Lists them.
    pub fn iter(&self) -> impl Iterator<Item = &Use> {
        self.0.iter()
    }
}
