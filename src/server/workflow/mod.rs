//! What each request type does to cards, profiles and certificates.
//!
//! In: a request that is made, carried out, completed or withdrawn, within a write job. Out: the changed records and
//! [`Effects`]. `begin` says what a request is about, `admit` lets it in; `assign` binds a card; `add`, `replace` and
//! `end` are what completion does, by family of types; `withdraw` takes back; `sweep` ends what ends by itself.
//! Every job reads anew what it decides on, so that of two callers one is refused or changes nothing.
//! Absent: who may do it ([`crate::server::permission::rules`]), how certificates are made ([`crate::server::authority::signer`]).

pub mod add;
pub mod admit;
pub mod assign;
pub mod complete;
pub mod effects;
pub mod end;
pub mod execute;
pub mod holders;
pub mod replace;
pub mod revocation;
pub mod withdraw;
