//! Cards of our own in software, for testers and trials: PIV and GIDS, each read from its standard a second time.
//!
//! In: raw command APDUs. Out: raw response APDUs. Keys live in software: such a card protects nothing that matters.
//! Absent: sockets, files, threads (see [`crate::farm`]), and any code of [`crate::piv`] or [`crate::gids`].

/// A card that answers APDUs; what a channel or a reader lends out.
pub trait VirtualCard: Send {
    /// The answer to reset (ISO/IEC 7816-3, 8).
    fn atr(&self) -> Vec<u8>;

    /// Power on or reset: what was selected and proven is forgotten.
    fn reset(&mut self);

    /// Answers one command APDU as it comes over the wire; always at least SW1 SW2.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// What must survive a power cut; the same bytes while nothing has changed. Holds keys and secrets.
    fn state(&self) -> zeroize::Zeroizing<Vec<u8>>;
}
