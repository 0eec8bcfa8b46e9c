//! Sends what people and programs are told: notices and one-time passwords from the outbox, and activation codes.
//!
//! In: the store's outbox, the `[smtp]` and `[notices]` tables, texts, a template's policy. Out: mail (RFC 5321, 5322),
//! webhooks, and the hashes that prove passwords. Absent: what is told to whom (`notices`), when a password is due and how
//! often it may be tried (`requests`).

mod code;
pub mod one_time;
pub mod outbox;
pub mod password;
mod plain;
mod sent;
pub mod shared;
pub mod smtp;
pub mod texts;
pub mod webhook;
