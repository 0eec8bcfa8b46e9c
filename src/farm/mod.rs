//! Lends virtual cards to pcscd: the system's, or a private one started for the purpose.
//!
//! In: a [`VirtualCard`](crate::virtual_card::VirtualCard). Out: a card in a reader that every PC/SC program sees.
//! vsmartcard's driver vpcd is the reader; a [`Seat`] is a place in it, [`pcscd`] starts a daemon of one's own.
//! Absent: any APDU's meaning, PC/SC itself.

mod namespace;
pub mod pcscd;
mod peer;
mod seat;
mod vpcd;

pub use seat::{Daemon, Seat, SeatError};
pub use vpcd::PORT;
