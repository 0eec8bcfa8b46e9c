//! Speaks to tokens by PKCS#11 v2.40 or later, through the module that the operator names.
//!
//! In: a module's path, a label or serial, secrets, key orders. Out: [`Pkcs11Token`], which implements
//! [`crate::token::Token`]. Only this room uses the crate `cryptoki`. A token is never chosen by its PKCS#11 slot:
//! slots are renumbered when a token is initialised. A secret is sent once for each call that passes it, and the retry
//! flags are read before. A token whose serial names nothing keeps an id of ours. Absent: waiting for slot events, context-specific login (CKA_ALWAYS_AUTHENTICATE),
//! configuration of modules.

mod agree;
mod attributes;
mod card_id;
mod clock;
mod error;
mod facts;
mod import;
mod lease;
mod login;
mod mac;
mod module;
mod notes;
mod objects;
mod open;
mod prospect;
mod selector;
mod session;
mod sign;
mod token;

pub use agree::Agreements;
pub use error::{CallError, Error};
pub use facts::is_card;
pub use mac::Macs;
pub use module::{Existing, Listed, Module, TokenSummary};
pub use selector::Selector;
pub use token::{Pkcs11Token, so_pin};
