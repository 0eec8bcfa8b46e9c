//! Holds every table of `server.toml`, and reads what the environment says instead.

pub mod ca;
pub mod console;
pub mod database;
pub mod directory;
pub mod environment;
pub mod identity;
pub mod kiosk;
pub mod mail;
mod named;
pub mod notices;
pub mod operation;
pub mod people;
pub mod publication;
pub mod server_toml;
