//! A request on its way, for one caller: begun, seen, given its data items and one-time passwords, closed.
//!
//! In: a [`super::call::Call`]. Out: records as the caller may see them, and what became of a request.
//! Absent: what completion does to cards and profiles (`workflow`), certificates (`issuance`).

pub mod begin;
pub mod close;
pub mod data_items;
pub mod one_time;
pub mod seen;
