//! Keeps keys and secrets for others: each card's own by derivation and which of them it has, the master keys they come
//! from, the archive of private keys, proposed PINs.
//!
//! Absent: who may be told (`controllers`, `permission`).

pub mod archive;
pub mod diversify;
pub mod master_keys;
pub mod presence;
pub mod proposed_pin;
pub mod request_keys;
pub mod succession;
