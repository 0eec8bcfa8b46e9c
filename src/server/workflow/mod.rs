//! What each request type does to cards, profiles and certificates.
//!
//! In: a request that is made, executed, completed or withdrawn, within a write job. Out: the changed records and
//! [`effects::Effects`]. `admit` lets a new request in; `execute` begins its execution, and `assign` binds its card;
//! `complete` ends it by `add`, `replace` or `end`, a family of types each; `withdraw` takes it back; `revocation`
//! decides what becomes of certificates (which of them another living card uses is asked in `store/revoking`); `holders`
//! moves cards and profiles; `people` says what
//! stands still on account of who is disabled, `disabling` ends what they have begun, and `overdue` what nobody finishes.
//! Every job reads anew what it decides on, so that of two callers one is refused or changes nothing.
//! Absent: who may do it ([`crate::server::permission::rules`]), what a request is about ([`crate::server::requests`]),
//! how certificates are made ([`crate::server::issuance`]).

pub mod add;
pub mod admit;
pub mod assign;
pub mod closing;
pub mod complete;
pub mod disabling;
pub mod effects;
pub mod end;
pub mod execute;
pub mod holders;
pub mod leaving;
pub mod lift;
pub mod lost;
pub mod overdue;
pub mod people;
pub mod replace;
pub mod returned;
pub mod revocation;
pub mod withdraw;
