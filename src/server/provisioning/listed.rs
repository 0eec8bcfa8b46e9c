//! What a list says of people, row by row, and what is wrong with a row.

use std::collections::BTreeMap;

/// Names the attribute that holds how people call somebody.
pub const DISPLAY_NAME: &str = "display-name";

/// Holds what a row says of a person. What a row leaves empty is not said, and stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedPerson {
    /// The account's name.
    pub name: String,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    /// All groups, in place of those before.
    pub groups: Option<Vec<String>>,
    /// By name in lower case; [`DISPLAY_NAME`] among them.
    pub attributes: BTreeMap<String, String>,
    /// Says that the person comes in with a bearer token of this server.
    pub token: bool,
}

/// Holds a row by its line.
#[derive(Debug)]
pub struct Listed {
    pub line: u64,
    pub person: Result<ListedPerson, RowFault>,
}

/// Says why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    #[error("it has no account name")]
    Nameless,
    #[error("its \"{0}\" is not written in UTF-8, but perhaps in Latin-1 (Windows-1252): save the list as UTF-8")]
    NotUtf8(String),
    #[error("its \"{0}\" has a character that is not seen: a control character, or one of no width or of direction")]
    Hidden(String),
    #[error("its \"{0}\" has more than {1} characters; perhaps a quotation mark is open")]
    TooLong(String, usize),
    #[error("it has {given} columns where the first line has {named}")]
    Columns { given: usize, named: usize },
    #[error("its \"token\" is \"{0}\", neither yes nor no")]
    Token(String),
}
