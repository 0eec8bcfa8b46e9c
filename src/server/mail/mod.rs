//! Mails one-time passwords, and makes and checks them.
//!
//! In: the store's outbox, the `[smtp]` table, a template's policy. Out: mail, and the hashes that prove its passwords.
//! Absent: when a password is due and how often it may be tried (`requests`).

pub mod outbox;
pub mod password;
