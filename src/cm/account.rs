//! Users and their bearer tokens, as administrators see and change them. MIM has no calls for this.

use super::check::FieldError;
use super::wire::body::body;
use super::wire::{
    ActivationCodeOrNothing, Guid, GuidOrNothing, LinkCodeOrNothing, Moment, MomentOrUnset, Plain, PlainOrNothing,
    SecretText, Text, TextList, TextOrNothing, TextOrNull,
};
use crate::secret::{ActivationCode, LinkCode};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Bounds the label of a bearer token, in characters.
const MAX_TEXT: usize = 256;

/// Describes a user with everything the server knows about them.
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

impl Account {
    /// Says whether this is one of the person's names, in capitals or not.
    pub fn is_called(&self, what: &str) -> bool {
        let names = [Some(&self.name), self.upn.as_ref(), self.email.as_ref()];
        names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(what))
    }
}

/// Holds the body that adds a user. The user has no bearer token at first.
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

/// Holds the body that changes a user: an absent field stays as it is, an empty text removes the value.
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

/// Holds the body that adds a bearer token, valid for `days` days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBearer {
    pub label: String,
    pub days: u32,
}

body!(NewBearer as NewToken { label: "Label" => Text, days: "Days" => Plain<u32> });

impl NewBearer {
    /// Refuses a label of more than 256 characters.
    pub fn check(&self) -> Result<(), FieldError> {
        match self.label.chars().count() {
            found if found > MAX_TEXT => {
                Err(FieldError::TooMuch { field: "Label", found, most: MAX_TEXT, unit: "characters" })
            }
            _ => Ok(()),
        }
    }
}

/// Describes a bearer token as lists show it, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerEntry {
    pub uuid: Uuid,
    pub label: String,
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    /// Accurate to about an hour.
    pub last_used: Option<OffsetDateTime>,
    pub revoked: Option<OffsetDateTime>,
    /// Until when its owner can make it with an activation code; none where that is done, or no code was made.
    pub awaited: Option<OffsetDateTime>,
    /// When the activation code was used, and from which address.
    pub activated: Option<OffsetDateTime>,
    pub activated_from: String,
}

body!(BearerEntry as Token {
    uuid: "Uuid" => Guid,
    label: "Label" => Text,
    created: "Created" => Moment,
    expires: "Expires" => Moment,
    last_used: "LastUsed" => MomentOrUnset,
    revoked: "Revoked" => MomentOrUnset,
    awaited: "Awaited" => MomentOrUnset,
    activated: "Activated" => MomentOrUnset,
    activated_from: "ActivatedFrom" => TextOrNothing,
});

/// Holds a new bearer token, which is shown once. It is a secret, so the type cannot be printed.
pub struct GivenBearer {
    pub uuid: Uuid,
    pub bearer: Zeroizing<String>,
    pub expires: OffsetDateTime,
}

body!(GivenBearer as GivenToken { uuid: "Uuid" => Guid, bearer: "Bearer" => SecretText, expires: "Expires" => Moment });

/// Holds the code with which the owner of a bearer token makes it, once. It is a secret, so the type cannot be printed.
pub struct GivenCode {
    /// Names the bearer token, also before it is made.
    pub uuid: Uuid,
    pub code: Option<ActivationCode>,
    /// The code is good until then.
    pub ends: OffsetDateTime,
}

body!(GivenCode {
    uuid: "Uuid" => Guid,
    code: "Code" => ActivationCodeOrNothing,
    ends: "Ends" => Moment,
});

/// Holds the body with which an owner makes a bearer token.
pub struct ShownCode {
    pub code: Option<ActivationCode>,
}

body!(ShownCode { code: "Code" => ActivationCodeOrNothing });

/// Holds the body that makes a link by which a user signs in once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewLink {
    /// For how many minutes it is good; `None`: 15.
    pub minutes: Option<u32>,
}

body!(NewLink { minutes: "Minutes" => PlainOrNothing<u32> });

/// Holds the code of a link by which a user signs in once. It is a secret, so the type cannot be printed.
pub struct GivenLink {
    pub uuid: Uuid,
    /// `None`: it was mailed to the user, and is told to nobody else.
    pub code: Option<LinkCode>,
    /// The code is good until then.
    pub ends: OffsetDateTime,
}

body!(GivenLink { uuid: "Uuid" => Guid, code: "Code" => LinkCodeOrNothing, ends: "Ends" => Moment });

/// Describes an identity of an issuer of tokens that stands for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedIdentity {
    pub uuid: Uuid,
    /// Both letter by letter, as the claims have them.
    pub issuer: String,
    pub subject: String,
}

body!(LinkedIdentity { uuid: "Uuid" => Guid, issuer: "Issuer" => Plain<String>, subject: "Subject" => Plain<String> });

/// Holds the body that has an identity stand for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    pub issuer: String,
    pub subject: String,
}

body!(NewIdentity { issuer: "Issuer" => Plain<String>, subject: "Subject" => Plain<String> });

/// Describes a change of an account that one administrator proposes and another one confirms. What is not to be changed
/// is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub uuid: Uuid,
    /// "add-user", "change-user", "add-token", "make-link" or "link-identity".
    pub kind: String,
    /// "open", "confirmed", "rejected" or "over".
    pub state: String,
    pub account: Uuid,
    pub name: String,
    pub groups: Option<Vec<String>>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    pub disabled: Option<bool>,
    pub label: Option<String>,
    pub days: Option<u32>,
    pub minutes: Option<u32>,
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub proposer: Uuid,
    pub proposed: OffsetDateTime,
    /// It can be confirmed until then.
    pub ends: OffsetDateTime,
    pub decider: Option<Uuid>,
    pub decided: Option<OffsetDateTime>,
}

body!(Proposal {
    uuid: "Uuid" => Guid,
    kind: "Kind" => Text,
    state: "State" => Text,
    account: "Account" => Guid,
    name: "Name" => Text,
    groups: "Groups" => PlainOrNothing<Vec<String>>,
    upn: "Upn" => PlainOrNothing<String>,
    email: "Email" => PlainOrNothing<String>,
    sid: "Sid" => PlainOrNothing<String>,
    disabled: "Disabled" => PlainOrNothing<bool>,
    label: "Label" => PlainOrNothing<String>,
    days: "Days" => PlainOrNothing<u32>,
    minutes: "Minutes" => PlainOrNothing<u32>,
    issuer: "Issuer" => PlainOrNothing<String>,
    subject: "Subject" => PlainOrNothing<String>,
    proposer: "Proposer" => Guid,
    proposed: "Proposed" => Moment,
    ends: "Ends" => Moment,
    decider: "Decider" => GuidOrNothing,
    decided: "Decided" => MomentOrUnset,
});

/// Holds what a confirmed proposal has come to: for a bearer token its activation code, for a link its code.
pub struct Confirmed {
    pub account: Uuid,
    pub token: Option<Uuid>,
    pub code: Option<ActivationCode>,
    pub link: Option<Uuid>,
    pub link_code: Option<LinkCode>,
    /// The code is good until then.
    pub ends: Option<OffsetDateTime>,
}

body!(Confirmed {
    account: "Account" => Guid,
    token: "Token" => GuidOrNothing,
    code: "Code" => ActivationCodeOrNothing,
    link: "Link" => GuidOrNothing,
    link_code: "LinkCode" => LinkCodeOrNothing,
    ends: "Ends" => MomentOrUnset,
});
