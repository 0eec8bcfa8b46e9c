//! Tells whether this card and this computer will do, before anything is asked of a CA.
//!
//! In: facts of the PC/SC service and readers ([`crate::reader`]), a [`crate::token::Token`]. Out: [`Finding`]s, each
//! with a verdict and, if something is amiss, a remedy. Nothing is changed and no try is spent.

mod card;
mod computer;
mod finding;
pub mod logon;
#[cfg(any(windows, test))]
pub mod minidriver;
#[cfg(any(windows, test))]
pub mod workstation;

pub use card::{Expected, examine_card};
pub use computer::{examine_protocol, examine_readers, examine_refusal, examine_service};
pub use finding::{Check, Finding, Verdict, with_sources};
