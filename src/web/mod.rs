//! What every HTTP face of this program has in common: listening within bounds, bodies within bounds, header marks, the
//! guard against other sites' pages, files that caches may keep.
//!
//! In: sockets, requests. Out: bounded connections and bodies, responses with their headers.
//! Standards: RFC 9110, RFC 9111, Fetch Metadata.
//! Absent: who calls, what a call means, any store. A caller brings its own error and turns ours into it.

pub mod body;
pub mod bound;
pub mod file;
pub mod listen;
pub mod mark;
pub mod site;
