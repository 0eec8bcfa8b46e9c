//! Cards of our own in software, for testers and trials: PIV and GIDS, each read from its standard a second time.
//!
//! In: raw command APDUs. Out: raw response APDUs. Keys live in software: such a card protects nothing that matters.
//! [`SharedCard`] is a slot whose card several channels reach; [`Dial`] makes any card misbehave in a chosen way.
//! Absent: sockets, files, threads (see [`crate::farm`]), and any code of [`crate::piv`] or [`crate::gids`].

mod answer_to_reset;
mod channel;
mod dial;
mod gids;
mod lender;
mod piv;
mod rsa_key;
mod shared;
mod wire;

pub use dial::{Dial, Fault, FaultError, Played};
pub use gids::{GidsCard, GidsCardError, GidsOptions, Initialised};
pub use piv::{ManagementAlgorithm, PivCard, PivCardError, PivOptions};
pub use shared::{AtThePad, SharedCard};

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

    /// Bounds the room for objects and keys, in bytes, until the next call; `None` gives back what the card was made
    /// with. A card that is fuller than that already keeps what it holds.
    fn set_capacity(&mut self, _bytes: Option<usize>) {}

    /// Leaves every secret with a retry counter so many tries, as wrong ones would have.
    fn set_tries_left(&mut self, _tries: u8) {}
}
