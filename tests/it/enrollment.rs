//! The driver, held against a server and a token that break on purpose.

mod authority;
mod bench;
pub mod fake;
mod kill;
mod local;
mod memory_token;
mod real;
mod refusals;
mod softhsm;
mod ways;
