//! Names the acts of the log and writes its entries, signs the heads of its chains and remembers them outside the
//! database, and sends the log on by syslog.
//!
//! In: acts that a write job adds, the store's chains. Out: entries, signatures, a file, messages (RFC 5424).
//! Absent: who may read the log (`permission`), how it is checked and exported (`administration`).

pub mod contradiction;
pub mod deed;
pub mod heads;
pub mod note;
pub mod remembered;
pub mod syslog;
pub mod witness;
