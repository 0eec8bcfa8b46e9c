//! Offers what only an operating system has. This is the one door for Unix, and a Windows client lacks what it lists:
//!
//! - [`mod@file`]: files for their owner alone, written whole and durably; files left open by a parent
//! - [`directory`]: directories for their owner alone; whether others may enter or write
//! - [`lock`]: a file that one process holds at a time
//! - [`process`]: a child asked to end or set apart; who has a library loaded
//! - [`signal`]: signals that ask this process to end
//! - [`memory`]: no core dumps, no debuggers; freed memory given back
//! - [`service`]: tells the service manager that this process is ready
//! - [`socket`], [`peer`]: sockets that are files, early acknowledgements of TCP; who is at the other end of loopback
//!
//! Errors are `std::io::Error`, or an enum where a room tells steps apart.
//! Absent: any meaning of a file; a Windows side.

pub mod directory;
pub mod file;
pub mod lock;
pub mod memory;
pub mod peer;
pub mod process;
pub mod service;
#[cfg(any(feature = "server", feature = "farm", feature = "kiosk"))]
pub mod signal;
pub mod socket;
pub mod terminal;
