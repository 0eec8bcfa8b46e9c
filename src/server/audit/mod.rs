//! Names the acts of the log and writes its entries, signs the heads of its chains, and sends it on by syslog.
//!
//! In: acts that a write job adds, the store's chains. Out: entries, signatures, messages (RFC 5424).
//! Absent: who may read the log (`permission`), how it is checked and exported (`administration`).

pub mod deed;
pub mod heads;
pub mod syslog;
