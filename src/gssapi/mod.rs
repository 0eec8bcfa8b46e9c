//! Kerberos tickets, shown and taken as SPNEGO tokens (RFC 4178), through MIT's GSSAPI library (RFC 2744).
//!
//! In: a keytab or the user's ticket cache, and the other side's token. Out: the caller's principal, or the proof that
//! the service is the one meant. The library is opened when it is needed: nothing is linked, no header is built against.
//! All of the room's code that is unsafe says why it is sound; what comes out owns its bytes. Absent: HTTP, delegation,
//! channel bindings, any mechanism but Kerberos, and passwords: `kinit` asks for those.
#![allow(unsafe_code)]

mod acceptor;
mod error;
mod initiator;
mod library;

pub use acceptor::Acceptor;
pub use error::{Error, Reason};
pub use initiator::Initiation;
