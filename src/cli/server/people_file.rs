//! Reads a list of people as offices write it: CSV (RFC 4180), its columns named in the first line.
//!
//! In: bytes. Out: row by row what is said of a person, or why the row is refused; the list is read again from the start
//! whenever that is asked for, so that no row is kept.

use super::list_file::{NotUtf8, is_in_utf8, line};
use crate::cm::hidden::is_hidden;
use crate::cm::office_list::{PeopleColumn, delimiter, groups};
use crate::server::{DISPLAY_NAME, Listed, ListedPerson, RowFault};
use csv::{ByteRecord, Reader, ReaderBuilder, Trim};

/// Bounds a list, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Bounds the rows of a list.
pub const MAX_ROWS: usize = 250_000;
/// Bounds a field, in characters; groups are many names in one.
const MAX_FIELD: usize = 4096;

/// Says why a list is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    #[error(transparent)]
    Encoding(#[from] NotUtf8),
    #[error("the list has more than {MAX_ROWS} rows; divide it")]
    TooLong,
    #[error("the first line names no column \"name\", which says whose account a row is of; it has: {0}")]
    Columns(String),
    #[error("the first line names the column \"{0}\" twice")]
    Twice(String),
    #[error("the list has a first line and no row")]
    Empty,
    #[error("the list cannot be read as CSV")]
    Csv(#[from] csv::Error),
}

/// Holds a list whose first line was read.
pub struct People<'b> {
    bytes: &'b [u8],
    columns: Vec<(PeopleColumn, String)>,
    /// The names of columns that mean nothing here.
    pub ignored: Vec<String>,
    /// Says that some row asks for a bearer token.
    pub tokens: bool,
}

fn reader(bytes: &[u8]) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter(bytes)).flexible(true).trim(Trim::All).from_reader(bytes)
}

impl<'b> People<'b> {
    /// Reads the first line, and whether the rest can be read at all.
    pub fn of(bytes: &'b [u8]) -> Result<Self, ListFault> {
        is_in_utf8(bytes)?;
        let mut records = reader(bytes);
        let head = records.byte_headers()?.clone();
        let mut columns: Vec<(PeopleColumn, String)> = Vec::new();
        for name in &head {
            let text = String::from_utf8_lossy(name).into_owned();
            let column = PeopleColumn::of(&text);
            if column != PeopleColumn::Unknown && columns.iter().any(|(known, _)| *known == column) {
                return Err(ListFault::Twice(text));
            }
            columns.push((column, text));
        }
        let named =
            |unknown: bool| columns.iter().filter(move |(column, _)| !unknown || *column == PeopleColumn::Unknown);
        let told: Vec<String> = named(false).map(|(_, text)| text.clone()).collect();
        let ignored = named(true).map(|(_, text)| text.clone()).collect();
        if !columns.iter().any(|(column, _)| *column == PeopleColumn::Name) {
            return Err(ListFault::Columns(told.join(", ")));
        }
        let (mut record, mut rows) = (ByteRecord::new(), 0);
        while records.read_byte_record(&mut record)? {
            rows += 1;
            if rows > MAX_ROWS {
                return Err(ListFault::TooLong);
            }
        }
        if rows == 0 {
            return Err(ListFault::Empty);
        }
        let list = Self { bytes, columns, ignored, tokens: false };
        let tokens = list.rows().any(|row| row.person.is_ok_and(|person| person.token));
        Ok(Self { tokens, ..list })
    }

    /// Reads the rows from the start.
    pub fn rows(&self) -> impl Iterator<Item = Listed> {
        // What cannot be read was refused when the list was opened.
        reader(self.bytes)
            .into_byte_records()
            .map_while(Result::ok)
            .map(|record| Listed { line: line(self.bytes, &record), person: self.person(&record) })
    }

    fn person(&self, record: &ByteRecord) -> Result<ListedPerson, RowFault> {
        if record.len() != self.columns.len() {
            return Err(RowFault::Columns { given: record.len(), named: self.columns.len() });
        }
        let mut person = ListedPerson::default();
        for ((column, name), bytes) in
            self.columns.iter().zip(record).filter(|((it, _), _)| *it != PeopleColumn::Unknown)
        {
            let text = std::str::from_utf8(bytes).map_err(|_| RowFault::NotUtf8(name.clone()))?;
            if text.chars().any(is_hidden) {
                return Err(RowFault::Hidden(name.clone()));
            }
            if text.chars().count() > MAX_FIELD {
                return Err(RowFault::TooLong(name.clone(), MAX_FIELD));
            }
            if !text.is_empty() {
                say(&mut person, column, text)?;
            }
        }
        if person.name.is_empty() { Err(RowFault::Nameless) } else { Ok(person) }
    }
}

/// Adds what a field says of a person.
fn say(person: &mut ListedPerson, column: &PeopleColumn, text: &str) -> Result<(), RowFault> {
    let said = text.to_owned();
    match column {
        PeopleColumn::Name => person.name = said,
        PeopleColumn::Upn => person.upn = Some(said),
        PeopleColumn::Email => person.email = Some(said),
        PeopleColumn::Sid => person.sid = Some(said),
        PeopleColumn::Groups => person.groups = Some(groups(text)),
        PeopleColumn::DisplayName => {
            person.attributes.insert(DISPLAY_NAME.to_owned(), said);
        }
        PeopleColumn::Attribute(name) => {
            person.attributes.insert(name.clone(), said);
        }
        PeopleColumn::Token => {
            person.token = match text.to_lowercase().as_str() {
                "yes" | "true" | "1" | "y" => true,
                "no" | "false" | "0" | "n" => false,
                _ => return Err(RowFault::Token(said)),
            }
        }
        PeopleColumn::Unknown => {}
    }
    Ok(())
}
