//! What every virtual card can do.

use zeroize::Zeroizing;

/// Answers APDUs like a card; channels and readers lend such cards out.
pub trait VirtualCard: Send {
    /// Returns the answer to reset (ISO/IEC 7816-3, 8).
    fn atr(&self) -> Vec<u8>;

    /// Powers the card on or resets it: selection and logins are forgotten.
    fn reset(&mut self);

    /// Answers one command APDU as it comes over the wire; the answer has at least SW1 SW2.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// Returns what must survive a power cut; the bytes stay the same while nothing changes. They contain keys and
    /// secrets.
    fn state(&self) -> Zeroizing<Vec<u8>>;

    /// Bounds the room for objects and keys, in bytes, until the next call; `None` restores what the card was made
    /// with. A card that already holds more keeps it.
    fn set_capacity(&mut self, _bytes: Option<usize>) {}

    /// Leaves this many tries to every secret with a retry counter, as wrong ones would have.
    fn set_tries_left(&mut self, _tries: u8) {}
}
