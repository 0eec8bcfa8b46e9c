//! Cards in PC/SC readers.
//!
//! In: what a person says of a card (label, serial, reader). Out: a [`Token`](crate::token::Token), a [`PcscChannel`],
//! events, facts for a diagnosis. The only door to `pcsc`. Readers are watched by SCardGetStatusChange, not polled; a
//! card is spoken to by a thread of its own, for PC/SC lite waits for another program's transaction, and for a wedged
//! driver, without bound. A card that is removed is never taken for one that refused.
//! Absent: applications' commands (see [`crate::piv`], [`crate::gids`]), ending other programs.

mod card_thread;
mod channel;
mod error;
mod facts;
mod feature;
mod find;
mod pin_verify;
mod readers;
mod selector;
mod service;

pub use channel::{Patience, PcscChannel};
pub use error::Error;
pub use facts::CardFacts;
pub use find::{Found, Listed, TokenSummary};
pub use readers::{Canceller, CardPresence, Event, InUse, ReaderState, Readers};
pub use selector::Selector;
pub use service::{Holder, ServiceFacts, SocketState, holders, service};
