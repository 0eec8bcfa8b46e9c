//! Cards in software, for testers and trials: PIV and GIDS, each written from its standard a second time.
//!
//! In: raw command APDUs. Out: raw response APDUs. Keys live in software: such a card protects nothing that matters.
//! [`SharedCard`] is a slot whose card several channels reach; [`Dial`] makes any card misbehave in a chosen way.
//! Absent: sockets, files, threads (see [`crate::farm`]), and any code of [`crate::piv`] or [`crate::gids`].

mod answer_to_reset;
mod card;
mod channel;
mod dial;
mod gids;
mod lender;
mod piv;
mod rsa_key;
mod shared;
mod slot;
mod wire;

pub use card::VirtualCard;
pub use dial::{Dial, Fault, FaultError, Played};
pub use gids::{GidsCard, GidsCardError, GidsOptions, Initialised};
pub use piv::{ManagementAlgorithm, PivCard, PivCardError, PivOptions};
pub use shared::SharedCard;
pub use slot::AtThePad;
