//! Profiles: a user's set of certificates made from one template.

use uuid::Uuid;

/// The life of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileStatus {
    New,
    Active,
    Disabled,
    Suspended,
    Retired,
}

/// A profile as `GET profiles` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub uuid: Uuid,
    pub status: ProfileStatus,
    pub flags: u32,
    pub parent: Option<Uuid>,
    pub primary: Option<Uuid>,
    pub assigned_user: Uuid,
    pub profile_template: Uuid,
    pub profile_template_version: u32,
    pub comment: String,
    pub operations: Vec<Operation>,
}

/// What may be asked for a profile or card in its state; lower-case names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    OnlineUpdate,
    Renew,
    Recover,
    RecoverOnBehalf,
    Retire,
    Revoke,
    Unblock,
    Disable,
}
