//! The driver, held against a server and a token that break on purpose.

mod attested;
mod authority;
pub mod bench;
mod cards;
pub mod fake;
mod fake_secrets;
mod first_pin;
mod foresight;
mod identity;
mod journal;
mod keys;
mod kill;
mod local;
mod memory_identity;
mod memory_rules;
mod memory_session;
mod memory_token;
mod mim;
mod odd;
mod piv;
mod puk;
mod real;
mod received;
mod refusals;
mod rotation;
mod softhsm;
mod ways;
