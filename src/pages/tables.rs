//! Tables: with a caption and headings that a screen reader tells with each cell, and that become lists where a page is narrow.

use super::texts::Texts;
use maud::{Markup, html};

/// Describes a table.
pub struct Table<'a> {
    /// What it is a table of.
    pub caption: &'a str,
    /// The headings of the columns; the first column names the row.
    pub headings: &'a [String],
    pub rows: &'a [Vec<Markup>],
    /// Where the next page is, if there is one.
    pub more: Option<String>,
    /// Where the first page is, if this is not it.
    pub newest: Option<String>,
}

impl Table<'_> {
    /// Writes the table; a sentence, where it has no row.
    pub fn write(&self, texts: Texts<'_>) -> Markup {
        html! {
            @if self.rows.is_empty() { p.none { (self.caption) ": " (texts.t("none")) } } @else {
                // The roles say again what the elements are: a style sheet that lays rows out as lists takes that from them.
                table role="table" {
                    caption { (self.caption) }
                    thead role="rowgroup" {
                        tr role="row" { @for heading in self.headings { th scope="col" role="columnheader" { (heading) } } }
                    }
                    tbody role="rowgroup" {
                        @for row in self.rows {
                            tr role="row" { @for (at, cell) in row.iter().enumerate() { (self.cell(at, cell)) } }
                        }
                    }
                }
            }
            @if self.more.is_some() || self.newest.is_some() {
                p.pages {
                    @if let Some(newest) = &self.newest { a href=(newest) { (texts.t("newest")) } }
                    @if let Some(more) = &self.more { a href=(more) rel="next" { (texts.t("more")) } }
                }
            }
        }
    }

    fn cell(&self, at: usize, cell: &Markup) -> Markup {
        let heading = self.headings.get(at).map_or("", String::as_str);
        html! {
            @if at == 0 { th scope="row" role="rowheader" data-label=(heading) { (cell) } }
            @else { td role="cell" data-label=(heading) { (cell) } }
        }
    }
}

/// Writes facts: each with its name before it.
pub fn facts(facts: &[(String, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}
