//! Locates what is wrong in a TOML file: by file, line, column and key.

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Says where in a file something is wrong, and what.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}:{column}: {}{problem}", file.display(), KeyPrefix(key))]
pub struct Misplaced {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Dotted path of the key, empty when the text is no TOML at all.
    pub key: String,
    pub problem: String,
}

/// Shows a key and a colon, or nothing where there is no key.
struct KeyPrefix<'a>(&'a str);

impl std::fmt::Display for KeyPrefix<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

/// Holds the text of a TOML file, so that what is found wrong later can still be located.
pub struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// Takes `text` as the content of `file`.
    pub fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Reads the text as `T`; an unknown key, a wrong type or a missing key is located.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Misplaced> {
        toml::from_str(self.text).map_err(|error| {
            let problem = error.message().trim().to_owned();
            self.misplaced(error.span().unwrap_or(0..0), problem)
        })
    }

    /// Returns the SHA-256 of what the text says; comments, blanks and order do not count.
    pub fn digest(&self) -> Result<[u8; 32], Misplaced> {
        // Tables are sorted by key.
        let said = self.read::<toml::Table>()?.to_string();
        let mut array = [0; 32];
        array.copy_from_slice(digest(&SHA256, said.as_bytes()).as_ref());
        Ok(array)
    }

    /// Locates `problem` at `value`.
    pub fn wrong<T>(&self, value: &Spanned<T>, problem: impl Into<String>) -> Misplaced {
        self.misplaced(value.span(), problem)
    }

    /// Locates `problem` at a byte range of the text.
    pub fn misplaced(&self, span: Range<usize>, problem: impl Into<String>) -> Misplaced {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Misplaced {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            key: self.key_at(&span),
            problem: problem.into(),
        }
    }

    /// Returns the dotted path of the key at a range; empty where there is none.
    fn key_at(&self, span: &Range<usize>) -> String {
        let Ok(document) = DeTable::parse(self.text) else { return String::new() };
        let mut path = Vec::new();
        descend(document.get_ref(), span, &mut path);
        path.join(".")
    }
}

/// Finds the keys that lead to a range.
fn descend(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) {
    for (key, value) in table {
        if contains(&key.span(), span) {
            path.push(key.get_ref().to_string());
            return;
        }
        // A table's own span is its header only: what lies below it is found by looking inside.
        let depth = path.len();
        path.push(key.get_ref().to_string());
        if let DeValue::Table(inner) = value.get_ref() {
            descend(inner, span, path);
            if path.len() > depth + 1 {
                return;
            }
        }
        if contains(&value.span(), span) {
            return;
        }
        path.truncate(depth);
    }
}

/// Says whether a range lies within another.
fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Reads a text by `read`, and locates the error at the text.
pub(super) fn parsed<T, E: ToString>(
    source: &Source<'_>,
    text: &Spanned<String>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Misplaced> {
    read(text.get_ref()).map_err(|problem| source.wrong(text, problem.to_string()))
}

/// Reads each of several texts by `read`, as [`parsed`] does.
pub fn each<T, E: ToString>(
    source: &Source<'_>,
    texts: &[Spanned<String>],
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Misplaced> {
    texts.iter().map(|text| parsed(source, text, &read)).collect()
}
