//! Commands to cards and their answers (ISO/IEC 7816-4), and how they travel.
//!
//! In: [`CommandApdu`]s. Out: [`ResponseApdu`]s with a [`StatusWord`], or a [`ChannelError`] that says what happened to
//! the card. [`Card`] is what the PIV and GIDS code holds: over any [`CardChannel`] it chains, collects 61xx, corrects
//! a wrong Le (6Cxx) where a command only reads, and uses extended length. [`Atr`] tells what a card can do before it
//! is asked. Absent: sockets, files, PC/SC, any INS of PIV or GIDS. No `Debug` here shows data.

mod apdu;
mod atr;
mod card;
mod channel;
mod encoding;
mod layers;
pub mod lenient;
mod meter;
mod status;
pub mod tlv;
mod wiped;

pub use apdu::{ApduError, CommandApdu, Effect, Expect, Header, ResponseApdu};
pub use atr::{Atr, AtrError};
pub use card::Card;
pub use channel::{
    CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad, PinPadError, PinPadVerify, Protocol,
};
pub use layers::ExchangeError;
pub use status::StatusWord;
