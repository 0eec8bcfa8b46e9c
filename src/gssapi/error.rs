//! Lists why no ticket was presented or accepted.

/// Says why GSSAPI refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("libgssapi_krb5.so.2 is not there, or lacks a function: install libgssapi-krb5-2")]
    NoLibrary,
    #[error("a path holds a NUL byte")]
    Nul,
    #[error("{text}")]
    Refused {
        reason: Reason,
        /// What the library says.
        text: String,
    },
    #[error("this token was seen before")]
    Replayed,
    #[error("this token is for a TLS connection with another certificate")]
    OtherChannel,
    #[error("the exchange is not over after one token")]
    Unfinished,
    #[error("the other side demands that SASL protects what TLS protects already")]
    Layers,
    #[error("the name of the caller is not UTF-8")]
    Name,
}

/// Names the causes that a person can do something about.
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
    /// Returns the cause; [`Reason::Other`] where nobody can act on it.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { reason, .. } => *reason,
            Self::NoLibrary
            | Self::Nul
            | Self::Replayed
            | Self::OtherChannel
            | Self::Unfinished
            | Self::Layers
            | Self::Name => Reason::Other,
        }
    }
}
