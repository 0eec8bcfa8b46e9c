//! What a card or profile is to its user, beside its status.

use super::vocabulary;
use time::OffsetDateTime;

/// Why a person has this card or profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Role {
    #[default]
    Primary,
    /// A second one beside the primary.
    Duplicate,
    /// Lent for a while.
    Temporary,
    /// Holds keys recovered from somebody else's.
    KeyEscrow,
}

/// Role, and what has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HolderRole {
    pub role: Role,
    /// Another took its place.
    pub superseded: bool,
    /// A card that carried earlier certificates before.
    pub reused: bool,
    /// When it is retired by itself.
    pub expires: Option<OffsetDateTime>,
}

impl HolderRole {
    /// Gives the `Flags` of responses.
    pub fn flags(self) -> u32 {
        let role = match self.role {
            // The SDK: "Primary if it is the current, non-duplicated smart card".
            Role::Primary if self.superseded => 0,
            Role::Primary => vocabulary::HOLDER_FLAG_PRIMARY,
            Role::Duplicate => vocabulary::HOLDER_FLAG_DUPLICATE,
            Role::Temporary => vocabulary::HOLDER_FLAG_TEMPORARY,
            Role::KeyEscrow => vocabulary::HOLDER_FLAG_KEY_ESCROW,
        };
        let superseded = if self.superseded { vocabulary::HOLDER_FLAG_SUPERSEDED } else { 0 };
        let reused = if self.reused { vocabulary::HOLDER_FLAG_REUSED } else { 0 };
        role | superseded | reused
    }
}
