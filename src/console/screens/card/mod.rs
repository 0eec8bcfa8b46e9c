//! A card: its page, its life as a picture, what can be asked for it, and what becomes of it when it is missing.

pub mod asking;
pub mod attestation;
pub mod fates;
pub mod held;
pub mod history;
pub mod life;
pub mod lost;
pub mod page;
