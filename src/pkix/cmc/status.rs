//! Tells in words what a certificate authority says of a request (RFC 5272, 6.1).

use std::fmt;
use time::OffsetDateTime;

/// Tells what became of a request (RFC 5272, 6.1.2). `text` is the authority's own explanation, without control
/// characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CmcStatus {
    /// The certificate was issued.
    Success { text: Option<String> },
    /// The request was refused.
    Failed { reason: Option<FailInfo>, text: Option<String> },
    /// Nobody has decided yet. Ask again from `time` on; `pend_token` identifies the request then.
    Pending { text: Option<String>, pend_token: Vec<u8>, time: Option<OffsetDateTime> },
    /// The authority does not support what was asked.
    NoSupport { text: Option<String> },
    /// The authority waits for a confirmation that the certificate was received.
    ConfirmRequired { text: Option<String> },
    /// Possession of the private key must be proven in another way.
    PopRequired { text: Option<String> },
    /// Part of the request was granted.
    Partial { text: Option<String> },
    /// A status number that RFC 5272 does not define.
    Unknown { code: u32, text: Option<String> },
}

/// Tells why a request was refused (RFC 5272, 6.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailInfo {
    BadAlgorithm,
    BadMessageCheck,
    BadRequest,
    BadTime,
    BadCertificateId,
    UnsupportedExtension,
    MustArchiveKeys,
    BadIdentity,
    PopRequired,
    PopFailed,
    NoKeyReuse,
    InternalCaError,
    TryLater,
    AuthDataFail,
    /// A reason number that RFC 5272 does not define.
    Unknown(u32),
    /// A reason that the authority defines, as a dotted object identifier.
    Extended(String),
}

impl CmcStatus {
    /// Says whether a certificate was issued.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. } | Self::Partial { .. })
    }
}

impl FailInfo {
    /// Lists the standard's reasons in the order of their numbers, 0 to 13.
    pub(super) const STANDARD: [Self; 14] = [
        Self::BadAlgorithm,
        Self::BadMessageCheck,
        Self::BadRequest,
        Self::BadTime,
        Self::BadCertificateId,
        Self::UnsupportedExtension,
        Self::MustArchiveKeys,
        Self::BadIdentity,
        Self::PopRequired,
        Self::PopFailed,
        Self::NoKeyReuse,
        Self::InternalCaError,
        Self::TryLater,
        Self::AuthDataFail,
    ];

    /// Returns the reason's number; `None` for [`FailInfo::Extended`].
    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Self::Unknown(number) => Some(*number),
            known => Self::STANDARD.iter().position(|it| it == known).and_then(|at| u32::try_from(at).ok()),
        }
    }
}

impl fmt::Display for FailInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadAlgorithm => "an algorithm in the request is not supported (badAlg)",
            Self::BadMessageCheck => "the integrity check of the request failed (badMessageCheck)",
            Self::BadRequest => "the request is not permitted or not supported (badRequest)",
            Self::BadTime => "the time in the request is too far from the authority's (badTime)",
            Self::BadCertificateId => "no certificate matches the one named (badCertId)",
            Self::UnsupportedExtension => "a requested extension is not supported (unsupportedExt)",
            Self::MustArchiveKeys => "the private key must be handed over for archival (mustArchiveKeys)",
            Self::BadIdentity => "the identity could not be verified (badIdentity)",
            Self::PopRequired => "possession of the private key must be proven (popRequired)",
            Self::PopFailed => "the proof of possession of the private key failed (popFailed)",
            Self::NoKeyReuse => "the authority does not certify the same key again (noKeyReuse)",
            Self::InternalCaError => "the authority failed inside (internalCAError)",
            Self::TryLater => "the authority asks to try later (tryLater)",
            Self::AuthDataFail => "the authentication data were refused (authDataFail)",
            Self::Unknown(number) => return write!(f, "reason number {number}, unknown to RFC 5272"),
            Self::Extended(oid) => return write!(f, "reason {oid}, unknown to RFC 5272"),
        })
    }
}

impl fmt::Display for CmcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Success { text } => {
                f.write_str("the certificate was issued")?;
                text
            }
            Self::Failed { reason: Some(reason), text } => {
                write!(f, "the request was refused: {reason}")?;
                text
            }
            Self::Failed { reason: None, text } => {
                f.write_str("the request was refused")?;
                text
            }
            Self::Pending { text, time, .. } => {
                f.write_str("the request waits for a decision")?;
                if let Some(time) = time {
                    write!(f, "; ask again from {} {:02}:{:02} UTC", time.date(), time.hour(), time.minute())?;
                }
                text
            }
            Self::NoSupport { text } => {
                f.write_str("the authority does not support this request")?;
                text
            }
            Self::ConfirmRequired { text } => {
                f.write_str("the authority waits for a confirmation of receipt")?;
                text
            }
            Self::PopRequired { text } => {
                f.write_str("the authority wants possession of the private key proven in another way")?;
                text
            }
            Self::Partial { text } => {
                f.write_str("the request was granted in part")?;
                text
            }
            Self::Unknown { code, text } => {
                write!(f, "the authority answered with status {code}, unknown to RFC 5272")?;
                text
            }
        };
        text.as_ref().map_or(Ok(()), |text| write!(f, " ({text:?})"))
    }
}
