//! The log of acts: what may be done and how an act is written, the signed heads of its chains, sending it on by syslog.
//!
//! In: acts that a write job adds, the store's chains. Out: entries, signatures, messages (RFC 5424).
//! Absent: who may read the log (`permission`), how it is checked and exported (`administration`).

pub mod deed;
pub mod heads;
pub mod syslog;
