//! What every HTTP listener of this program has in common: bounds on connections and bodies, headers of every answer,
//! the guard against pages of other sites, files that caches may keep.
//!
//! In: sockets, requests. Out: bounded connections and bodies, responses with their headers.
//! Standards: RFC 9110, RFC 9111, Fetch Metadata.
//! Absent: who calls, what a call means, any store. Its errors know no HTTP status; whoever uses it converts them.

pub mod body;
pub mod bound;
pub mod cookie;
pub mod events;
pub mod file;
pub mod listen;
pub mod loopback;
pub mod mark;
pub mod site;
