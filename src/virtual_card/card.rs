//! What every card of this room can do.

use zeroize::Zeroizing;

/// A card that answers APDUs; what a channel or a reader lends out.
pub trait VirtualCard: Send {
    /// The answer to reset (ISO/IEC 7816-3, 8).
    fn atr(&self) -> Vec<u8>;

    /// Power on or reset: what was selected and proven is forgotten.
    fn reset(&mut self);

    /// Answers one command APDU as it comes over the wire; always at least SW1 SW2.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// What must survive a power cut; the same bytes while nothing has changed. Holds keys and secrets.
    fn state(&self) -> Zeroizing<Vec<u8>>;

    /// Bounds the room for objects and keys, in bytes, until the next call; `None` gives back what the card was made
    /// with. A card that is fuller than that already keeps what it holds.
    fn set_capacity(&mut self, _bytes: Option<usize>) {}

    /// Leaves every secret with a retry counter so many tries, as wrong ones would have.
    fn set_tries_left(&mut self, _tries: u8) {}
}
