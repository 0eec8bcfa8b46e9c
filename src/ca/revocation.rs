//! Describes revocations as lists and OCSP answers carry them (RFC 5280, 5.3).

use time::OffsetDateTime;

/// Describes an entry of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    pub at: OffsetDateTime,
    /// Reason; `None` when the certificate was taken off hold, which only a delta list says (removeFromCRL).
    pub reason: Option<RevocationReason>,
}

/// Names a CRLReason (RFC 5280, 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RevocationReason {
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

impl RevocationReason {
    /// Returns the reason's number; a list leaves reason 0 out.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the reason's name (RFC 5280, 5.3.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// Returns the reason with this number; `None` for numbers that no complete list may contain.
    pub fn from_number(number: u8) -> Option<Self> {
        use RevocationReason::*;
        let all = [
            Unspecified,
            KeyCompromise,
            CaCompromise,
            AffiliationChanged,
            Superseded,
            CessationOfOperation,
            CertificateHold,
            PrivilegeWithdrawn,
            AaCompromise,
        ];
        all.into_iter().find(|reason| reason.number() == number)
    }
}
