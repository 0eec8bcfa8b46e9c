//! Users and their tokens as administrators see and change them; MIM has no call for it.

use super::check::FieldError;
use super::wire::body::body;
use super::wire::{Guid, Moment, MomentOrUnset, Plain, PlainOrNothing, SecretText, Text, TextList, TextOrNull};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The longest label, name or other text that is read, in characters.
const MAX_TEXT: usize = 256;

/// A user with what the server knows besides the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    pub disabled: bool,
}

body!(Account {
    uuid: "Uuid" => Guid,
    name: "Name" => Plain<String>,
    groups: "Groups" => TextList,
    upn: "Upn" => TextOrNull,
    email: "Email" => TextOrNull,
    sid: "Sid" => TextOrNull,
    disabled: "Disabled" => Plain<bool>,
});

/// The body that adds a user, who has no token yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAccount {
    pub name: String,
    pub groups: Option<Vec<String>>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
}

body!(NewAccount {
    name: "Name" => Plain<String>,
    groups: "Groups" => PlainOrNothing<Vec<String>>,
    upn: "Upn" => PlainOrNothing<String>,
    email: "Email" => PlainOrNothing<String>,
    sid: "Sid" => PlainOrNothing<String>,
});

/// The body that changes a user: what is absent stays, an empty text takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    pub groups: Option<Vec<String>>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    pub disabled: Option<bool>,
}

body!(AccountChange {
    groups: "Groups" => PlainOrNothing<Vec<String>>,
    upn: "Upn" => PlainOrNothing<String>,
    email: "Email" => PlainOrNothing<String>,
    sid: "Sid" => PlainOrNothing<String>,
    disabled: "Disabled" => PlainOrNothing<bool>,
});

/// The body that adds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub label: String,
    pub days: u32,
}

body!(NewToken { label: "Label" => Text, days: "Days" => Plain<u32> });

impl NewToken {
    /// Refuses a label that is too long.
    pub fn check(&self) -> Result<(), FieldError> {
        match self.label.chars().count() {
            found if found > MAX_TEXT => {
                Err(FieldError::TooMuch { field: "Label", found, most: MAX_TEXT, unit: "characters" })
            }
            _ => Ok(()),
        }
    }
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub uuid: Uuid,
    pub label: String,
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    /// To the hour or so.
    pub last_used: Option<OffsetDateTime>,
    pub revoked: Option<OffsetDateTime>,
}

body!(Token {
    uuid: "Uuid" => Guid,
    label: "Label" => Text,
    created: "Created" => Moment,
    expires: "Expires" => Moment,
    last_used: "LastUsed" => MomentOrUnset,
    revoked: "Revoked" => MomentOrUnset,
});

/// A token at the one moment it is told. It is a secret, so it is not shown.
pub struct GivenToken {
    pub uuid: Uuid,
    pub bearer: Zeroizing<String>,
    pub expires: OffsetDateTime,
}

body!(GivenToken { uuid: "Uuid" => Guid, bearer: "Bearer" => SecretText, expires: "Expires" => Moment });
