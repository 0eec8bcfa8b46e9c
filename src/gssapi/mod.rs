//! Presents and accepts Kerberos tickets, as SPNEGO tokens (RFC 4178) or as SASL has them (RFC 4752), through MIT's GSSAPI library (RFC 2744).
//!
//! In: a keytab or the user's ticket cache, and the other side's SPNEGO token. Out: the caller's principal, or the
//! proof that the service is the one meant. The library is loaded when it is first needed: nothing is linked, and no
//! header is needed to build. Every unsafe block says why it is sound; returned values own their bytes. Absent: HTTP,
//! delegation, any mechanism but Kerberos, and passwords: `kinit` asks for those.
#![allow(unsafe_code)]

mod acceptor;
mod bind;
mod error;
mod exchange;
mod initiator;
mod library;

pub use acceptor::Acceptor;
pub use bind::Bind;
pub use error::{Error, Reason};
pub use initiator::Initiation;
