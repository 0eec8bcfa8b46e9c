//! Lends virtual cards to pcscd: the system's, or a private one started for the purpose.
//!
//! In: a [`VirtualCard`](crate::virtual_card::VirtualCard). Out: a card in a reader that every PC/SC program sees.
//! vsmartcard's driver vpcd is the reader; a [`Seat`] puts cards into it; [`pcscd`] starts a private daemon. A
//! [`Shelf`] keeps cards between runs, sealed. A card may be a [`Tpm`] instead, for a PKCS#11 module and no reader.
//! Absent: the meaning of any APDU, PC/SC itself.

mod kept;
mod kind;
mod namespace;
pub mod pcscd;
mod pcscd_error;
mod place;
mod sealed;
mod seat;
mod shelf;
mod shelf_error;
mod tpm;
mod tpm_error;
mod vpcd;

pub use kept::{KeptCard, Trouble};
pub use kind::{CardError, Kind};
pub use sealed::SealError;
pub use seat::{Daemon, Seat, SeatError};
pub use shelf::{KeptTpm, Listed, NewCard, Shelf};
pub use shelf_error::ShelfError;
pub use tpm::{Tpm, TpmError};
pub use vpcd::PORT;
