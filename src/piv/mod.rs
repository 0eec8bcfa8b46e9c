//! PIV cards (NIST SP 800-73-4, with the YubiKey extensions users need) as [`crate::token::Token`]s.

use crate::iso7816::Card;
use crate::token::Error;

/// The full AID of the PIV card application (SP 800-73-4 part 1, 2.2).
pub const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];

/// A PIV card.
pub struct PivToken {
    #[expect(dead_code, reason = "the room is being built")]
    card: Card,
}

impl PivToken {
    /// Selects the application and learns who the card is.
    pub fn open(_card: Card) -> Result<Self, Error> {
        Err(Error::NotOffered("PIV"))
    }
}
