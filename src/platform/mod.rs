//! Offers what only an operating system has, and is the one door to it. What is done alike everywhere stands here; what Unix and
//! Windows do each in its own way stands in `unix` and `windows`, behind the same names:
//!
//! - [`mod@file`]: files for their owner alone, written whole and durably; files left open by a parent
//! - [`directory`]: directories for their owner alone; whether others may enter or write
//! - [`places`]: where configuration, state and data of a user are kept
//! - [`lock`]: a file that one process holds at a time
//! - [`process`]: who has a library loaded; a child asked to end or set apart
//! - [`signal`]: signals that ask this process to end
//! - [`memory`]: no core dumps, no debuggers; freed memory given back
//! - [`terminal`]: single keys
//! - [`peer`]: who is at the other end of loopback
//! - [`socket`]: sockets that are files, early acknowledgements of TCP
//! - `service`, on Unix alone: tells the service manager that this process is ready
//! - [`registry`]: what an administrator has set, where there is one
//! - `services` and `text`, on Windows alone: how a service stands, and text as the system takes it
//!
//! Errors are `std::io::Error`, or an enum where a room tells steps apart.
//! Absent: any meaning of a file; on Windows, what only server and farm use.

pub mod directory;
pub mod file;
mod kinds;
pub mod lock;
mod opening;
mod running;
#[cfg(any(windows, test))]
mod standing;
#[cfg(unix)]
#[path = "unix/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;

#[cfg(any(windows, test))]
pub use standing::Standing;
#[cfg(unix)]
pub use system::service;
#[cfg(any(feature = "server", feature = "farm", feature = "kiosk"))]
pub use system::signal;
pub use system::{memory, peer, places, process, registry, socket, terminal};
#[cfg(windows)]
pub use system::{services, text};
