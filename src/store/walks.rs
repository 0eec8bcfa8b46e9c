//! Builds the statements of lists: values numbered as they are bound, and rows that may match in several ways.

use super::error::Error;
use super::link::{Statement, Value, sql};
use uuid::Uuid;

/// Bounds the templates of one filter, as SQLite's compound SELECT holds 500 terms.
const MOST_TEMPLATES: usize = 200;

/// Counts the values of a statement as they are bound.
#[derive(Default)]
pub(super) struct Bound<'a>(Vec<Value<'a>>);

impl<'a> Bound<'a> {
    /// Binds a value and returns the number of its placeholder.
    pub fn number(&mut self, value: impl Into<Value<'a>>) -> usize {
        self.0.push(value.into());
        self.0.len()
    }

    /// Binds several values and returns their placeholders, parted by commas.
    pub fn list(&mut self, values: &[impl Clone + Into<Value<'a>>]) -> String {
        values.iter().map(|value| format!("${}", self.number(value.clone()))).collect::<Vec<_>>().join(", ")
    }

    /// Makes the statement of its text.
    pub fn statement(self, text: String) -> Statement<'a> {
        self.0.into_iter().fold(sql(text), Statement::bind)
    }
}

/// Refuses a filter with more templates than a statement takes.
pub(super) fn check_width(templates: &[Uuid]) -> Result<(), Error> {
    if templates.len() > MOST_TEMPLATES {
        return Err(Error::FilterTooWide { given: templates.len(), limit: MOST_TEMPLATES });
    }
    Ok(())
}

/// Writes the query of the newest rows that match in one of several ways (a request is the person's own, or on a template
/// they approve) and pass the conditions that are common to all. Each way is a query of its own over one index, cut at
/// the limit, and the results are joined: with an OR, all rows that match would be collected and sorted.
pub(super) fn newest(table: &str, ways: &[String], common: &str, limit: u32) -> String {
    let walks = ways.iter().enumerate().map(|(i, way)| {
        format!(
            "SELECT seq FROM (SELECT seq FROM {table} WHERE {way}{common} ORDER BY seq DESC LIMIT {limit}) AS way{i}"
        )
    });
    let ways = walks.collect::<Vec<_>>().join(" UNION ");
    format!("(SELECT seq FROM ({ways}) AS ways ORDER BY seq DESC LIMIT {limit})")
}

/// Writes the query of the rows that come after one of them, the one that `key` names, in the order of a column and then
/// of their places, and pass the conditions that are common to all: those that are alike in the column, and those beyond.
/// Each is a query of its own over one index that begins where it should; SQLite would walk a comparison of both columns
/// from the first that is alike. No condition may bound the column from below, as SQLite takes one of two bounds.
pub(super) fn later(table: &str, column: &str, common: &str, key: &str, limit: u32) -> String {
    let (at, place) =
        (format!("(SELECT {column} FROM {table} WHERE {key})"), format!("(SELECT seq FROM {table} WHERE {key})"));
    format!(
        "(SELECT seq FROM (SELECT seq FROM {table} WHERE {common} AND {column} = {at} AND seq > {place} ORDER BY seq \
         LIMIT {limit}) AS alike UNION ALL SELECT seq FROM (SELECT seq FROM {table} WHERE {common} AND {column} > {at} \
         ORDER BY {column}, seq LIMIT {limit}) AS beyond)"
    )
}
