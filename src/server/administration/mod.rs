//! Serves an administrator at the data directory itself, also while a server runs on it.
//!
//! In: a data directory, the passphrase, options of the command line. Out: a new or changed directory, users and their
//! bearer records, versions of the master key, cards in stock, backups, the log of acts checked or exported.
//! Absent: HTTP, and any call of the API.

pub mod accept;
pub mod accept_rows;
mod archive_seal;
pub mod audit_trail;
pub mod backup;
pub mod ca;
pub mod directory;
pub mod init;
pub mod master_keys;
pub mod move_database;
pub mod names;
pub mod outbox;
pub mod people;
mod records;
pub mod restore;
pub mod stock;
pub mod upgrade;
pub mod users;
