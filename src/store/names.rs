//! Says what names people, and folds names that are told apart by letter case or Unicode form alone.

use super::record::UserRecord;
use unicode_normalization::UnicodeNormalization;

/// Names what tells one person from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    Name,
    Upn,
    Email,
    Sid,
}

impl NameKind {
    /// Lists all kinds.
    pub const ALL: [Self; 4] = [Self::Name, Self::Upn, Self::Email, Self::Sid];

    /// Returns the word that the database keeps.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Upn => "upn",
            Self::Email => "email",
            Self::Sid => "sid",
        }
    }

    /// Returns how people call it.
    pub fn told(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Upn => "UPN",
            Self::Email => "e-mail address",
            Self::Sid => "security identifier",
        }
    }

    /// Returns this name of a user.
    pub fn of(self, user: &UserRecord) -> Option<&str> {
        match self {
            Self::Name => Some(&user.name),
            Self::Upn => user.upn.as_deref(),
            Self::Email => user.email.as_deref(),
            Self::Sid => user.sid.as_deref(),
        }
    }
}

/// Folds a text by letter case and compatibility (Unicode Standard Annex 15, NFKC): texts that people take for one and
/// the same become equal.
pub fn folded(text: &str) -> String {
    let upper = text.nfkc().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfkc().collect()
}
