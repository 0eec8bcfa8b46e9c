//! A list of people that is taken over, row by row, and what each row comes to. MIM has no call for this.

use super::check::FieldError;
use super::wire::body::body;
use super::wire::words::words;
use super::wire::{Named, Plain, PlainOr, PlainOrNothing, Text, TextList, TextOrNothing};

/// Bounds the rows of one call; a longer list is taken over at the data directory, or in pieces.
pub const MAX_ROWS: usize = 2000;

/// Holds what a row says of a person. What a row leaves out is not said, and stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleRow {
    /// The account's name.
    pub name: String,
    pub display_name: Option<String>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    /// All groups, in place of those before.
    pub groups: Option<Vec<String>>,
    pub attributes: Vec<PersonAttribute>,
}

body!(PeopleRow {
    name: "Name" => Text,
    display_name: "DisplayName" => PlainOrNothing<String>,
    upn: "Upn" => PlainOrNothing<String>,
    email: "Email" => PlainOrNothing<String>,
    sid: "Sid" => PlainOrNothing<String>,
    groups: "Groups" => PlainOrNothing<Vec<String>>,
    attributes: "Attributes" => PlainOr<Vec<PersonAttribute>>,
});

/// Holds something else that templates put into certificates; they say {User!attribute.NAME}.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonAttribute {
    pub name: String,
    pub value: String,
}

body!(PersonAttribute { name: "Name" => Plain<String>, value: "Value" => Plain<String> });

/// Holds the body of a list's import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleList {
    pub rows: Vec<PeopleRow>,
    /// The mark of what was shown, which is then done if it still is the same; empty: it is only shown.
    pub seen: String,
}

body!(PeopleList { rows: "Rows" => Plain<Vec<PeopleRow>>, seen: "Seen" => TextOrNothing });

impl PeopleList {
    /// Refuses more than [`MAX_ROWS`] rows.
    pub fn check(&self) -> Result<(), FieldError> {
        match self.rows.len() {
            found if found > MAX_ROWS => {
                Err(FieldError::TooMuch { field: "Rows", found, most: MAX_ROWS, unit: "rows" })
            }
            _ => Ok(()),
        }
    }
}

/// Says what a row comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowFate {
    New,
    Changed,
    Refused,
    /// Whatever a newer server names.
    Other,
}

/// Tells what one row comes to; a row that changes nothing is told of in numbers alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOutcome {
    /// Counts from 1.
    pub row: u32,
    pub name: String,
    pub fate: RowFate,
    /// All groups that the person is in afterwards, where the row says so.
    pub groups: Vec<String>,
    /// What of the account changes, from what to what.
    pub changes: Vec<String>,
    /// Why it is refused.
    pub why: String,
    /// A stable word for why it is refused, such as "repeated"; empty where it is not.
    pub why_code: String,
}

body!(RowOutcome {
    row: "Row" => Plain<u32>,
    name: "Name" => Text,
    fate: "Fate" => Named<RowFate>,
    groups: "Groups" => TextList,
    changes: "Changes" => TextList,
    why: "Why" => TextOrNothing,
    why_code: "WhyCode" => TextOrNothing,
});

/// Answers an import: what the rows come to, or have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleOutcome {
    /// It was done; else it was shown.
    pub applied: bool,
    pub new: u32,
    pub changed: u32,
    pub same: u32,
    pub refused: u32,
    pub rows: Vec<RowOutcome>,
    /// Another text as soon as something of it is another.
    pub mark: String,
}

body!(PeopleOutcome {
    applied: "Applied" => PlainOr<bool>,
    new: "New" => PlainOr<u32>,
    changed: "Changed" => PlainOr<u32>,
    same: "Same" => PlainOr<u32>,
    refused: "Refused" => PlainOr<u32>,
    rows: "Rows" => PlainOr<Vec<RowOutcome>>,
    mark: "Mark" => Text,
});

words!(RowFate, "what a row comes to", [New, Changed, Refused]);
