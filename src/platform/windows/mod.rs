//! What Windows does in its own way. Each public name has its like in `unix`; what only server and farm use is not here.

// The system's functions are C's. Each call says why it is sound.
#![allow(unsafe_code)]

pub(super) mod access;
pub mod memory;
pub mod peer;
pub mod places;
pub mod process;
pub mod registry;
mod security;
pub mod services;
#[cfg(feature = "kiosk")]
pub mod signal;
pub mod socket;
pub(super) mod stream;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod text;
