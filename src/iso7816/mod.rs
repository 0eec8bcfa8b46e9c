//! Commands and answers of cards (ISO/IEC 7816-4), and the way they travel.
//!
//! In: [`CommandApdu`]s. Out: [`ResponseApdu`]s with a [`StatusWord`], or a [`ChannelError`] that says what became of
//! the card. [`Card`] is what the tongues hold: it chains, collects 61xx, mends 6Cxx where a command only reads, and
//! uses extended length over any [`CardChannel`]. [`Atr`] tells what a card can do before it is asked. Absent: sockets,
//! files, PC/SC, any INS of PIV or GIDS. No `Debug` here shows data.

mod apdu;
mod atr;
mod card;
mod channel;
mod encoding;
mod layers;
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
