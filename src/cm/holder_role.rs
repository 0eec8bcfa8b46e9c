//! The role of a card or profile for its user: primary, duplicate, temporary or holder of another person's keys.

use super::vocabulary;
use time::OffsetDateTime;

/// Says why a person has this card or profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Role {
    #[default]
    Primary,
    /// A second card or profile beside the primary.
    Duplicate,
    /// Lent for a while.
    Temporary,
    /// Holds keys recovered from somebody else's.
    KeyEscrow,
}

/// Holds the role of a card or profile, and what became of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HolderRole {
    pub role: Role,
    /// Another card or profile took its place.
    pub superseded: bool,
    /// A card that carried earlier certificates before.
    pub reused: bool,
    /// When the server retires it without being asked.
    pub expires: Option<OffsetDateTime>,
}

impl HolderRole {
    /// Returns the `Flags` of responses (the `HOLDER_FLAG_` constants of [`vocabulary`]).
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
