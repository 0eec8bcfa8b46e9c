//! Cards in PC/SC readers.
//!
//! In: how a person describes a card (label, serial, reader). Out: a [`Token`](crate::token::Token), a [`PcscChannel`],
//! events, facts for a diagnosis. This is the only room that uses `pcsc`. Readers are watched by SCardGetStatusChange,
//! not polled. A thread of its own speaks to each card, because PC/SC lite waits without bound for another program's
//! transaction or a hung driver. A card that was removed is never reported as one that refused.
//! Absent: commands of card applications (see [`crate::piv`], [`crate::gids`]), ending other programs.

mod card_thread;
mod channel;
mod error;
mod facts;
mod feature;
mod find;
mod hold;
mod pin_verify;
mod readers;
mod selector;
mod service;

pub use channel::{Patience, PcscChannel};
pub use error::Error;
pub use facts::CardFacts;
pub use find::{Found, Listed, TokenSummary};
pub use hold::let_go_within;
pub use readers::{Canceller, CardPresence, Event, InUse, MOST_READERS, ReaderState, Readers};
pub use selector::Selector;
pub use service::{Holder, ServiceFacts, SocketState, holders, service};
