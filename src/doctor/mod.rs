//! Will this card do, and this computer? Asked before anything is asked of a CA.
//!
//! In: facts of the PC/SC service and readers ([`crate::reader`]), a [`crate::token::Token`]. Out: [`Finding`]s, each
//! with a verdict and, where something is amiss, a remedy. Nothing is changed and no try is spent.

mod card;
mod computer;
mod finding;

pub use card::{Expected, examine_card};
pub use computer::{examine_protocol, examine_readers, examine_refusal, examine_service};
pub use finding::{Check, Finding, Verdict};
