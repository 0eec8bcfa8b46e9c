//! What a card and its reader tell of themselves.

use crate::iso7816::Limits;

/// Holds what is known of a card in a reader without selecting an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// The answer to reset (ISO/IEC 7816-3, 8).
    pub atr: Vec<u8>,
    pub limits: Limits,
    /// The most bytes of data that the reader carries in one APDU; `None` if it does not tell.
    pub max_apdu: Option<u32>,
}
