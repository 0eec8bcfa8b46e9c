//! Smart cards as the CM server knows them.

use uuid::Uuid;

/// The life of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SmartcardStatus {
    New,
    Assigned,
    Active,
    Disabled,
    Suspended,
    Retired,
}

/// A card as `GET smartcards/{id}` shows it.
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

/// The body of `POST smartcards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignSmartcard {
    pub request: Uuid,
    pub card_id: Uuid,
    pub atr: Option<String>,
}
