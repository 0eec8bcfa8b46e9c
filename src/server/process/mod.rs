//! Runs a server as a process: opens it, serves, does the work beside the calls, and ends all of it in order.
//!
//! In: a data directory and its secrets. Out: a server that listens until it is told to stop.
//! Absent: how a call is answered (`http`), what it does (`controllers`).

pub mod agreement;
pub mod config;
mod directory;
mod duties;
mod ends;
pub mod error;
mod kept_templates;
mod overdue;
mod renewed_ca;
pub mod server;
pub mod start;
pub mod sweep;
pub mod upkeep;
