//! What became of whom in a pass.

use super::listed::RowFault;
use crate::directory::Problem;
use crate::server::users::rules::AccountRefusal;
use time::OffsetDateTime;

/// Bounds the rows of each kind that a report keeps; the counts go on.
const MOST_ROWS: usize = 2000;

/// Says what a person of the directory or of a list comes to.
#[derive(Debug)]
pub enum Standing {
    New,
    /// What of the account changes.
    Changed(Vec<String>),
    /// The account was another's to change, and is handed over to the directory.
    Adopted,
    Same,
    /// The directory knows the person no more, who is disabled here.
    Gone,
    /// As the directory has the person, nothing is taken over; being disabled and groups are all the same.
    Refused(Reason),
}

/// Says why somebody is not taken over.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("{0}")]
    Entry(#[from] Problem),
    #[error("{0}")]
    Row(#[from] RowFault),
    #[error("{0}")]
    Account(#[from] AccountRefusal),
    #[error("the {what} \"{text}\" is another person's too, in the directory itself; two people never have the same")]
    Shared { what: &'static str, text: String },
    #[error(
        "the account \"{account}\" has this {what} already and does not come from the directory; where it is the same \
         person, --adopt hands it over"
    )]
    Taken { what: &'static str, account: String },
    #[error("the account \"{account}\" has this uuid and does not come from the directory")]
    NotFromHere { account: String },
    #[error(
        "line {line} has the {what} \"{text}\" too; two people never have the same, and neither of the two is taken over"
    )]
    Repeated { what: &'static str, text: String, line: u64 },
    #[error(
        "the account \"{account}\" is somebody else's by all that is known of it ({known}): two people of one name need two account \
         names; where it is the same person, \"server user change\" says so"
    )]
    Another { account: String, known: String },
    #[error("the account \"{account}\" was changed by somebody else meanwhile; look at the list once more")]
    Meanwhile { account: String },
    #[error("nobody changes himself; another administrator must")]
    Oneself,
    #[error(
        "it would give or take a part, or change by what somebody who has one comes in, and that needs a second administrator: \
         change this person alone, and have another administrator confirm it"
    )]
    Second,
    #[error(
        "{gone} of {known} would be disabled at once, for the directory shows them no more; where that is right, --many-gone does it"
    )]
    ManyGone { gone: usize, known: usize },
}

impl Reason {
    /// Returns the stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry",
            Self::Row(RowFault::Nameless) => "nameless",
            Self::Row(RowFault::NotUtf8(_)) => "not-utf8",
            Self::Row(RowFault::Hidden(_)) => "hidden",
            Self::Row(RowFault::TooLong(..)) => "too-long",
            Self::Row(RowFault::Columns { .. }) => "columns",
            Self::Row(RowFault::Token(_)) => "token",
            Self::Account(AccountRefusal::Name(_)) => "name",
            Self::Account(AccountRefusal::Email(_)) => "email",
            Self::Account(AccountRefusal::Sid(_)) => "sid",
            Self::Account(AccountRefusal::NotUnique(_)) => "not-unique",
            Self::Account(AccountRefusal::Domain(_)) => "domain",
            Self::Account(AccountRefusal::FromDirectory(_)) => "from-directory",
            Self::Account(_) => "account",
            Self::Shared { .. } => "shared",
            Self::Taken { .. } => "taken",
            Self::NotFromHere { .. } => "not-from-here",
            Self::Repeated { .. } => "repeated",
            Self::Another { .. } => "another",
            Self::Meanwhile { .. } => "meanwhile",
            Self::Oneself => "oneself",
            Self::Second => "second",
            Self::ManyGone { .. } => "many-gone",
        }
    }
}

/// Holds what is told of one person.
#[derive(Debug)]
pub struct Row {
    /// Where the person stands in a list; `None`: the person comes from a directory.
    pub line: Option<u64>,
    /// The distinguished name; of one who is gone: the account's name.
    pub dn: String,
    pub name: String,
    pub groups: Vec<String>,
    pub standing: Standing,
}

/// Counts what became of everybody, and keeps the rows that tell something.
#[derive(Debug, Default)]
pub struct Report {
    pub new: usize,
    pub changed: usize,
    pub adopted: usize,
    pub same: usize,
    pub gone: usize,
    pub refused: usize,
    pub rows: Vec<Row>,
    /// Rows that are counted and not kept.
    pub left_off: usize,
    /// Groups of the directory that a rule names and that are not there.
    pub missing_groups: Vec<String>,
    /// When the first account ends of those that were read.
    pub first_end: Option<OffsetDateTime>,
    /// New revocation lists are to be made at once.
    pub outdate_list: bool,
    /// Everybody was read, not only whoever has changed.
    pub everybody: bool,
}

impl Report {
    /// Counts a row, and keeps it unless nothing changes, or too many of its kind are kept.
    pub fn add(&mut self, row: Row) {
        let count = match &row.standing {
            Standing::New => &mut self.new,
            Standing::Changed(_) => &mut self.changed,
            Standing::Adopted => &mut self.adopted,
            Standing::Same => {
                self.same += 1;
                return;
            }
            Standing::Gone => &mut self.gone,
            Standing::Refused(_) => &mut self.refused,
        };
        *count += 1;
        if *count <= MOST_ROWS {
            self.rows.push(row);
        } else {
            self.left_off += 1;
        }
    }

    /// Says whether anybody is not as before.
    pub fn tells(&self) -> bool {
        self.new + self.changed + self.adopted + self.gone + self.refused > 0
    }
}
