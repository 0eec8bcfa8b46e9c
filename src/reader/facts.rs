//! What a card and its reader tell of themselves.

use crate::iso7816::Limits;

/// What is known of a card in a reader without an application being selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// The answer to reset (ISO/IEC 7816-3, 8).
    pub atr: Vec<u8>,
    pub limits: Limits,
    /// The most bytes of data the reader carries in one APDU; `None` where it does not tell.
    pub max_apdu: Option<u32>,
}
