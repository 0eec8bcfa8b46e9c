//! What Unix does in its own way (Linux where a file says so). Each public name has its like in `windows`.

pub(super) mod access;
pub mod memory;
pub mod peer;
pub mod places;
pub mod process;
pub mod registry;
pub mod service;
#[cfg(any(feature = "server", feature = "farm", feature = "kiosk"))]
pub mod signal;
pub mod socket;
pub(super) mod stream;
pub mod terminal;
