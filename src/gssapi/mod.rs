//! Kerberos tickets, shown and taken as SPNEGO tokens (RFC 4178), through MIT's GSSAPI library (RFC 2744).
//!
//! In: a keytab or the user's ticket cache, and the other side's token. Out: the caller's principal, or the proof that
//! the service is the one meant. The library is opened when it is needed: nothing is linked, no header is built against.
//! All of the room's code that is unsafe says why it is sound; what comes out owns its bytes. Absent: HTTP, delegation,
//! channel bindings, any mechanism but Kerberos, and passwords: `kinit` asks for those.
#![allow(unsafe_code)]

mod acceptor;
mod initiator;
mod library;

pub use acceptor::Acceptor;
pub use initiator::Initiation;

/// Why GSSAPI refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("libgssapi_krb5.so.2 is not there, or lacks a function: install libgssapi-krb5-2")]
    NoLibrary,
    #[error("a path holds a NUL byte")]
    Nul,
    #[error("{text}")]
    Refused {
        reason: Reason,
        /// The library's own words.
        text: String,
    },
    #[error("this token was seen before")]
    Replayed,
    #[error("the exchange is not over after one token")]
    Unfinished,
    #[error("the name of the caller is not UTF-8")]
    Name,
}

/// What was the matter, as far as a person can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The ticket cache is missing or empty.
    NoTicket,
    Expired,
    ClockSkew,
    /// The KDC has no such service.
    ServerUnknown,
    KdcAway,
    Other,
}

impl Error {
    /// What was the matter.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { reason, .. } => *reason,
            _ => Reason::Other,
        }
    }
}
