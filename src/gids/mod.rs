//! GIDS cards (Microsoft's Generic Identity Device Specification) as [`crate::token::Token`]s.

use crate::iso7816::Card;
use crate::token::Error;

/// The AID of the GIDS application, version 2.
pub const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x02, 0x01];

/// A GIDS card.
pub struct GidsToken {
    #[expect(dead_code, reason = "the room is being built")]
    card: Card,
}

impl GidsToken {
    /// Selects the application and learns who the card is.
    pub fn open(_card: Card) -> Result<Self, Error> {
        Err(Error::NotOffered("GIDS"))
    }
}
