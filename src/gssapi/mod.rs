//! Presents and accepts Kerberos tickets, as SPNEGO tokens (RFC 4178) or as SASL has them (RFC 4752), through MIT's GSSAPI library (RFC 2744);
//! on Windows presents those of whoever is logged on, through SSPI.
//!
//! In: a keytab or the user's ticket cache, and the other side's token. Out: the caller's principal, or the
//! proof that the service is the one meant. MIT's library is loaded when it is first needed: nothing is linked, and no
//! header is needed to build. Every unsafe block says why it is sound; returned values own their bytes. Absent: HTTP,
//! delegation, any mechanism but Kerberos, and passwords: `kinit` and Windows ask for those.
#![allow(unsafe_code)]

#[cfg(unix)]
mod acceptor;
#[cfg(unix)]
mod bind;
mod error;
#[cfg(unix)]
mod exchange;
#[cfg(unix)]
mod initiator;
#[cfg(unix)]
mod library;
#[cfg(windows)]
mod sspi;

#[cfg(unix)]
pub use acceptor::{Accepted, Acceptor};
#[cfg(unix)]
pub use bind::Bind;
pub use error::{Error, Reason};
#[cfg(unix)]
pub use initiator::Initiation;
#[cfg(windows)]
pub use sspi::Initiation;
