//! The outbox: mail with one-time passwords, and the passwords themselves.

pub mod outbox;
pub mod password;
