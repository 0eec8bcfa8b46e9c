//! What controllers share about requests, for one caller: `begin` makes one, `alike` finds those that are open already,
//! `seen` reads what the caller may see,
//! `data_items` and `one_time` hold what a policy wants before the execution, `presence` refuses what waits until its
//! card is there, `close` ends one.
//!
//! In: a [`super::call::Call`]. Out: records as the caller may see them, and what became of a request.
//! Absent: what completion does to cards and profiles (`workflow`), certificates (`issuance`).

pub mod alike;
pub mod begin;
pub mod close;
pub mod data_items;
pub mod one_time;
pub mod presence;
pub mod seen;
pub mod visited;
