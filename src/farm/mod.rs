//! Lends virtual cards to pcscd: the system's, or a private one started for the purpose.
//!
//! In: a [`VirtualCard`](crate::virtual_card::VirtualCard). Out: a card in a reader that every PC/SC program sees.
//! vsmartcard's driver vpcd is the reader; a [`Seat`] is a place in it, [`pcscd`] starts a daemon of one's own.
//! A [`Shelf`] keeps cards between runs, sealed.
//! Absent: any APDU's meaning, PC/SC itself.

mod kept;
mod namespace;
pub mod pcscd;
mod sealed;
mod seat;
mod shelf;
mod vpcd;

pub use kept::{KeptCard, Trouble};
pub use sealed::SealError;
pub use seat::{Daemon, Seat, SeatError};
pub use shelf::{CardError, Kind, Listed, NewCard, Shelf, ShelfError};
pub use vpcd::PORT;
