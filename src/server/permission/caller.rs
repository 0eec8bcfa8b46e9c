//! Describes the person who calls: name, groups, roles, and by what the person came in.

use super::visit::OneRequest;
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::store::UserRecord;
use crate::template::{Attributes, Principal, UserAttribute};
use time::OffsetDateTime;
use uuid::Uuid;

/// Describes the user who calls, as `identity` has verified it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    pub roles: Roles,
    /// False: the caller acts for himself alone, whatever groups, roles and templates say; so it is by a certificate of
    /// the server's own CA, unless its template says otherwise.
    pub bears_roles: bool,
    /// By what the user came in.
    pub shown: Shown,
}

impl Caller {
    /// Returns what a visit for one request reaches; `None` where the caller is on no such visit.
    pub fn only(&self) -> Option<&OneRequest> {
        match &self.shown {
            Shown::Visit { only, .. } => only.as_ref(),
            Shown::Bearer(_)
            | Shown::Oidc
            | Shown::Negotiate
            | Shown::Certificate
            | Shown::Session(_)
            | Shown::Link(_)
            | Shown::Page { .. } => None,
        }
    }
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

/// Names a duty, which `[roles]` gives and no template does. None lets a caller execute, approve or read a card's
/// secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Changes users and their bearer records through the API.
    ManageUsers,
    /// Sees all requests, and the cards, profiles and certificates of everybody.
    SeeEverything,
    ReadAudit,
    /// Lets people in at a kiosk, for a short time, by what they show.
    LetIn,
}

impl Duty {
    /// Lists all duties.
    pub const ALL: [Self; 4] = [Self::ManageUsers, Self::SeeEverything, Self::ReadAudit, Self::LetIn];

    /// Returns the word that callers see.
    pub fn name(self) -> &'static str {
        match self {
            Self::ManageUsers => "manage-users",
            Self::SeeEverything => "see-everything",
            Self::ReadAudit => "read-audit",
            Self::LetIn => "let-in",
        }
    }
}

/// Holds the roles of a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    admin: bool,
    auditor: bool,
    operator: bool,
    kiosk: bool,
}

impl Roles {
    /// Returns the roles that the user of this name and these groups has.
    pub fn of(settings: &RoleSettings, name: &str, groups: &[String]) -> Self {
        let has = |principals: &[Principal]| principals.iter().any(|principal| principal.includes(name, groups));
        Self {
            admin: has(&settings.admin),
            auditor: has(&settings.auditor),
            operator: has(&settings.operator),
            kiosk: has(&settings.kiosk),
        }
    }

    /// Says whether one of the roles has this duty.
    pub fn include(self, duty: Duty) -> bool {
        let Self { admin, auditor, operator, kiosk } = self;
        match duty {
            Duty::ManageUsers => admin,
            Duty::SeeEverything => admin || auditor || operator,
            Duty::ReadAudit => admin || auditor,
            Duty::LetIn => kiosk,
        }
    }
}

/// Says by what a caller came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// One of the server's own bearer tokens, by the id of its record.
    Bearer(Uuid),
    Oidc,
    Negotiate,
    Certificate,
    /// A session of a program, begun after another way in.
    Session(Uuid),
    /// A link that an administrator has made, once.
    Link(Uuid),
    /// A session of the pages for people, and when its user last proved to be there, if ever.
    Page {
        session: Uuid,
        proven: Option<OffsetDateTime>,
    },
    /// A visit that a kiosk has begun.
    Visit {
        visit: Uuid,
        /// What the caller reaches alone; `None`: all that a person may do for himself.
        only: Option<OneRequest>,
    },
}
