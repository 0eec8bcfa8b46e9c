//! Checks a user's record: its bounds, and which texts may stand in it.

use crate::ca::is_sid;
use crate::cm::hidden::is_hidden;
use crate::store::{UserRecord, UserSource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the name of a user, group or attribute, in characters.
pub const MAX_NAME: usize = 128;
/// Bounds the groups of a user.
pub const MAX_GROUPS: usize = 64;
/// Bounds UPN, e-mail address, SID, label and an attribute's value, in characters.
pub const MAX_TEXT: usize = 256;
/// Bounds the attributes of a user.
pub const MAX_ATTRIBUTES: usize = 32;
/// Bounds the bearer records of one user that hold at one time.
pub const MAX_BEARERS: usize = 32;
/// Bounds the identities of issuers that stand for one user at one time.
pub const MAX_IDENTITIES: usize = 16;
/// Bounds how long a bearer token holds, in days.
pub const MAX_DAYS: u32 = 1096;

/// Bounds for how many minutes a link is good by which a person signs in once: a day.
pub const MAX_MINUTES: u32 = 24 * 60;

/// Says why a user or bearer record was not written.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefusal {
    #[error("there is a user of that name already, perhaps in another letter case or Unicode form")]
    UserExists,
    #[error(
        "another user has this {0}, perhaps in another letter case or Unicode form; two people never have the same: change \
         the other's first, or take another one"
    )]
    NotUnique(&'static str),
    #[error("\"{0}\" is in none of the domains that [people] of server.toml allows")]
    Domain(String),
    #[error(
        "\"{0}\" is no name for a user or group: up to {MAX_NAME} characters, none of them \":\" or one that is not seen (a \
         control character, one of no width or of direction)"
    )]
    Name(String),
    #[error("a user is in at most {MAX_GROUPS} groups")]
    TooManyGroups,
    #[error(
        "UPN, e-mail address, SID and label have up to {MAX_TEXT} characters, none of them one that is not seen (a control \
         character, one of no width or of direction)"
    )]
    Text,
    #[error("\"{0}\" is no e-mail address that mail can be sent to: name@domain")]
    Email(String),
    #[error("\"{0}\" is no security identifier such as S-1-5-21-1-2-3-1104")]
    Sid(String),
    #[error(
        "an attribute is a name of a-z, 0-9 and -, and a value of up to {MAX_TEXT} characters; at most {MAX_ATTRIBUTES}"
    )]
    Attribute,
    #[error(
        "issuer and subject of an identity have 1 to {MAX_TEXT} characters, none of them one that is not seen (a control \
         character, one of no width or of direction)"
    )]
    Identity,
    #[error("identities of the directory are taken over from there, and linked by nobody")]
    IdentityOfDirectory,
    #[error("this identity stands for another user; unlink it there first")]
    IdentityTaken,
    #[error("a user has at most {MAX_IDENTITIES} identities; unlink one first")]
    TooManyIdentities,
    #[error("no such identity stands for that user")]
    IdentityUnknown,
    #[error("a token holds for 1 to {MAX_DAYS} days")]
    Lifetime,
    #[error("a user has at most {MAX_BEARERS} tokens that hold; revoke one first")]
    TooManyBearers,
    #[error("no account awaits this activation code; look at it once more, or have an administrator make another")]
    CodeUnknown,
    #[error("this activation code was good until {ends}; have an administrator make another")]
    CodeOver { ends: OffsetDateTime },
    #[error(
        "this activation code was used at {at} from {from}: if that was not you, somebody else has your token. Tell an \
         auditor at once, who can have it revoked"
    )]
    CodeUsed { at: OffsetDateTime, from: String },
    #[error("a link is good for 1 to {MAX_MINUTES} minutes")]
    LinkLifetime,
    #[error("\"{0}\" is disabled, and nobody comes in by a link as somebody who is; enable the account first")]
    LinkOfDisabled(String),
    #[error(
        "there is no such link, or a newer one was made; look at it once more, or have an administrator make another"
    )]
    LinkUnknown,
    #[error("this link was good until {ends}; have an administrator make another")]
    LinkOver { ends: OffsetDateTime },
    #[error(
        "this link was used at {at} from {from}: if that was not you, somebody else has come in as you. Tell an auditor at \
         once, who can have the account disabled"
    )]
    LinkUsed { at: OffsetDateTime, from: String },
    #[error("\"{0}\" comes from the directory, and all but being disabled is changed there")]
    FromDirectory(String),
    #[error("this is for callers with a token of this server; come in with the one that is meant")]
    NotByBearer,
}

/// Returns the record of a new user; what is empty is left out.
pub fn local_user(uuid: Uuid, name: String, groups: Vec<String>, texts: [Option<String>; 3]) -> UserRecord {
    let [upn, email, sid] = texts.map(|text| text.filter(|text| !text.is_empty()));
    let (attributes, disabled, source) = (BTreeMap::new(), false, UserSource::Local);
    UserRecord { uuid, name, groups, upn, email, sid, attributes, disabled, source }
}

/// Checks a user's record before it is written. What stood in it `before` may stay, whatever rule has come since.
pub fn check(user: &UserRecord, before: Option<&UserRecord>) -> Result<(), AccountRefusal> {
    let had_name = |name: &String| before.is_some_and(|before| before.name == *name || before.groups.contains(name));
    let had = |text: &String| before.is_some_and(|before| texts(before).any(|known| known == text));
    if user.groups.len() > MAX_GROUPS {
        return Err(AccountRefusal::TooManyGroups);
    }
    if let Some(bad) = [&user.name].into_iter().chain(&user.groups).find(|name| !is_name(name) && !had_name(name)) {
        return Err(AccountRefusal::Name(bad.clone()));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let writable = |(name, value): (&String, &String)| {
        !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain) && (is_text(value) || had(value))
    };
    if user.attributes.len() > MAX_ATTRIBUTES || !user.attributes.iter().all(writable) {
        return Err(AccountRefusal::Attribute);
    }
    if let Some(sid) = user.sid.as_ref().filter(|sid| !is_sid(sid)) {
        return Err(AccountRefusal::Sid(sid.clone()));
    }
    let written = [&user.upn, &user.email, &user.sid];
    if written.into_iter().flatten().all(|text| !text.is_empty() && (is_text(text) || had(text))) {
        Ok(())
    } else {
        Err(AccountRefusal::Text)
    }
}

/// Refuses an e-mail address that nobody can use; one that stood in the record `before` may stay. Whoever comes from a
/// directory or an issuer has the address that is known there, and comes in whatever it is.
pub fn check_email(user: &UserRecord, before: Option<&UserRecord>) -> Result<(), AccountRefusal> {
    let had = before.and_then(|before| before.email.as_ref());
    match user.email.as_ref().filter(|email| had != Some(email) && !is_email(email)) {
        Some(email) => Err(AccountRefusal::Email(email.clone())),
        None => Ok(()),
    }
}

/// Says whether mail can be sent to a text: name, one `@`, and labels with dots between them. What a mail server makes of
/// the letters is its own.
fn is_email(text: &str) -> bool {
    let labels = |domain: &str| domain.split('.').all(|label| !label.is_empty() && !label.contains('@'));
    let parts = text.split_once('@').filter(|(name, domain)| !name.is_empty() && labels(domain));
    parts.is_some() && !text.contains(char::is_whitespace)
}

/// Names the directory among the issuers whose word stands for an account; its identities are the directory's to give.
pub const DIRECTORY: &str = "directory";

/// Checks the issuer and subject of an identity that somebody links with an account.
pub fn check_link(issuer: &str, subject: &str) -> Result<(), AccountRefusal> {
    if issuer == DIRECTORY { Err(AccountRefusal::IdentityOfDirectory) } else { check_identity(issuer, subject) }
}

/// Checks the issuer and subject of an identity.
pub fn check_identity(issuer: &str, subject: &str) -> Result<(), AccountRefusal> {
    let fits = [issuer, subject].into_iter().all(|text| !text.is_empty() && is_text(text));
    if fits { Ok(()) } else { Err(AccountRefusal::Identity) }
}

/// Lists the texts of a record besides names.
fn texts(user: &UserRecord) -> impl Iterator<Item = &String> {
    [&user.upn, &user.email, &user.sid].into_iter().flatten().chain(user.attributes.values())
}

/// Says whether a text may name a user or group: not empty, no blanks around it, neither hidden characters nor `:`.
pub fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=MAX_NAME).contains(&length)
        && name.trim() == name
        && !name.chars().any(|character| is_hidden(character) || character == ':')
}

/// Says whether a text may stand in a record: not too long, no hidden characters.
pub fn is_text(text: &str) -> bool {
    text.chars().count() <= MAX_TEXT && !text.chars().any(is_hidden)
}

/// Says what to change of a user; `None` leaves it as it is, an empty text removes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UserChange {
    pub groups: Option<Vec<String>>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
    pub disabled: Option<bool>,
}

impl UserChange {
    /// Refuses what the directory alone changes: names and groups of people who come from it, and to enable those whom it
    /// has disabled.
    pub fn check_source(&self, user: &UserRecord) -> Result<(), AccountRefusal> {
        let Self { groups, upn, email, sid, disabled } = self;
        let told = groups.is_some() || [upn, email, sid].into_iter().any(Option::is_some);
        let refused = match user.source {
            UserSource::Local | UserSource::Issuer => false,
            UserSource::Directory => told,
            UserSource::DirectoryDisabled => told || *disabled == Some(false),
        };
        if refused { Err(AccountRefusal::FromDirectory(user.name.clone())) } else { Ok(()) }
    }

    /// Returns the changed record.
    pub fn applied(self, user: UserRecord) -> UserRecord {
        let text = |new: Option<String>, old| match new {
            None => old,
            Some(text) => Some(text).filter(|text| !text.is_empty()),
        };
        UserRecord {
            groups: self.groups.unwrap_or(user.groups),
            upn: text(self.upn, user.upn),
            email: text(self.email, user.email),
            sid: text(self.sid, user.sid),
            disabled: self.disabled.unwrap_or(user.disabled),
            ..user
        }
    }
}
