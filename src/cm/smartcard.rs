//! Smart cards: the bodies that assign, show and update them, and their statuses.

use super::wire::body::body;
use super::wire::{
    BracedGuid, Guid, GuidOrEmpty, HexOrEmpty, HexOrNothing, Named, Numbered, PlainOr, Text, TextOrNothing,
};
use uuid::Uuid;

/// Names the statuses of a smart card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SmartcardStatus {
    New,
    Assigned,
    Active,
    Disabled,
    Suspended,
    Retired,
    /// A number without a known name, from a MIM server's answer.
    Other(u32),
}

impl SmartcardStatus {
    /// Says whether the card can be used, or is about to be.
    pub fn lives(self) -> bool {
        matches!(self, Self::Assigned | Self::Active | Self::Suspended)
    }
}

/// Describes a card as `GET smartcards/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smartcard {
    pub uuid: Uuid,
    pub status: SmartcardStatus,
    pub flags: u32,
    pub parent: Option<Uuid>,
    pub primary: Option<Uuid>,
    pub permanent: Option<Uuid>,
    pub assigned_user: Uuid,
    pub profile_template: Uuid,
    pub profile_template_version: u32,
    pub comment: String,
    /// The card id; on the wire `"{guid}"` with braces.
    pub serial_number: Uuid,
    pub middleware: String,
    /// Answer to reset, lower-case hexadecimal; may be empty.
    pub atr: String,
}

body!(Smartcard {
    uuid: "Uuid" => Guid,
    status: "Status" => Numbered<SmartcardStatus>,
    flags: "Flags" => PlainOr<u32>,
    parent: "ParentSmartcardUuid" => GuidOrEmpty,
    primary: "PrimarySmartcardUuid" => GuidOrEmpty,
    permanent: "PermanentSmartcardUuid" => GuidOrEmpty,
    assigned_user: "AssignedUserUuid" => Guid,
    profile_template: "ProfileTemplateUuid" => Guid,
    profile_template_version: "ProfileTemplateVersion" => PlainOr<u32>,
    comment: "Comment" => Text,
    serial_number: "SerialNumber" => BracedGuid,
    middleware: "Middleware" => Text,
    atr: "Atr" => HexOrEmpty,
});

/// Holds the body of `POST smartcards`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AssignSmartcard {
    pub request: Uuid,
    pub card_id: Uuid,
    pub atr: Option<String>,
    /// What the card says of itself, which MIM CM does not ask for; empty where it says nothing.
    pub model: String,
    pub firmware: String,
    /// As it is printed on the card, where the card tells that.
    pub serial: String,
}

body!(AssignSmartcard {
    request: "requestid" => Guid,
    card_id: "cardid" => Guid,
    atr: "atr" => HexOrNothing,
    model: "model" => TextOrNothing,
    firmware: "firmware" => TextOrNothing,
    serial: "serial" => TextOrNothing,
});

/// Holds the body of `PUT requests/{rid}/smartcards/{scid}`; Microsoft's example sets `Retired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateSmartcard {
    pub status: SmartcardStatus,
}

body!(UpdateSmartcard { status: "status" => Named<SmartcardStatus> });
