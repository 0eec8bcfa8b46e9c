//! What a refusal names, apart from its sentence.

use crate::cm::check::FieldError;
use crate::cm::request::RequestStatus;
use crate::cm::smartcard::SmartcardStatus;
use crate::server::users::rules::AccountRefusal;
use time::OffsetDateTime;

/// Is something that a refusal names, so that it can be told in any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A name, or what the caller has given.
    Text(String),
    Number(u64),
    Moment(OffsetDateTime),
    /// How long, in seconds.
    Seconds(u64),
    Request(RequestStatus),
    Card(SmartcardStatus),
}

/// Returns what a refusal to write an account names.
pub fn account_facts(refusal: &AccountRefusal) -> Vec<(&'static str, Fact)> {
    match refusal {
        AccountRefusal::Domain(text)
        | AccountRefusal::Name(text)
        | AccountRefusal::Email(text)
        | AccountRefusal::Sid(text)
        | AccountRefusal::LinkOfDisabled(text)
        | AccountRefusal::FromDirectory(text) => vec![("text", Fact::Text(text.clone()))],
        AccountRefusal::CodeUsed { at, from } | AccountRefusal::LinkUsed { at, from } => {
            vec![("at", Fact::Moment(*at)), ("address", Fact::Text(from.clone()))]
        }
        AccountRefusal::CodeOver { ends } | AccountRefusal::LinkOver { ends } => vec![("until", Fact::Moment(*ends))],
        AccountRefusal::UserExists
        | AccountRefusal::NotUnique(_)
        | AccountRefusal::TooManyGroups
        | AccountRefusal::Text
        | AccountRefusal::Attribute
        | AccountRefusal::Identity
        | AccountRefusal::IdentityOfDirectory
        | AccountRefusal::IdentityTaken
        | AccountRefusal::TooManyIdentities
        | AccountRefusal::IdentityUnknown
        | AccountRefusal::Lifetime
        | AccountRefusal::TooManyBearers
        | AccountRefusal::CodeUnknown
        | AccountRefusal::LinkLifetime
        | AccountRefusal::LinkUnknown
        | AccountRefusal::NotByBearer => Vec::new(),
    }
}

/// Returns what a refused field of a body names.
pub fn field_facts(error: &FieldError) -> Vec<(&'static str, Fact)> {
    match error {
        FieldError::TooMuch { found, most, .. } => {
            vec![("found", Fact::Number(*found as u64)), ("most", Fact::Number(*most as u64))]
        }
        FieldError::Repeated { name, .. } => vec![("item", Fact::Text(name.clone()))],
        FieldError::Missing { .. }
        | FieldError::Misplaced { .. }
        | FieldError::Both { .. }
        | FieldError::HiddenCharacter { .. } => Vec::new(),
    }
}
