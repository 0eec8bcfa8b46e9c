//! The person who calls, as every controller knows one.

use crate::server::data_directory::settings::identity::RoleSettings;
use crate::store::UserRecord;
use crate::template::{Attributes, Principal, UserAttribute};
use uuid::Uuid;

/// A person who has shown who that is.
#[derive(Clone, Debug)]
pub struct Caller {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    pub roles: Roles,
    /// By what the person came in.
    pub shown: Shown,
}

impl Attributes for UserRecord {
    fn attribute(&self, attribute: &UserAttribute) -> Option<&str> {
        match attribute {
            UserAttribute::Name => Some(&self.name),
            UserAttribute::Upn => self.upn.as_deref(),
            UserAttribute::Email => self.email.as_deref(),
            UserAttribute::Sid => self.sid.as_deref(),
            UserAttribute::Other(name) => self.attributes.get(name).map(String::as_str),
        }
    }
}

/// What `[roles]` gives, and no template does. None of them executes, approves or reads a card's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Users and their tokens, through the API.
    ManageUsers,
    /// All requests, and what everybody holds.
    SeeEverything,
    ReadAudit,
}

impl Duty {
    pub const ALL: [Self; 3] = [Self::ManageUsers, Self::SeeEverything, Self::ReadAudit];

    /// Gives the word callers see.
    pub fn name(self) -> &'static str {
        match self {
            Self::ManageUsers => "manage-users",
            Self::SeeEverything => "see-everything",
            Self::ReadAudit => "read-audit",
        }
    }
}

/// The roles a caller has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    admin: bool,
    auditor: bool,
    operator: bool,
}

impl Roles {
    /// Finds out which roles the user of this name and these groups has.
    pub fn of(settings: &RoleSettings, name: &str, groups: &[String]) -> Self {
        let has = |principals: &[Principal]| principals.iter().any(|principal| principal.includes(name, groups));
        Self { admin: has(&settings.admin), auditor: has(&settings.auditor), operator: has(&settings.operator) }
    }

    /// The table of roles and duties.
    pub fn include(self, duty: Duty) -> bool {
        let Self { admin, auditor, operator } = self;
        match duty {
            Duty::ManageUsers => admin,
            Duty::SeeEverything => admin || auditor || operator,
            Duty::ReadAudit => admin || auditor,
        }
    }
}

/// What a caller has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A token of the server's own.
    Bearer(Uuid),
    Oidc,
    Negotiate,
    Certificate,
    Session(Uuid),
}
