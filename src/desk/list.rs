//! Reads a list of people: CSV (RFC 4180) in UTF-8 with a header. All that is wrong with it is told at once, line by line.

use crate::cm::data_item::DataItem;
use crate::cm::hidden::is_hidden;
use csv::{ReaderBuilder, StringRecord};
use std::collections::HashMap;
use std::fmt;
use uuid::Uuid;

/// Bounds the people of one list.
pub const MOST_ROWS: usize = 1000;
/// Bounds the bytes of a list.
pub const LARGEST_LIST: u64 = 4 * 1024 * 1024;
/// Bounds the characters of one field.
const LONGEST_FIELD: usize = 256;
/// Begins the name of a column that gives a data item of the template.
const DATA: &str = "data.";

/// Holds what a list says of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Where in the list it stands, from 1; the header is line 1.
    pub line: u64,
    /// A name, UPN, e-mail address or GUID.
    pub person: String,
    /// A name or GUID; `None`: the template of the whole list.
    pub template: Option<String>,
    pub wish: Wish,
    pub comment: String,
    pub data: Vec<DataItem>,
}

/// Says which card a row wants; both must fit where both are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wish {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_id: Option<Uuid>,
}

impl Wish {
    /// Says whether any card will do.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Says whether a card is the one that is wanted.
    pub fn fits(&self, card_id: Uuid, serial: &str) -> bool {
        self.card_id.is_none_or(|wanted| wanted == card_id)
            && self.serial.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(serial.trim()))
    }
}

/// Says what is wrong with one line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: u64,
    pub what: Wrong,
}

/// Says what can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("the list holds nobody")]
    Empty,
    #[error("the list holds more than {MOST_ROWS} people, or more than {LARGEST_LIST} bytes: cut it into several")]
    TooMany,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("there is no column \"person\"")]
    NoPerson,
    #[error("no column is called {0:?}; there are: person, template, serial, card-id, comment, data.NAME")]
    UnknownColumn(String),
    #[error("the column {0:?} is there twice")]
    ColumnTwice(String),
    #[error("it has {found} fields, and the header has {wanted}")]
    Fields { found: usize, wanted: usize },
    #[error("it cannot be read as CSV: {0}")]
    Malformed(String),
    #[error("nobody is named")]
    NobodyNamed,
    #[error("the field {0:?} has more than {LONGEST_FIELD} characters")]
    TooLong(String),
    #[error("the field {0:?} has characters that are not seen")]
    Hidden(String),
    #[error("{0:?} is no card id (a GUID)")]
    CardId(String),
    #[error("{what} stands in line {first} already")]
    Repeated { what: String, first: u64 },
    #[error("{0}")]
    Person(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Reads a list.
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, Vec<Fault>> {
    let at = |line, what| Fault { line, what };
    if bytes.len() as u64 > LARGEST_LIST {
        return Err(vec![at(1, Wrong::TooMany)]);
    }
    // Spreadsheets put a mark before the text.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let faults = not_utf8(bytes);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().cloned().map_err(|error| vec![at(1, Wrong::Malformed(error.to_string()))])?;
    let faults: Vec<_> = wrong_columns(&header).into_iter().map(|what| at(1, what)).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let (mut rows, mut faults, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(at(line, Wrong::Malformed(error.to_string())));
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() + faults.len() >= MOST_ROWS {
            faults.push(at(line, Wrong::TooMany));
            break;
        }
        match row(&header, &record, line) {
            Ok(row) => {
                faults.extend(repeated(&row, &mut seen).into_iter().map(|what| at(line, what)));
                rows.push(row);
            }
            Err(wrong) => faults.extend(wrong.into_iter().map(|what| at(line, what))),
        }
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push(at(1, Wrong::Empty));
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

/// Names the lines that are not UTF-8, as far as a list may be long.
fn not_utf8(bytes: &[u8]) -> Vec<Fault> {
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let wrong = lines.filter(|(_, line)| std::str::from_utf8(line).is_err());
    wrong.take(MOST_ROWS).map(|(line, _)| Fault { line, what: Wrong::NotUtf8 }).collect()
}

fn wrong_columns(header: &StringRecord) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (index, name) in header.iter().enumerate() {
        let known = matches!(name, "person" | "template" | "serial" | "card-id" | "comment");
        if !known && name.strip_prefix(DATA).is_none_or(str::is_empty) {
            wrong.push(Wrong::UnknownColumn(name.to_owned()));
        }
        if header.iter().take(index).any(|earlier| earlier == name) {
            wrong.push(Wrong::ColumnTwice(name.to_owned()));
        }
    }
    if !header.iter().any(|name| name == "person") {
        wrong.push(Wrong::NoPerson);
    }
    wrong
}

/// Reads one line after the header.
fn row(header: &StringRecord, record: &StringRecord, line: u64) -> Result<Row, Vec<Wrong>> {
    if record.len() != header.len() {
        return Err(vec![Wrong::Fields { found: record.len(), wanted: header.len() }]);
    }
    let (mut row, mut wrong) = (Row { line, ..Row::default() }, Vec::new());
    for (name, value) in header.iter().zip(record.iter()) {
        if value.chars().count() > LONGEST_FIELD {
            wrong.push(Wrong::TooLong(name.to_owned()));
        }
        if value.chars().any(is_hidden) {
            wrong.push(Wrong::Hidden(name.to_owned()));
        }
        let given = Some(value.to_owned()).filter(|value| !value.is_empty());
        match (name, given) {
            ("person", Some(value)) => row.person = value,
            ("template", value) => row.template = value,
            ("serial", value) => row.wish.serial = value,
            ("comment", value) => row.comment = value.unwrap_or_default(),
            ("card-id", Some(value)) => match value.trim_matches(['{', '}']).parse() {
                Ok(id) => row.wish.card_id = Some(id),
                Err(_) => wrong.push(Wrong::CardId(value)),
            },
            (name, Some(value)) if name.starts_with(DATA) => {
                let name = name.trim_start_matches(DATA).to_owned();
                row.data.push(DataItem { name, value: Some(value) });
            }
            _ => {}
        }
    }
    if row.person.is_empty() {
        wrong.push(Wrong::NobodyNamed);
    }
    if wrong.is_empty() { Ok(row) } else { Err(wrong) }
}

/// Says what of a row stood in an earlier one: a person, or a card.
fn repeated(row: &Row, seen: &mut HashMap<String, u64>) -> Vec<Wrong> {
    let Wish { serial, card_id } = &row.wish;
    let named = [
        Some(format!("{:?}", row.person.to_lowercase())),
        serial.as_ref().map(|serial| format!("the card with serial {:?}", serial.to_lowercase())),
        card_id.map(|id| format!("the card {id}")),
    ];
    let mut wrong = Vec::new();
    for what in named.into_iter().flatten() {
        let first = *seen.entry(what.clone()).or_insert(row.line);
        if first != row.line {
            wrong.push(Wrong::Repeated { what, first });
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &[u8]) -> Vec<(u64, Wrong)> {
        read(text).unwrap_err().into_iter().map(|fault| (fault.line, fault.what)).collect()
    }

    #[test]
    fn a_list_says_who_gets_which_card() {
        let text = "\u{feff}person,serial,card-id,template,comment,data.Room\n\
                    ursula,,,,\"new, starts in May\",4711\n\
                    Łukasz@example.test,12345,{5B1E7C2A-90D4-4B8E-A3F6-1D2C8E47B905},Staff,,\n";
        let rows = read(text.as_bytes()).unwrap();
        assert_eq!(
            (rows[0].line, rows[0].person.as_str(), rows[0].comment.as_str()),
            (2, "ursula", "new, starts in May")
        );
        assert_eq!((rows[0].data[0].name.as_str(), rows[0].data[0].value.as_deref()), ("Room", Some("4711")));
        assert!(rows[0].wish.is_open() && rows[1].data.is_empty());
        let id = rows[1].wish.card_id.unwrap();
        assert_eq!((rows[1].line, rows[1].person.as_str()), (3, "Łukasz@example.test"));
        assert!(
            rows[1].wish.fits(id, "12345 ") && !rows[1].wish.fits(id, "1") && !rows[1].wish.fits(Uuid::nil(), "12345")
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line() {
        let columns = wrong(b"name,data.,comment,comment\nx,y,z,z\n");
        let (name, data) = (Wrong::UnknownColumn("name".into()), Wrong::UnknownColumn("data.".into()));
        let expected = [name, data, Wrong::ColumnTwice("comment".into()), Wrong::NoPerson].map(|what| (1, what));
        assert_eq!(columns, expected);

        let long = "x".repeat(LONGEST_FIELD + 1);
        let text = format!("person,card-id\na,\nA,\n,\nb,7\nc\n{long},\nd\u{200b},\n");
        let repeated = Wrong::Repeated { what: "\"a\"".into(), first: 2 };
        let expected = [
            (3, repeated),
            (4, Wrong::NobodyNamed),
            (5, Wrong::CardId("7".into())),
            (6, Wrong::Fields { found: 1, wanted: 2 }),
            (7, Wrong::TooLong("person".into())),
            (8, Wrong::Hidden("person".into())),
        ];
        assert_eq!(wrong(text.as_bytes()), expected);
        assert_eq!(wrong(b"person\nok\n\xff\xfe\n"), [(3, Wrong::NotUtf8)]);
        assert_eq!((wrong(b""), wrong(b"person\n")), (vec![(1, Wrong::NoPerson)], vec![(1, Wrong::Empty)]));
        let many: String = (0..=MOST_ROWS).map(|number| format!("p{number}\n")).collect();
        assert_eq!(wrong(format!("person\n{many}").as_bytes()), [(MOST_ROWS as u64 + 2, Wrong::TooMany)]);
    }
}
