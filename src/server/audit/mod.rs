//! Names the acts of the log and writes its entries, signs the heads of its chains and remembers them outside the
//! database, and sends the log on by syslog.
//!
//! In: acts that a write job adds, the store's chains. Out: entries, the keys that vouch for them, signatures, a file,
//! messages (RFC 5424).
//! Absent: who may read the log (`permission`), how it is checked and exported (`administration`).

pub mod act_keys;
pub mod contradiction;
pub mod deed;
pub mod heads;
pub mod note;
pub mod remembered;
pub mod syslog;
mod walk;
pub mod witness;
