//! Knows a server's data directory: its layout, its files, every table of `server.toml`, and the place of the database.
//!
//! In: a path. Out: paths, settings, an open store.
//! Absent: what the settings mean for a service; each service takes its own table.

pub mod database;
pub mod files;
pub mod layout;
pub mod settings;
