//! PIV cards (NIST SP 800-73-4, SP 800-78-4, with the YubiKey extensions that users need) as [`crate::token::Token`]s.
//!
//! In: a [`crate::iso7816::Card`], secrets, key orders. Out: [`PivToken`], which implements [`crate::token`]. A
//! [`crate::token::KeyId`] is one byte here, the key reference. The management key 9B is the administrator; the PUK
//! unblocks the PIN. The card is asked what it offers; that is never guessed from its make. A secret is sent once each
//! time it is handed in; its counter is read first (`facts`), if the card has a readable one.
//! Absent: secure messaging, biometrics, the global PIN, the pairing code; decryption, which nothing here needs yet.

mod algorithm;
mod application;
mod certificate;
mod command;
mod data;
mod error;
mod facts;
mod history;
mod identity;
mod keys;
mod management;
mod manager;
mod metadata;
mod nobodys;
mod objects;
mod offer;
mod place;
mod prospect;
mod reference;
mod remove;
mod reset;
mod room;
mod serial;
mod session;
mod sign;
mod token;

pub use command::AID;
pub use error::Error;
pub use reference::KeyReference;
pub use token::PivToken;
