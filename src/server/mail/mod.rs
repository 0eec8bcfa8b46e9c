//! Mails one-time passwords, makes and checks them, and mails activation codes.
//!
//! In: the store's outbox, the `[smtp]` table, a template's policy. Out: mail, and the hashes that prove its passwords.
//! Absent: when a password is due and how often it may be tried (`requests`).

mod code;
pub mod outbox;
pub mod password;
