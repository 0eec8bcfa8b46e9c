//! A server as a process: started, served, kept up beside the calls, and ended in order.
//!
//! In: a data directory and its secrets. Out: a server that listens until it is told to stop.
//! Absent: what a call does.

pub mod agreement;
pub mod config;
pub mod error;
pub mod server;
pub mod start;
pub mod sweep;
pub mod upkeep;
