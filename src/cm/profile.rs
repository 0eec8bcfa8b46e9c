//! Profiles: a user's set of certificates made from one template.

use super::wire::body::body;
use super::wire::{Described, Guid, GuidOrEmpty, Numbered, PlainOr, Spelling, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// Names the statuses of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileStatus {
    New,
    Active,
    Disabled,
    Suspended,
    Retired,
    /// A number without a known name, from a MIM server's answer.
    Other(u32),
}

/// Describes a profile as `GET profiles` shows it.
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

body!(Profile {
    uuid: "Uuid" => Guid,
    status: "Status" => Numbered<ProfileStatus>,
    flags: "Flags" => PlainOr<u32>,
    parent: "ParentProfileUuid" => GuidOrEmpty,
    primary: "PrimaryProfileUuid" => GuidOrEmpty,
    assigned_user: "AssignedUserUuid" => Guid,
    profile_template: "ProfileTemplateUuid" => Guid,
    profile_template_version: "ProfileTemplateVersion" => PlainOr<u32>,
    comment: "Comment" => Text,
    operations: "ProfileOperations" => OperationNames,
});

/// Names what may be asked for a profile or card in its status; lower-case names on the wire.
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

/// Spells operations as an array of lower-case names. Reading skips unknown names, because an operation without a name
/// here cannot be asked for.
pub struct OperationNames;

impl Spelling for OperationNames {
    type Value = Vec<Operation>;

    fn schema() -> Value {
        Vec::<String>::schema()
    }

    fn write<S: Serializer>(value: &Vec<Operation>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(value.iter().map(|operation| operation.name()))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Operation>, D::Error> {
        let names = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(names.iter().filter_map(|name| Operation::from_name(name)).collect())
    }

    fn absent() -> Option<Vec<Operation>> {
        Some(Vec::new())
    }
}

/// Answers `GET profiles/{id}/operations` and `GET smartcards/{id}/operations`: an array of names.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Operations(pub Vec<Operation>);

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OperationNames::write(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Operations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OperationNames::read(deserializer).map(Self)
    }
}
